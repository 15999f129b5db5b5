"""What a procedure raises is told as a state: a doubt before any failure, also out of a group."""

import pytest

from labloop.campaign.execution.failing import state_and_reason
from labloop.errors import DeviceFaultError, UncertainError
from labloop.records import ExperimentState


@pytest.mark.parametrize(
    ("error", "state", "reason"),
    [
        (ValueError("no"), ExperimentState.FAILED, "ValueError: no"),
        (DeviceFaultError("hot"), ExperimentState.FAILED, "hot"),
        (
            ExceptionGroup("at once", [ValueError("no"), UncertainError("cut off")]),
            ExperimentState.UNCERTAIN,
            "cut off",
        ),
        (
            ExceptionGroup("at once", [ExceptionGroup("in", [DeviceFaultError("hot")])]),
            ExperimentState.FAILED,
            "hot",
        ),
    ],
)
def test_a_group_is_unfolded(error, state, reason):
    """The reason is that of the error inside, never that of the group around it."""
    assert state_and_reason(error) == (state, reason)
