"""A type checker sees the public face, and what a user mistypes is an error before anything runs."""

import inspect
import json
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

import analysis as ma
from analysis import _types
from analysis.data import arm_scores
from analysis.evidence import contextual, responders, worthwhile
from analysis.models import counts, pooling, regression, tau2
from analysis.plots import _look

ROOT = Path(__file__).parents[1]


def errors(*arguments):
    command = [sys.executable, "-m", "basedpyright", "--outputjson", "--pythonpath", sys.executable, *arguments]
    # The checker exits with 1 where it finds something.
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    found = json.loads(done.stdout)["generalDiagnostics"]
    return [(Path(each["file"]).name, each["message"]) for each in found if each["severity"] == "error"]


MISTAKES = {
    "ma.pol([0.1], [0.1])": '"pol" is not a known attribute of module "analysis"',
    "r.estimat": 'Cannot access attribute "estimat" for class "PooledEffect"',
    "ma.pool([0.1], [0.1], tau2_methd='DL')": 'No parameter named "tau2_methd"',
    "ma.leave_one_out(r, tau2_methd='DL')": 'No parameter named "tau2_methd"',
    "ma.pool([0.1], [0.1], tau2_method='LD')": "Literal['LD']",
    "ma.arms_forest(r)": '"PooledEffect" cannot be assigned to parameter "pooled" of type "PooledArms"',
    "ma.forest(r, xlm=(0, 1))": 'No parameter named "xlm"',
    "ma.orchard(r, footer='no')": '"Literal[\'no\']" is not assignable to "bool"',
    "ma.forest(r).content.captoin": 'Cannot access attribute "captoin" for class "FigureContent"',
}


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """The errors of two files, for one start of the checker."""
    file = tmp_path_factory.mktemp("user") / "mistyped.py"
    lines = ["import analysis as ma", "r = ma.pool([0.1, 0.2], [0.1, 0.2])", *MISTAKES]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = errors("tests/typical_user.py", str(file))
    assert {name for name, _ in found} <= {"typical_user.py", "mistyped.py"}
    return found


@pytest.fixture(scope="module")
def found(both):
    return [message for name, message in both if name == "mistyped.py"]


def test_what_users_write_is_accepted(both):
    assert [message for name, message in both if name == "typical_user.py"] == []


@pytest.mark.parametrize("mistake", MISTAKES)
def test_what_a_user_mistypes_is_an_error(found, mistake):
    assert any(MISTAKES[mistake] in message for message in found), found


def test_every_mistake_is_one_error(found):
    assert len(found) == len(MISTAKES)


@pytest.mark.parametrize(
    ("choices", "accepted"),
    [
        ("Tau2Method", tau2.TAU2_METHODS),
        ("CIMethod", pooling.CI_METHODS),
        ("PIMethod", pooling.PI_METHODS),
        ("Tau2CIMethod", pooling.TAU2_CI_METHODS),
        ("GeneralisedQWeights", tau2.GENERALISED_Q_METHODS),
        ("RegressionPIMethod", regression._PREDICTION_DF),
        ("CountsMeasure", counts._MEASURES),
        ("CountsMeasure", responders.MEASURES),
        ("Score", arm_scores.SCORES),
        ("Outcome", arm_scores.PARTS),
        ("SDRule", arm_scores.RULES),
        ("ShareRule", contextual._RULES),
        ("ThresholdKind", (worthwhile.WITHIN, worthwhile.BETWEEN)),
        ("ThresholdUnit", (worthwhile.POINTS, worthwhile.PERCENT)),
        ("ThemeName", _look.PALETTES),
    ],
)
def test_choices_that_are_typed_are_those_that_are_accepted(choices, accepted):
    assert set(get_args(getattr(_types, choices))) == set(accepted)


# Of the studies, not of how they are pooled.
OF_STUDIES = {"yi", "vi", "se", "labels", "missing", "benefit"}


def test_options_handed_on_are_those_of_pool():
    options = {name: of.annotation for name, of in inspect.signature(ma.pool).parameters.items()}
    typed = {name: of.__forward_arg__ for name, of in _types.PoolOptions.__annotations__.items()}
    assert typed == {name: options[name] for name in options if name not in OF_STUDIES}
