"""Further models below the overall result, one row each, of any kind of result that has an estimate and an interval."""

import numpy as np
import pandas as pd

from analysis.plots import _words as words
from analysis.text import level, number


def named_models(models, pooled):
    """Return name -> result of models given as a mapping or a sequence.

    The result that the figure draws anyway lends its name to the overall row and gets none of its own.
    """
    if models is None or (hasattr(models, "__len__") and not len(models)):
        return {}, ""
    if hasattr(models, "items"):
        named = dict(models)
    else:
        models = [models] if hasattr(models, "confidence_level") else list(models)
        named = {}
        for model in models:
            name = model_name(model)
            if name in named:
                name = f"{name}, {getattr(model, 'ci_method', '')}"
            named[name if name not in named else f"{name} ({len(named) + 1})"] = model
    for name, model in named.items():
        if not (hasattr(model, "mu") or (hasattr(model, "estimate") and hasattr(model, "ci"))):
            raise TypeError(f"models holds {name!r}, a {type(model).__name__} without an estimate and its interval")
    own = next((name for name, model in named.items() if model is pooled), "")
    return {name: model for name, model in named.items() if model is not pooled}, own


def model_name(model):
    """Return the name of a model in the column of names."""
    if hasattr(model, "mu"):
        return "Bayesian model"
    if hasattr(model, "tau2_method"):
        name = words.model_name(model)
        return name[0].upper() + name[1:]
    return f"{getattr(model, 'method', type(model).__name__)}"


def model_rows(models, total):
    """Return the rows of further models; ``notes`` says how many trials where their number differs."""
    rows = []
    for name, model in models.items():
        estimate, ci, pi, tau = numbers_of(model)
        rows.append(
            {
                "kind": "model",
                "name": name,
                "group": "",
                "notes": "" if model.k == total.k else f"k = {number(model.k, 0)}",
                "contrast_estimate": estimate,
                "contrast_low": ci[0],
                "contrast_high": ci[1],
                "contrast_k": model.k,
                "contrast_tau": tau,
                "prediction_low": pi[0],
                "prediction_high": pi[1],
                "confidence_level": model.confidence_level,
            }
        )
    return pd.DataFrame(rows)


def numbers_of(model):
    """Return estimate, interval, prediction interval and tau; medians and equal tails of a posterior."""
    if hasattr(model, "mu"):
        return model.mu.median, model.mu.interval, model.new.interval, model.tau.median
    none = (np.nan, np.nan)
    return float(model.estimate), model.ci, getattr(model, "pi", none), getattr(model, "tau", np.nan)


def models_sentence(models):
    """Return how each further model was made."""
    said = []
    for name, model in models.items():
        how = _how(model)
        known = f"{name.lower()}, "  # a model that is named after itself need not say so twice
        said.append(f"{name}: {how[len(known) :] if how.lower().startswith(known) else how}")
    return words.sentences(*said)


def _how(model):
    at = level(model.confidence_level)
    if hasattr(model, "mu"):
        mu = "flat" if model.mu_prior is None else repr(model.mu_prior)
        return f"posterior median and {at} equal-tailed interval, prior of τ {model.tau_prior!r}, of μ {mu}"
    if hasattr(model, "tau2_method"):
        name = words.model_name(model)
        ci = words.REFERENCE.get(model.ci_method, model.ci_method)
        return f"{name[0].lower()}{name[1:]}, {at} interval by {ci}"
    return f"common effect, {at} interval by the normal distribution"
