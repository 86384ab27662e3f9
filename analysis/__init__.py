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

# What is public stands in the stub beside this file, where editors and type checkers read it too.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
