"""Pool pain trials and set the placebo arms beside the treatment arms.

The path of the data, one function a step::

    trials  = read_trials("data/trials.csv")   one row per arm, checked
    effects = effect_sizes(trials)             one row per trial
    pooled  = pool(effects)                    one random-effects result
    arms    = pool_arms(effects)               placebo, treatment and contrast
    fig     = arms_forest(arms)                the figure
    save_figure(fig, "figures/my_figure")      SVG, PDF, PNG, numbers and caption

Everything is loaded on first use, so that ``import analysis`` stays light.
"""

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["effects", "recover", "sentences", "text"],
    submod_attrs={
        "sentences": ["findings"],
        "data.trials": [
            "TrialDataError",
            "read_benchmarks",
            "read_claims",
            "read_contrasts",
            "read_thresholds",
            "read_trials",
        ],
        "data.effect_sizes": ["EffectSizes", "contrast_effects", "effect_sizes", "with_contrasts"],
        "models.results": ["BatchPooled", "ConfidenceInterval", "PooledEffect"],
        "models.pooling": ["cumulative", "leave_one_out", "pool", "pool_batch"],
        "models.subgroups": ["PooledSubgroups", "pool_subgroups"],
        "models.counts": ["PooledCounts", "pool_mantel_haenszel", "pool_peto"],
        "models.regression": ["MetaRegression", "PermutationTest", "meta_regression", "moderator_curve"],
        "models.multilevel": ["MultilevelEffect", "pool_multilevel", "sampling_covariance"],
        "models.priors": [
            "RHODES_PAIN",
            "RHODES_SUBJECTIVE",
            "HalfCauchy",
            "HalfNormal",
            "HalfStudent",
            "LogStudent",
            "Normal",
            "Uniform",
        ],
        "models.bayes": ["PosteriorEffect", "pool_bayes"],
        "models.bivariate": ["BivariateEffect", "pool_bivariate"],
        "models.diagnostics": ["predictive_density", "pvalue_curves", "standardised_residuals"],
        "evidence.arms": ["PooledArms", "pool_arms"],
        "evidence.contextual": ["ContextualShare", "contextual_share"],
        "evidence.worthwhile": ["ShareBeyond", "Threshold", "share_beyond", "threshold"],
        "evidence.responders": ["Responders", "pool_responders", "translate_responders"],
        "evidence.multiverse": ["choice_effects", "multiverse", "multiverse_findings"],
        "evidence.audit": ["audit_findings", "audit_trials"],
        "evidence.provenance": ["Provenance", "provenance"],
        "evidence.claims": ["check_claims", "claim_counts", "claims_findings"],
        "evidence.claim_rules": ["VERDICTS"],
        "plots": [
            "arms_forest",
            "bubble",
            "claims_plot",
            "drapery",
            "figure_labels",
            "forest",
            "funnel",
            "labbe",
            "labbe_counts",
            "multiverse_plot",
            "orchard",
            "outcomes_forest",
            "posterior_plot",
            "qq_plot",
            "radial",
            "save_figure",
            "steps_forest",
            "theme",
        ],
    },
)
