# Every public name, once: `analysis/__init__.py` loads what is listed here, and editors and type checkers read it.

from . import effects as effects
from . import recover as recover
from . import sentences as sentences
from . import text as text
from .data.effect_sizes import (
    EffectSizes as EffectSizes,
)
from .data.effect_sizes import (
    contrast_effects as contrast_effects,
)
from .data.effect_sizes import (
    effect_sizes as effect_sizes,
)
from .data.effect_sizes import (
    with_contrasts as with_contrasts,
)
from .data.files import (
    TrialDataError as TrialDataError,
)
from .data.studies import read_studies as read_studies
from .data.trials import (
    read_benchmarks as read_benchmarks,
)
from .data.trials import (
    read_bias_facts as read_bias_facts,
)
from .data.trials import (
    read_claims as read_claims,
)
from .data.trials import (
    read_contrasts as read_contrasts,
)
from .data.trials import (
    read_correlations as read_correlations,
)
from .data.trials import (
    read_risk_of_bias as read_risk_of_bias,
)
from .data.trials import (
    read_thresholds as read_thresholds,
)
from .data.trials import (
    read_trials as read_trials,
)
from .data.wide import trials_from_wide as trials_from_wide
from .evidence.arms import PooledArms as PooledArms
from .evidence.arms import pool_arms as pool_arms
from .evidence.audit import audit_findings as audit_findings
from .evidence.audit import audit_trials as audit_trials
from .evidence.claim_rules import VERDICTS as VERDICTS
from .evidence.claims import (
    check_claims as check_claims,
)
from .evidence.claims import (
    claim_counts as claim_counts,
)
from .evidence.claims import (
    claims_findings as claims_findings,
)
from .evidence.contextual import ContextualShare as ContextualShare
from .evidence.contextual import contextual_share as contextual_share
from .evidence.grade import SummaryOfFindings as SummaryOfFindings
from .evidence.grade import summary_of_findings as summary_of_findings
from .evidence.multiverse import (
    choice_effects as choice_effects,
)
from .evidence.multiverse import (
    multiverse as multiverse,
)
from .evidence.multiverse import (
    multiverse_findings as multiverse_findings,
)
from .evidence.over_time import ArmsOverTime as ArmsOverTime
from .evidence.over_time import pool_over_time as pool_over_time
from .evidence.prisma import prisma_items as prisma_items
from .evidence.provenance import Provenance as Provenance
from .evidence.provenance import provenance as provenance
from .evidence.responders import (
    NumberNeeded as NumberNeeded,
)
from .evidence.responders import (
    Responders as Responders,
)
from .evidence.responders import (
    nnt as nnt,
)
from .evidence.responders import (
    pool_responders as pool_responders,
)
from .evidence.responders import (
    translate_responders as translate_responders,
)
from .evidence.risk_of_bias import risk_of_bias_findings as risk_of_bias_findings
from .evidence.risk_of_bias import with_risk_of_bias as with_risk_of_bias
from .evidence.risk_of_bias import without_high_risk as without_high_risk
from .evidence.worthwhile import (
    ShareBeyond as ShareBeyond,
)
from .evidence.worthwhile import (
    Threshold as Threshold,
)
from .evidence.worthwhile import (
    share_beyond as share_beyond,
)
from .evidence.worthwhile import (
    threshold as threshold,
)
from .measures import Measure as Measure
from .models.bayes import PosteriorEffect as PosteriorEffect
from .models.bayes import pool_bayes as pool_bayes
from .models.bivariate import BivariateEffect as BivariateEffect
from .models.bivariate import pool_bivariate as pool_bivariate
from .models.coefficients import Contrast as Contrast
from .models.counts import (
    PooledCounts as PooledCounts,
)
from .models.counts import (
    pool_mantel_haenszel as pool_mantel_haenszel,
)
from .models.counts import (
    pool_peto as pool_peto,
)
from .models.diagnostics import (
    predictive_density as predictive_density,
)
from .models.diagnostics import (
    pvalue_curves as pvalue_curves,
)
from .models.diagnostics import (
    standardised_residuals as standardised_residuals,
)
from .models.doses import (
    DoseResponse as DoseResponse,
)
from .models.doses import (
    dose_response as dose_response,
)
from .models.groups import pool_groups as pool_groups
from .models.imputation import ImputedEffect as ImputedEffect
from .models.imputation import pool_imputed as pool_imputed
from .models.multilevel import (
    MultilevelEffect as MultilevelEffect,
)
from .models.multilevel import (
    MultilevelRegression as MultilevelRegression,
)
from .models.multilevel import (
    pool_multilevel as pool_multilevel,
)
from .models.multilevel import (
    sampling_covariance as sampling_covariance,
)
from .models.network import (
    ComparedTherapies as ComparedTherapies,
)
from .models.network import (
    compare_therapies as compare_therapies,
)
from .models.pooling import (
    cumulative as cumulative,
)
from .models.pooling import (
    leave_one_out as leave_one_out,
)
from .models.pooling import (
    pool as pool,
)
from .models.pooling import (
    pool_batch as pool_batch,
)
from .models.priors import (
    RHODES_PAIN as RHODES_PAIN,
)
from .models.priors import (
    RHODES_SUBJECTIVE as RHODES_SUBJECTIVE,
)
from .models.priors import (
    HalfCauchy as HalfCauchy,
)
from .models.priors import (
    HalfNormal as HalfNormal,
)
from .models.priors import (
    HalfStudent as HalfStudent,
)
from .models.priors import (
    LogStudent as LogStudent,
)
from .models.priors import (
    Normal as Normal,
)
from .models.priors import (
    Uniform as Uniform,
)
from .models.regression import (
    MetaRegression as MetaRegression,
)
from .models.regression import (
    PermutationTest as PermutationTest,
)
from .models.regression import (
    meta_regression as meta_regression,
)
from .models.regression import (
    moderator_curve as moderator_curve,
)
from .models.results import (
    BatchPooled as BatchPooled,
)
from .models.results import (
    ConfidenceInterval as ConfidenceInterval,
)
from .models.results import (
    PooledEffect as PooledEffect,
)
from .models.selection import (
    excess_significance as excess_significance,
)
from .models.selection import (
    fail_safe_n as fail_safe_n,
)
from .models.selection import (
    p_curve as p_curve,
)
from .models.selection import (
    selection_model as selection_model,
)
from .models.sensitivity import (
    Bootstrap as Bootstrap,
)
from .models.sensitivity import (
    Gosh as Gosh,
)
from .models.sensitivity import (
    baujat as baujat,
)
from .models.sensitivity import (
    bootstrap as bootstrap,
)
from .models.sensitivity import (
    gosh as gosh,
)
from .models.sensitivity import (
    influence as influence,
)
from .models.sensitivity import (
    permutation_test as permutation_test,
)
from .models.simulation import (
    Power as Power,
)
from .models.simulation import (
    Simulation as Simulation,
)
from .models.simulation import (
    power as power,
)
from .models.simulation import (
    simulate as simulate,
)
from .models.small_study import (
    begg_test as begg_test,
)
from .models.small_study import (
    egger_test as egger_test,
)
from .models.small_study import (
    harbord_test as harbord_test,
)
from .models.small_study import (
    lfk_index as lfk_index,
)
from .models.small_study import (
    limit_meta_analysis as limit_meta_analysis,
)
from .models.small_study import (
    pet_peese as pet_peese,
)
from .models.small_study import (
    peters_test as peters_test,
)
from .models.small_study import (
    pustejovsky_test as pustejovsky_test,
)
from .models.small_study import (
    small_study_effects as small_study_effects,
)
from .models.small_study import (
    trim_and_fill as trim_and_fill,
)
from .models.studies import (
    RepeatedStudyWarning as RepeatedStudyWarning,
)
from .models.subgroups import PooledSubgroups as PooledSubgroups
from .models.subgroups import pool_subgroups as pool_subgroups
from .plots._arms_forest import arms_forest as arms_forest
from .plots._baujat import baujat_plot as baujat_plot
from .plots._bubble import bubble as bubble
from .plots._claims import claims_plot as claims_plot
from .plots._doi import doi_plot as doi_plot
from .plots._drapery import drapery as drapery
from .plots._forest import forest as forest
from .plots._forests import outcomes_forest as outcomes_forest
from .plots._forests import steps_forest as steps_forest
from .plots._funnel import funnel as funnel
from .plots._gosh import gosh_plot as gosh_plot
from .plots._influence import influence_plot as influence_plot
from .plots._labbe import labbe as labbe
from .plots._labbe_counts import labbe_counts as labbe_counts
from .plots._multiverse import multiverse_plot as multiverse_plot
from .plots._orchard import orchard as orchard
from .plots._pcurve import p_curve_plot as p_curve_plot
from .plots._posterior import posterior_plot as posterior_plot
from .plots._power import power_plot as power_plot
from .plots._prisma import prisma_flow as prisma_flow
from .plots._qq import qq_plot as qq_plot
from .plots._radial import radial as radial
from .plots._risk_of_bias import risk_of_bias_summary as risk_of_bias_summary
from .plots._risk_of_bias import traffic_light as traffic_light
from .plots._save import save_figure as save_figure
from .plots._selection import selection_plot as selection_plot
from .plots._theme import figure_labels as figure_labels
from .plots._theme import theme as theme
from .plots._therapies import therapies_forest as therapies_forest
from .plots._time import time_plot as time_plot
from .reports.again import read_report as read_report
from .reports.folder import report as report
from .reports.paragraphs import methods_text as methods_text
from .reports.paragraphs import results_text as results_text
from .sentences import findings as findings

__version__: str
