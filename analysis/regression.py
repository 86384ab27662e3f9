"""Meta-regression: effects of trials explained by moderators, with what is left between the trials."""

import numpy as np

from analysis.columns import columns, weighted
from analysis.designs import designs
from analysis.formulas import read_model
from analysis.inference import check_options
from analysis.mixed_effects import fit_designs, full_log_likelihood, omnibus, tau2_interval
from analysis.regression_result import MetaRegression, moderator_columns
from analysis.results import ConfidenceInterval, t_quantile
from analysis.tau2 import estimate_tau2


def meta_regression(
    formula,
    data,
    *,
    vi="vi",
    tau2_method="REML",
    ci_method="HKSJ",
    confidence_level=0.95,
    labels=None,
    tau2=None,
):
    """Explain the effects of k studies by moderators, with random effects for what they leave.

    Parameters
    ----------
    formula : str
        Outcome and moderators, such as "yi ~ week + C(therapy)", in the language of the formulas of statsmodels.
        Left of the ~ is a column or arithmetic, such as "post - pre ~ week".
    data : pandas.DataFrame or EffectSizes
        One row for each study, with the columns that the formula names.
    vi : str
        Column of sampling variances.
    tau2_method : {"REML", "ML", "PM", "EB", "DL", "HE", "HS", "SJ", "CE"}
        Estimator of the variance between studies, as for `pool`, with all moderators in the model.
    ci_method : {"HKSJ", "HKSJ-mod", "z", "t"}
        Tests and intervals: Knapp & Hartung 2003 on t(k-p), the same with its variance factor not below 1,
        normal, or t(k-p) without a variance factor.
    confidence_level : float
        Level of the intervals.
    labels : sequence of str, optional
        Names of the studies; column `label` or `study` of the data if left out.
    tau2 : float, optional
        A known variance between studies, used instead of an estimate.

    Returns
    -------
    MetaRegression

    Raises
    ------
    ValueError
        For outcomes, variances or moderators that are missing or not finite, variances that are not positive,
        columns that do not exist, moderators that are constant or collinear, and no more studies than
        coefficients; one message lists every problem.

    Notes
    -----
    An association across trials is observational, even where each trial is randomised.

    References
    ----------
    Knapp & Hartung 2003, doi 10.1002/sim.1482; Higgins & Thompson 2002, doi 10.1002/sim.1186 (I2, H2);
    Viechtbauer 2007, doi 10.1002/sim.2514 (interval of tau2).

    Examples
    --------
    >>> import pandas as pd
    >>> data = pd.DataFrame({"yi": [-1.2, -0.4, -2.0, -0.9], "vi": [0.1, 0.2, 0.1, 0.3], "week": [4, 8, 2, 6]})
    >>> fit = meta_regression("yi ~ week", data)
    >>> fit.params.round(3).to_dict()
    {'Intercept': -2.421, 'week': 0.263}
    """
    options = check_options(tau2_method, ci_method, "z", confidence_level, tau2=tau2)
    model = read_model(formula, data, vi, labels)
    return _result(formula, model, options)


def _result(formula, model, options):
    from scipy import special

    grid = designs(model.yi[:, None], model.vi[:, None], model.x)
    fits, moderators = fit_designs(grid, options), moderator_columns(model.names)
    for array in (model.yi, model.vi, model.x, fits.correlation):
        array.flags.writeable = False
    df, m = float(fits.df[0, 0]), len(moderators)
    qm, tau2, q = float(omnibus(fits, moderators, options.ci_method)[0]), float(fits.tau2[0]), float(fits.q[0])
    wald = float(t_quantile(df, options.confidence_level)) * np.sqrt(fits.factor[0])
    return MetaRegression(
        formula=formula,
        df_resid=df,
        k=len(model.yi),
        p=len(model.names),
        tau2=tau2,
        tau=float(np.sqrt(tau2)),
        tau2_ci=ConfidenceInterval(*tau2_interval(grid, options)[:, 0].tolist()),
        i2=float(fits.i2[0]),
        h2=q / grid.df if options.tau2_method == "CE" else float(1.0 + tau2 / fits.typical[0]),
        qe=q,
        qe_df=grid.df,
        qe_pvalue=float(special.chdtrc(grid.df, q)),
        qm=qm,
        qm_df=(m, df),
        qm_pvalue=_omnibus_pvalue(qm, m, df),
        r2=_explained(model, options, tau2, q / grid.df),
        llf=float(full_log_likelihood(grid, fits, options.tau2_method == "REML")[0]),
        hksj_narrower=options.ci_method == "HKSJ" and bool(wald < t_quantile(np.inf, options.confidence_level)),
        tau2_method=options.tau2_method,
        ci_method=options.ci_method,
        confidence_level=options.confidence_level,
        yi=model.yi,
        vi=model.vi,
        exog=model.x,
        labels=model.labels,
        correlation=fits.correlation[:, :, 0],
        _model=model,
        _fits=fits,
        _options=options,
    )


def _omnibus_pvalue(qm, m, df):
    from scipy import special

    if not m:
        return np.nan
    return float(special.chdtrc(m, qm) if np.isinf(df) else special.fdtrc(m, df, qm))


def _explained(model, options, tau2, h2):
    """R2 of Raudenbush: the proportional reduction of tau2, or for "CE" of the mean weighted square."""
    if "Intercept" not in model.names or len(model.names) == 1 or options.tau2_method == "fixed":
        return np.nan
    data = columns(model.yi[:, None], model.vi[:, None])
    if options.tau2_method == "CE":
        null, left = float(weighted(data.y, data.v).q[0]) / (len(model.yi) - 1), h2
    else:
        null, left = float((estimate_tau2(data, options.tau2_method) * data.scale**2)[0]), tau2
    return max(0.0, 1.0 - left / null) if null > 0 else 0.0
