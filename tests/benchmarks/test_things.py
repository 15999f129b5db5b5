"""Promise: what the benches of stock and samples measure holds in a short run, too."""

from benchmarks.things.samples import run
from benchmarks.things.stock import race


def test_a_race_with_a_kill_overdraws_and_loses_nothing(tmp_path):
    """Two processes, one of them killed in the middle."""
    found = race(2, 500, str(tmp_path / "lab.db"))
    assert (found["overdrawn"], found["lost"]) == (0, 0)
    assert found["lots_that_differ_from_their_ledger"] == 0
    assert found["given_to_those_that_lived"] + found["refused"] == 500


def test_samples_are_where_the_model_says_whatever_crashes():
    """A hundred steps."""
    assert run(100) >= 100
