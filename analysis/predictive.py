"""The distribution of the effect in a new study, as a curve: what a prediction interval is cut from."""

import numpy as np
import pandas as pd

REACH = 3.6  # half the width of the grid, in standard deviations of the prediction


def predictive_density(result, points=181):
    """Return the predictive density of the effect in a new study on a grid around the pooled mean.

    Parameters
    ----------
    result : PooledEffect or PosteriorEffect
        Its prediction interval, `pi` or `new`, has the same distribution.
    points : int
        Size of the grid.

    Returns
    -------
    pandas.DataFrame
        Columns x, density; empty where the result has no prediction interval.

    Notes
    -----
    For a PooledEffect the density of estimate + t sqrt(tau2 + se^2) on the degrees of freedom of `pi_method` (Higgins,
    Thompson and Spiegelhalter 2009, doi 10.1111/j.1467-985X.2008.00552.x), t normal for "z". For a PosteriorEffect its
    own predictive distribution.

    Examples
    --------
    >>> import analysis
    >>> curve = predictive_density(analysis.pool([-1.2, -0.4, -2.0], [0.1, 0.2, 0.1]))
    >>> print(f"{curve.loc[curve['density'].idxmax(), 'x']:.3f}")
    -1.242
    """
    if hasattr(result, "new_density"):
        x = np.linspace(*_around(result.new.median, result.new.interval), points)
        return pd.DataFrame({"x": x, "density": result.new_density(x)})
    if not np.isfinite(result.pi.low):
        return pd.DataFrame({"x": [], "density": []})
    x = np.linspace(*_around(result.estimate, result.pi), points)
    scale = np.sqrt(result.tau2 + result.se**2)
    df = {"t(k-1)": result.k - 1.0, "t(k-2)": result.k - 2.0}.get(result.pi_method, np.inf)
    return pd.DataFrame({"x": x, "density": student_density((x - result.estimate) / scale, df) / scale})


def student_density(z, df):
    """Return the density of the t distribution, normal where df is infinite."""
    from scipy import special

    z = np.asarray(z, dtype=float)
    if np.isinf(df):
        return np.exp(-0.5 * z**2) / np.sqrt(2.0 * np.pi)
    level = special.gammaln((df + 1.0) / 2.0) - special.gammaln(df / 2.0) - 0.5 * np.log(df * np.pi)
    return np.exp(level - (df + 1.0) / 2.0 * np.log1p(z**2 / df))


def _around(middle, ends):
    """Return the ends of the grid: nearly twice as far from the middle as the limits."""
    low, high = ends
    return middle - REACH / 2.0 * (middle - low), middle + REACH / 2.0 * (high - middle)
