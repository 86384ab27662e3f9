"""Effects that share patients: which effects belong together, and the covariance of their sampling errors."""

from typing import NamedTuple

import numpy as np

from analysis import _validate

_ARM = ("yi", "vi", "n_treatment", "n_placebo", "mean_placebo", "sd_placebo")


class Clustered(NamedTuple):
    """Checked effects sorted by cluster; see `clustered`."""

    yi: np.ndarray
    blocks: list  # the sampling covariance of each cluster
    first: np.ndarray  # where each cluster begins
    order: np.ndarray  # positions of the sorted effects in the input
    cluster: np.ndarray  # the cluster of each effect, in the order of the input
    labels: tuple
    measure: str


def clustered(effects, vi, cluster, vcov, labels):
    """Read effects in any of their forms, check them and sort them by cluster."""
    frame, measure = getattr(effects, "table", effects), getattr(effects, "measure", "")
    table = hasattr(frame, "columns")
    yi = _column(frame, "yi") if table else np.asarray(effects)
    if table and vi is not None:
        raise ValueError(
            "vi is given, but the effects are a table with its own variances; change its column vi instead"
        )
    if table:
        cluster = _column(frame, cluster)
        labels = frame["label"].tolist() if labels is None and "label" in frame else labels
    elif isinstance(cluster, str):
        raise ValueError(f"cluster={cluster!r} names a column, but effects is no table; give one value each")
    if vcov is not None:
        vi = _diagonal(vcov, len(yi))
    elif table:
        vi = _column(frame, "vi")
    elif vi is None:
        raise ValueError("vi is missing; give one sampling variance for each effect, or vcov")
    _validate.same_shape(yi, vi, 1, "(k,), one value for each effect")
    names = _validate.study_labels(labels, len(yi))
    cluster = _array(cluster)
    group = _codes(cluster, names)
    yi, vi = _validate.check(yi, vi, lambda at: f"effect {at[0] + 1} ({names[at[0]]})")
    order = np.argsort(group, kind="stable")
    first = np.flatnonzero(np.diff(group[order], prepend=-1))
    blocks = _blocks(vcov, vi, group, order, first)
    cluster.flags.writeable = False
    return Clustered(yi[order], blocks, first, order, cluster, names, measure)


def _column(frame, name):
    if not isinstance(name, str):
        return _array(name)
    if name not in frame:
        raise ValueError(f"'{name}' is not a column of the effects: {', '.join(map(str, frame.columns))}")
    return frame[name].to_numpy()


def _array(values):
    """A copy as an array in which the values of a list stay what they are: 1 is not "1", nor is nan a text."""
    return np.array(values, dtype=None if hasattr(values, "dtype") else object)


def _diagonal(vcov, k):
    vcov = np.asarray(vcov, dtype=float)
    if vcov.shape != (k, k):
        raise ValueError(f"vcov has the shape {vcov.shape}, but {k} effects need {(k, k)}")
    return np.diag(vcov)


def _codes(cluster, names):
    """Number the clusters in order of appearance; raise ValueError where the model is not identified."""
    codes = _numbered(cluster, names)
    found = codes.max(initial=-1) + 1
    if found == 1:
        raise ValueError("all effects belong to one cluster: the variance between clusters cannot be estimated")
    if found == len(names):
        raise ValueError("every cluster has a single effect, so there is nothing nested; use pool")
    return codes


def _numbered(cluster, names):
    """Number the clusters in order of appearance; raise ValueError where one is missing."""
    import pandas as pd

    if cluster.shape != (len(names),):
        raise ValueError(
            f"cluster has the shape {cluster.shape}, but there are {len(names)} effects; give one value each"
        )
    codes = pd.factorize(cluster)[0]
    if (codes < 0).any():
        missing = ", ".join(f"{i + 1} ({names[i]})" for i in np.flatnonzero(codes < 0))
        raise ValueError(f"cluster is missing for effect {missing}; name the trial of each effect")
    return codes


def _blocks(vcov, vi, group, order, first):
    """The covariance of each cluster, from the whole matrix or the variances alone; checked."""
    if vcov is None:
        return [np.diag(part) for part in np.split(vi[order], first[1:])]
    vcov = np.asarray(vcov, dtype=float)
    if not np.isfinite(vcov).all() or not np.allclose(vcov, vcov.T, rtol=1e-10, atol=0.0):
        raise ValueError("vcov must be finite and symmetric")
    if np.any(vcov[group[:, None] != group] != 0.0):
        raise ValueError("vcov relates effects of different clusters; put effects that share patients in one cluster")
    blocks = [vcov[np.ix_(at, at)] for at in np.split(order, first[1:])]
    bad = [at[0] + 1 for at, b in zip(np.split(order, first[1:]), blocks, strict=True) if not _definite(b)]
    if bad:
        listed = ", ".join(map(str, bad))
        raise ValueError(f"vcov is not positive definite in the cluster of effect {listed}; check the covariances")
    return blocks


def _definite(block):
    root = np.sqrt(np.diag(block))
    return np.linalg.eigvalsh(block / np.outer(root, root))[0] > 1e-12


