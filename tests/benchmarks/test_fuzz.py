"""A short version of the search for odd input: a sentence for each, never a traceback."""

import pytest

from benchmarks.trials.fuzz import KINDS, measure
from labloop.errors import DatabaseUnusableError, LabFileError
from labloop.lab import load_lab_file
from labloop.store.schema.encode import from_time

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


def test_what_the_search_has_found_stays_mended(tmp_path):
    """Lists in lists without end in a lab file, a time that is none in a database."""
    path = tmp_path / "lab.toml"
    path.write_text("a = " + "[" * 3000)
    with pytest.raises(LabFileError, match="without end"):
        load_lab_file(path)
    with pytest.raises(DatabaseUnusableError, match="is no time"):
        from_time(2**62)
