"""Promise: of answers that come late, twice, cut or never, none is taken for another question's.

The figure of the same name asks a thousand times on every kind of line.
"""

import os

import pytest

from benchmarks.trials import exchanges

WAYS = pytest.mark.parametrize("resync", [None, exchanges.NAME], ids=["counted", "resync"])


@WAYS
def test_on_an_emulated_line(resync):
    """In simulated time, with cancellations."""
    found = exchanges.generic("emulated", 400, 7, resync)
    assert found["wrong"] == 0
    assert found["answered"] >= 60
    assert found["spoilt"] >= 10
    assert found["cancelled"] >= 3


@WAYS
@pytest.mark.parametrize("line", ["tcp", "pty"])
def test_on_a_real_line(line, resync):
    """A few exchanges: a real line takes real time."""
    if line == "pty" and os.name != "posix":
        pytest.skip("a pseudo terminal needs POSIX")
    found = exchanges.generic(line, 16, 3, resync)
    assert found["wrong"] == 0
    assert found["answered"] >= 5
    assert found["spoilt"] >= 2


@pytest.mark.parametrize("name", list(exchanges.CASES))
def test_with_a_shipped_driver(name):
    """Each driver brings its line back into step, and goes on."""
    found = exchanges.driver(name, 150, 5)
    assert found["wrong"] == 0
    assert found["answered"] >= 130
    assert found["spoilt"] >= 20