def sampling_covariance(effects, *, cluster="study", correlation=None, shared_arm=None):
    """Return the covariance matrix of the sampling errors of effects of the same trial.

    Parameters
    ----------
    effects : EffectSizes or pandas.DataFrame
        With columns yi, vi and the cluster; for `shared_arm` also n_treatment, n_placebo, mean_placebo and
        sd_placebo.
    cluster : str
        Column that names the trial.
    correlation : float, optional
        Between the sampling errors of any two effects of a trial, such as the same patients at several time
        points. Rarely printed: vary it.
    shared_arm : {"divided", "whole"}, optional
        Several treatment arms against one placebo arm. "divided": the effects share out its patients, as
        ``effect_sizes(trials, multi_arm="split")`` does; the division is undone, on the diagonal too (mean
        differences only). "whole": each row has the whole placebo arm in n_placebo and vi. Rows of a trial
        with the same placebo mean and SD share the arm.

    Returns
    -------
    numpy.ndarray, shape (k, k)
        In the order of `effects`; zero between trials. Use it as `vcov` of `pool_multilevel`.

    Raises
    ------
    ValueError
        Unless exactly one of `correlation` and `shared_arm` is given; for a correlation that gives no valid
        covariance, a missing column or value, a measure without a formula, or crossover trials with a shared arm.

    Notes
    -----
    With whole arms, the covariance of two mean differences is sd_p^2 / n_p, and that of two standardized ones
    1 / n_p + g_i g_j / (2 N) with N the people of all arms of the trial (Gleser & Olkin 2009, chapter 19 of
    The Handbook of Research Synthesis and Meta-Analysis, section on multiple-treatment studies).

    Examples
    --------
    >>> from analysis import effect_sizes, read_trials
    >>> effects = effect_sizes(read_trials("data/trials.csv"), multi_arm="split").where(study="tam2007")
    >>> sampling_covariance(effects, shared_arm="divided").round(3).tolist()
    [[0.723, 0.317], [0.317, 0.995]]
    >>> sampling_covariance(effects, correlation=0.5).round(3).tolist()
    [[1.041, 0.584], [0.584, 1.312]]
    """
    frame = getattr(effects, "table", effects)
    if not hasattr(frame, "columns"):
        raise ValueError("effects must be an EffectSizes or a DataFrame with the columns yi, vi and the cluster")
    if (correlation is None) == (shared_arm is None):
        raise ValueError("give either correlation or shared_arm: what makes effects of one trial dependent")
    trial = _column(frame, cluster)
    group = _numbered(trial, _validate.study_labels(frame["label"] if "label" in frame else None, len(frame)))
    if shared_arm is not None:
        _validate.option("shared_arm", shared_arm, ("divided", "whole"))
        return _shared(frame, trial, group, shared_arm, getattr(effects, "measure", "MD"))
    vi = _column(frame, "vi")
    _, vi = _validate.check(np.zeros(vi.size), vi, lambda at: f"effect {at[0] + 1}")
    if not isinstance(correlation, (int, float, np.number)):
        raise ValueError(f"correlation={correlation!r} must be a number")
    same = group[:, None] == group
    largest = int(same.sum(axis=0).max())
    lowest = -1.0 / (largest - 1) if largest > 1 else -1.0
    if not lowest < correlation < 1:
        raise ValueError(
            f"correlation={correlation!r} must lie between {lowest:.3g} and 1, both excluded, as {largest} "
            "effects of one trial cannot be correlated otherwise"
        )
    out = np.where(same, correlation, 0.0) * np.sqrt(np.outer(vi, vi))
    np.fill_diagonal(out, vi)
    return out


def _shared(frame, trial, group, shared_arm, measure):
    """Covariance of contrasts with one placebo arm; see `sampling_covariance`."""
    given = {name: np.asarray(_column(frame, name), dtype=float) for name in _ARM}
    yi, vi, n_t, n_p, mean, sd = given.values()
    _validate.check(yi, vi, lambda at: f"effect {at[0] + 1} ({trial[at[0]]})")
    repeated = np.bincount(group)[group] > 1
    for name, values in given.items():
        if (unknown := repeated & ~np.isfinite(values)).any():
            listed = ", ".join(map(str, dict.fromkeys(trial[unknown])))
            raise ValueError(f"{name} is missing for {listed}: without it nobody knows which effects share an arm")
    same = (group[:, None] == group) & (mean[:, None] == mean) & (sd[:, None] == sd)
    several = same.sum(axis=0) > 1
    if "design" in frame and (crossed := several & (frame["design"] == "crossover").to_numpy()).any():
        listed = ", ".join(map(str, dict.fromkeys(trial[crossed])))
        raise ValueError(f"shared_arm is for parallel arms, but {listed} is a crossover trial; give a correlation")
    if measure == "SMD" and shared_arm == "whole":
        n_all = same @ n_t + n_p
        between = 1.0 / n_p + np.outer(yi, yi) / (2.0 * n_all)
    elif measure == "MD":
        whole = np.where(several, same @ n_p, n_p) if shared_arm == "divided" else n_p
        vi = np.where(several, vi - sd**2 / n_p + sd**2 / whole, vi)
        between = np.broadcast_to(sd**2 / whole, same.shape)
    else:
        raise ValueError(f"there is no covariance for measure={measure!r} with shared_arm={shared_arm!r}")
    out = np.where(same, between, 0.0)
    np.fill_diagonal(out, vi)
    return out
