"""Settings shared by all tests."""

import gc
import os
import socket

os.environ.setdefault("MPLBACKEND", "Agg")
# One thread: the arrays are small, and several processes run beside one another.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pandas as pd
import pytest
from hypothesis import settings


def only_here(step):
    """Have a connection refused unless it ends on this machine, as those of notebook kernels and of xdist do."""

    def guarded(self, address, *more):
        if self.family != getattr(socket, "AF_UNIX", None) and not str(address[0]).startswith(
            ("127.", "::1", "localhost")
        ):
            raise AssertionError(f"a test tried to reach {address[0]!r}; nothing may use the network")
        return step(self, address, *more)

    return guarded


# For the whole suite, fixtures of modules included; the package itself opens none (tests/test_security.py).
for name in ("connect", "connect_ex"):
    setattr(socket.socket, name, only_here(getattr(socket.socket, name)))

# Text as pandas keeps it without pyarrow, which few users have: many tests take half the time. With it run the
# notebooks, the gallery and tests/test_arms.py.
pd.options.mode.string_storage = "python"

# No deadline: a slow machine is no failure. In CI the same examples every time: a red run can be repeated.
settings.register_profile("project", deadline=None, derandomize=bool(os.environ.get("CI")), max_examples=30)
# For a change of a formula: make test ARGS="--hypothesis-profile thorough"
settings.register_profile("thorough", deadline=None, max_examples=400)
# make fuzz: tests/bad_inputs/test_whole_tables.py takes four times as many, some of its tests fewer.
settings.register_profile("fuzz", deadline=None, max_examples=2500)
settings.load_profile("project")

# Read by the type checker only; its files do not exist.
collect_ignore = ["typical_user.py"]


def pytest_collection_finish():
    """Search for garbage seldom, and not among modules and thousands of tests, which all stay to the end."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(params=["patsy", "formulaic"])
def engine(request, monkeypatch):
    """Have formulas read by either engine that statsmodels can choose; before 0.15 it knows patsy alone."""
    import statsmodels.formula

    if hasattr(statsmodels.formula, "options"):
        monkeypatch.setattr(statsmodels.formula.options, "formula_engine", request.param)
    elif request.param != "patsy":
        pytest.skip("statsmodels before 0.15 reads formulas with patsy alone")
    return request.param
