"""Effect measures: one table knows their names, nulls and scales."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.measures import _MEASURES, Measure

CODES = list(_MEASURES)
RATIOS = {"ROM", "OR", "PETO", "RR", "IRR", "HR", "ROMC"}

each_code = pytest.mark.parametrize("code", CODES)


@each_code
def test_a_measure_is_the_text_of_its_code(code):
    measure = Measure(code)
    assert measure == code and f"{measure}" == code and hash(measure) == hash(code)
    assert type(measure.code) is str and Measure(measure) == measure
    for other in (pickle.loads(pickle.dumps(measure)), copy.deepcopy(measure)):
        assert type(other) is Measure and other.name == measure.name
    with pytest.raises(AttributeError):
        measure.name = "other"


@each_code
def test_words_fit_the_arms(code):
    measure = Measure(code)
    assert measure.name.replace("Peto", "peto").islower()
    assert measure.two_arms == (measure.joined != "")
    assert measure.is_ratio == (code in RATIOS)
    if measure.is_ratio:
        assert measure.joined in ("over", "") and measure.null == 1 and measure.scale == "log scale"
    if measure.joined == "over":
        assert measure.is_ratio


@each_code
@given(x=st.floats(-5, 5))
def test_what_people_read_and_what_is_pooled_are_one(code, x):
    measure = Measure(code)
    if code == "PFT":
        x = abs(x) * np.pi / 10
    np.testing.assert_allclose(measure.inverse(measure.transform(x)), x, rtol=1e-9, atol=1e-9)


@each_code
def test_the_null_is_zero_on_the_scale_of_the_analysis(code):
    measure = Measure(code)
    if not np.isnan(measure.null):
        assert measure.inverse(measure.null) == 0
    assert np.isnan(measure.null) == (code in ("MN", "PR", "PLO", "PFT"))


@each_code
def test_a_title_is_the_name_with_a_capital(code):
    measure = Measure(code)
    assert measure.title[0].isupper() and measure.title[1:] == measure.name[1:]


def test_known_values():
    assert Measure("OR").transform(np.log(2)) == pytest.approx(2)
    assert Measure("PLO").transform(0.0) == 0.5
    assert Measure("ZCOR").transform(np.arctanh(0.3)) == pytest.approx(0.3)
    assert Measure("PFT").transform(np.arcsin(np.sqrt(0.2))) == pytest.approx(0.2)
    assert Measure("PFT").transform([-0.1, 2.0]).tolist() == [0.0, 1.0]
    assert np.isnan(Measure("RR").inverse(-1.0)) and np.isinf(Measure("RR").transform(1000.0))


@pytest.mark.parametrize(
    ("code", "near"), [("or", "'OR'"), ("logOR", "'OR'"), ("Odds ratio", "'OR'"), ("smd", "'SMD'"), (3, "")]
)
def test_a_misspelt_measure_is_refused_with_the_codes(code, near):
    with pytest.raises(ValueError, match="is not known") as refused:
        Measure(code)
    message = str(refused.value)
    assert message.startswith(f"measure={code!r}") and all(repr(known) in message for known in CODES)
    assert f"did you mean {near}" in message if near else "did you mean" not in message
