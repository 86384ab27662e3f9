"""Every kind of bad input in `kinds` has a clear answer: an error of one class whose words name what is wrong."""

import contextlib
import re
import signal
import sys
import warnings

import pytest
from bad_inputs.kinds import KINDS, READ, SAID

import analysis as ma

# Beyond this an input that should be refused at a glance has been read.
SECONDS = 10
ONLY_POSIX = {
    "a pipe",
    "a socket",
    "a device",
    "a link to itself",
    "a link to nothing",
    "a name with blanks and quotes",
}


@contextlib.contextmanager
def bounded():
    """Stop what hangs, where there are signals for it."""
    if not hasattr(signal, "SIGALRM"):
        yield
        return

    def stop(*_):
        raise TimeoutError(f"no answer within {SECONDS} seconds")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.group}: {kind.name}"[:60])
def test_the_user_sees_what_is_wrong(kind, tmp_path):
    if sys.platform == "win32" and kind.name in ONLY_POSIX:
        pytest.skip("such files are of POSIX systems")
    given = kind.make(tmp_path)
    with bounded(), warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        if kind.seen in (READ, SAID):
            kind.call(given)
            text = "\n".join(str(each.message) for each in said)
            assert bool(said) == (kind.seen == SAID)
        else:
            with pytest.raises(kind.seen) as caught:
                kind.call(given)
            text = str(caught.value)
    assert re.search(kind.words, text), text
    assert [str(each.message) for each in said if issubclass(each.category, RuntimeWarning)] == [], "a warning of numpy"
    # A table of hundreds of columns or a file of a thousand words is not quoted whole.
    assert len(text) < 6000
    if kind.seen is ma.TrialDataError:
        assert len(caught.value.problems) and caught.value.problems["remedy"].all()


def test_there_are_many_kinds_and_no_two_of_one_name():
    names = [(kind.group, kind.name) for kind in KINDS]
    assert len(set(names)) == len(names) >= 250
