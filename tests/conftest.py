"""Settings shared by all tests."""

import os

os.environ.setdefault("MPLBACKEND", "Agg")
# One thread: the arrays are small, and several processes run beside one another.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pandas as pd
import pytest
from hypothesis import settings

# Text as pandas keeps it without pyarrow, which few users have: many tests take half the time. With it run the
# notebooks, the gallery and tests/test_arms.py.
pd.options.mode.string_storage = "python"

# No deadline: a slow machine is no failure. In CI the same examples every time: a red run can be repeated.
settings.register_profile("project", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("project")

# Read by the type checker only; its files do not exist.
collect_ignore = ["typical_user.py"]


@pytest.fixture(params=["patsy", "formulaic"])
def engine(request, monkeypatch):
    """Have formulas read by either engine that statsmodels can choose; before 0.15 it knows patsy alone."""
    import statsmodels.formula

    if hasattr(statsmodels.formula, "options"):
        monkeypatch.setattr(statsmodels.formula.options, "formula_engine", request.param)
    elif request.param != "patsy":
        pytest.skip("statsmodels before 0.15 reads formulas with patsy alone")
    return request.param
