"""What carries experiments out is opened for one run, and closed however the run ends."""

import pytest
from campaign_toys import create, write

from labloop.campaign.runs.handle import RunHandle
from labloop.campaign.runs.opening import RunContext, open_execution


def context(repositories, campaign, handle):
    """Return the context of a run of ``campaign``."""
    return RunContext(
        repositories=repositories,
        record=campaign.record,
        definition=campaign.definition,
        actor="me",
        speed="max",
        world_seed=campaign.record.seed,
        renewed=(),
        unsettled=False,
        handle=handle,
        on_alarm=lambda alarm: None,
    )


def test_a_lab_is_open_inside_of_the_block_and_safe_after(repositories, tmp_path):
    """Devices answer inside; an error in the block does not keep the box from being made safe."""
    campaign = create(repositories, write(tmp_path, "budget=Budget(experiments=1)"))
    handle = RunHandle()

    def fail():
        with open_execution(context(repositories, campaign, handle)) as execution:
            assert handle.activity().keys() == {"box"}
            assert execution.hold is not None
            assert execution.now() >= 0.0
            raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        fail()
    told = [line for line in handle.truth.lines() if " > " in line]
    assert told[-1].endswith(b"SET 0\n".hex())


FUNCTION = """
from labloop import Budget, CampaignSpec, Continuous, Maximize, Scalar, SearchSpace

def measure(x):
    return {"shown": x.level.magnitude}

campaign = CampaignSpec(
    "plain", SearchSpace(Continuous("level", 0, 8, unit="mL")),
    outputs=[Scalar("shown")], objective=Maximize("shown"), procedure=measure,
    budget=Budget(experiments=1),
)
"""


def test_a_function_has_no_lab_to_hold(repositories, tmp_path):
    """A plain function is stopped through its executor, and nothing is held meanwhile."""
    (tmp_path / "plain.py").write_text(FUNCTION)
    campaign = create(repositories, tmp_path / "plain.py")
    handle = RunHandle()
    with open_execution(context(repositories, campaign, handle)) as execution:
        handle.stop("enough")
    assert execution.hold is None
    assert handle.activity() == {}
