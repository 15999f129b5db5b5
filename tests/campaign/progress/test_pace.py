"""The time left is judged by what rounds really take, and by nothing before there are any."""

import pytest

from labloop.campaign.decisions.state import MachineState
from labloop.campaign.progress.pace import Pace


def state(finished, in_flight=1, **given):
    """Return where a campaign stands."""
    running = frozenset(str(i) for i in range(in_flight))
    return MachineState(finished=finished, running=running, **given)


def after(rounds):
    """Return a pace after rounds of (seconds, experiments, by a model), and the time then."""
    pace, now = Pace(), 0.0
    for seconds, count, by_model in rounds:
        pace.asked(now)
        pace.planned(count, by_model=by_model)
        now += seconds
    pace.asked(now)
    return pace, now


DESIGN = [(0.1, 1, False)] * 5


@pytest.mark.parametrize("rounds", [[], DESIGN, [*DESIGN, (31.0, 1, True)], [(0.4, 4, False)]])
def test_nothing_is_said_before_there_is_evidence(rounds):
    """Neither a quick starting design nor the one cold round of a model tells a pace."""
    pace, now = after(rounds)
    assert pace.seconds_left(now, state(len(rounds)), len(rounds) / 24) is None


def test_a_cold_round_is_no_pace():
    """One that took half a minute among those of two seconds does not count."""
    pace, now = after([*DESIGN, (31.0, 1, True), (2.0, 1, True), (2.2, 1, True)])
    assert pace.seconds_left(now, state(8), 8 / 30) == pytest.approx(22 * 2.2, rel=0.15)


def test_what_has_passed_of_a_round_is_taken_off():
    """The time left falls while a round goes on, and never below what follows it."""
    pace, now = after([(10.0, 5, True)] * 3)
    told = [pace.seconds_left(now + t, state(15, 5), 0.3) for t in (0, 4, 10, 60)]
    assert told == pytest.approx([70, 66, 60, 60])


def test_slow_experiments_are_evidence_whoever_asked_for_them():
    """Beside hours in the lab a model's thoughts weigh little."""
    pace, now = after([(3600.0, 1, False)] * 2)
    assert pace.seconds_left(now, state(2), 0.2) == pytest.approx(8 * 3600)


def test_a_strategy_without_a_model_has_a_pace_as_well():
    """Longer than any starting design, its own rounds count."""
    pace, now = after([(0.5, 1, False)] * 13)
    assert pace.seconds_left(now, state(13), 0.13) == pytest.approx(87 * 0.5)


def test_nothing_is_left_at_the_end():
    """A campaign that ends, or whose budget is used up, has no time left."""
    pace, now = after([(1.0, 1, True)] * 4)
    assert pace.seconds_left(now, state(4, ending="enough"), 0.4) is None
    assert pace.seconds_left(now, state(10, 0), 1.0) is None
