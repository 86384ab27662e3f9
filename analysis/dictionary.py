"""The data dictionary: the columns of a trials table and the words they may hold; ``data/README.md`` explains them."""

from typing import NamedTuple

THERAPIES = (
    "Near-infrared light",
    "Low-level laser",
    "Laser acupuncture",
    "Static magnet",
    "Pulsed electromagnetic field",
    "Transcranial magnetic stimulation",
    "TENS",
    "Transcranial current",
    "Ultrasound",
    "Shock wave",
    "Acupuncture",
    "Electroacupuncture",
    "Other physical",
)
CONDITION_GROUPS = (
    "Low back",
    "Neck",
    "Knee osteoarthritis",
    "Neuropathic",
    "Fibromyalgia",
    "Headache",
    "Menstrual",
    "Shoulder",
    "Other",
)
#: Closed vocabularies, in the order in which they are shown. A blank is allowed only where REQUIRED says so.
VOCABULARY = {
    "therapy": THERAPIES,
    "therapy_family": ("Light", "Magnetic field", "Electrical", "Mechanical", "Needle"),
    "condition_group": CONDITION_GROUPS,
    "pain_type": ("chronic", "acute", "recurrent"),
    "design": ("parallel", "crossover"),
    "control": ("sham", "placebo", "weak dose", "other"),
    "timepoint": ("end of treatment", "follow-up", "single session"),
    "primary": ("yes", "no"),
    "arm": ("treatment", "placebo", "active"),
    "n_basis": ("read", "inferred", "assumed"),
    "certainty": ("clear", "derived", "doubtful", "second-hand"),
}
MEANS = ("baseline_mean", "final_mean", "change_mean")
SPREADS = ("baseline_sd", "baseline_se", "final_sd", "final_se", "change_sd", "change_se")
LIMITS = ("final_ci_low", "final_ci_high", "change_ci_low", "change_ci_high")
INTEGERS = ("year", "n", "events")
NUMBERS = (*INTEGERS, "scale_min", "scale_max", "week", "ci_level", *MEANS, *SPREADS, *LIMITS)
#: Columns that must be there and filled in every row.
REQUIRED = "study author year therapy therapy_family condition_group design scale primary arm n source".split()
#: Every column of the data dictionary, in file order; those not REQUIRED may be missing or blank.
COLUMNS = (
    "study author year title doi pmid therapy therapy_family therapy_detail condition condition_group "
    "pain_type design control scale scale_min scale_max week timepoint primary arm arm_label n n_basis "
    "baseline_mean baseline_sd baseline_se final_mean final_sd final_se final_ci_low final_ci_high "
    "change_mean change_sd change_se change_ci_low change_ci_high ci_level events event_definition "
    "p_between certainty source locator note"
).split()
CONSTANT = ("author", "year", "therapy", "therapy_family", "condition_group", "design", "control")
AT_ONE_TIME = ("scale", "scale_min", "scale_max")
PERCENT_CHANGE = "percent change"
#: Bands of the time point of an effect, by `week` (from the start of treatment) and `timepoint`.
WEEK_BANDS = ("single session", "up to 4 weeks", "over 4 to 12 weeks", "over 12 weeks")


class Layout(NamedTuple):
    """What one kind of table holds: its columns in file order, those that must be filled, and what is a number."""

    name: str
    columns: tuple
    required: tuple
    key: str
    numbers: tuple = ()
    integers: tuple = ()
    vocabulary: dict = {}


TRIALS = Layout("trials", tuple(COLUMNS), tuple(REQUIRED), "study", NUMBERS, INTEGERS, VOCABULARY)
_ABOUT = ("therapy", "therapy_family", "condition_group", "certainty")
CONTRASTS = Layout(
    "contrasts",
    tuple(
        "study author year doi pmid therapy therapy_family condition condition_group scale scale_min scale_max week "
        "difference ci_low ci_high ci_level se n_treatment n_placebo selected certainty source locator note".split()
    ),
    ("study", "author", "year", "therapy", "therapy_family", "condition_group", "scale", "difference", "source"),
    "study",
    tuple("year scale_min scale_max week difference ci_low ci_high ci_level se n_treatment n_placebo".split()),
    ("year", "n_treatment", "n_placebo"),
    {name: VOCABULARY[name] for name in _ABOUT} | {"selected": ("yes", "no")},
)
CLAIMS = Layout(
    "claims",
    tuple(
        "claim_id seed therapy therapy_family condition claim value unit arm comparator comparator_value n cited_as "
        "traced traced_to finding checkable_with".split()
    ),
    ("claim_id", "therapy", "therapy_family", "condition", "claim", "traced", "checkable_with"),
    "claim_id",
    ("comparator_value", "n"),
    ("n",),
    {
        "therapy": (*THERAPIES, "MRI field", "Focused ultrasound under MRI"),
        "therapy_family": VOCABULARY["therapy_family"],
        "unit": ("points", "percent change", "percent responders", "weeks", "months", "mT", "T", "Hz"),
        "arm": ("treatment", "placebo", "difference", "single-arm", "active comparator"),
        "traced": ("yes", "partly", "no"),
        "checkable_with": ("pooled contrast", "placebo arms", "responders", "single trial", "nothing found"),
    },
)
THRESHOLDS = Layout(
    "thresholds",
    tuple("source year doi pmid scale kind value_low value_high unit label note".split()),
    ("source", "year", "scale", "kind", "unit", "label"),
    "source",
    ("year", "value_low", "value_high"),
    ("year",),
    {"kind": ("within-patient", "between-group"), "unit": ("points", "mm", "percent of baseline")},
)
BENCHMARKS = Layout(
    "benchmarks",
    tuple("review year doi pmid therapy condition measure estimate ci_low ci_high k n i2 sign note".split()),
    ("review", "year", "therapy", "condition", "measure", "estimate", "sign"),
    "review",
    ("year", "estimate", "ci_low", "ci_high", "k", "n", "i2"),
    ("year", "k", "n"),
)
