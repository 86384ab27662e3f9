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
    submodules=["effects", "recover", "report", "text"],
    submod_attrs={
        "problems": ["TrialDataError"],
        "trials": ["read_trials"],
        "companions": ["read_benchmarks", "read_claims", "read_contrasts", "read_thresholds"],
        "effect_table": ["EffectSizes", "effect_sizes"],
        "results": ["BatchPooled", "ConfidenceInterval", "PooledEffect"],
        "pooling": ["pool", "pool_batch"],
        "sensitivity": ["cumulative", "leave_one_out"],
        "counts": ["pool_mantel_haenszel", "pool_peto"],
        "count_results": ["PooledCounts"],
        "regression": ["meta_regression"],
        "regression_result": ["MetaRegression"],
        "permutation": ["PermutationTest"],
        "subgroups": ["PooledSubgroups", "pool_subgroups"],
        "dependence": ["sampling_covariance"],
        "multilevel": ["MultilevelEffect", "pool_multilevel"],
        "bayes": ["PosteriorEffect", "pool_bayes"],
        "priors": [
            "RHODES_PAIN",
            "RHODES_SUBJECTIVE",
            "HalfCauchy",
            "HalfNormal",
            "HalfStudent",
            "LogStudent",
            "Normal",
            "Uniform",
        ],
        "bivariate": ["pool_bivariate"],
        "diagnostics": ["standardised_residuals"],
        "predictive": ["predictive_density"],
        "pvalues": ["pvalue_curves"],
        "regression_curve": ["moderator_curve"],
        "bivariate_result": ["BivariateEffect"],
        "contextual": ["contextual_share"],
        "share_result": ["ContextualShare"],
        "thresholds": ["Threshold", "threshold"],
        "worthwhile": ["ShareBeyond", "share_beyond"],
        "responder_results": ["Responders"],
        "responders": ["translate_responders"],
        "responder_counts": ["pool_responders"],
        "arms": ["PooledArms", "pool_arms"],
        "contrasts": ["contrast_effects", "with_contrasts"],
        "universes": ["choice_effects", "multiverse"],
        "multiverse_report": ["multiverse_findings"],
        "audit": ["audit_findings", "audit_trials"],
        "provenance_tree": ["Provenance", "provenance"],
        "claims": ["check_claims"],
        "claim_rules": ["VERDICTS"],
        "claim_report": ["claim_counts", "claims_findings"],
        "report": ["findings"],
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
