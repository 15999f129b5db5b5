"""A short version of the search for odd input: a sentence for each, never a traceback."""

import pytest

from benchmarks.trials.fuzz import KINDS, measure

SHORT = {
    "definitions": 400,
    "labs": 100,
    "campaigns": 60,
    "tables": 15,
    "databases": 15,
    "arguments": 15,
}


@pytest.mark.filterwarnings("ignore::SyntaxWarning")
@pytest.mark.parametrize("kind", KINDS)
def test_odd_input_ends_in_a_sentence(kind):
    """The same cases at every run: none ends in a traceback, no number that is not finite."""
    assert measure(kind, SHORT[kind], seed=1) == []
