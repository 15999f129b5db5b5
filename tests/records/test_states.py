"""The legal moves of an experiment."""

from labloop.records import (
    EXPERIMENT_MOVES,
    ExperimentState,
)


def test_ended_experiments_do_not_move():
    """The table of moves covers every state, and no end has a way out."""
    assert set(EXPERIMENT_MOVES) == set(ExperimentState)
    ends = {state for state, moves in EXPERIMENT_MOVES.items() if not moves}
    assert ends == {ExperimentState.DONE, ExperimentState.FAILED, ExperimentState.ABANDONED}
    assert all(state not in moves for state, moves in EXPERIMENT_MOVES.items())
