"""What a person sees of a running campaign, as one frozen value."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from labloop.campaign.decisions import MachineConfig, MachineState
from labloop.campaign.progress.dataset import LiveDataset
from labloop.campaign.progress.descriptions import (
    budget_fraction,
    describe_activity,
    describe_budget,
    open_question,
)
from labloop.records import Point


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Where a campaign stands right now; safe to read from any thread."""

    name: str
    mode: str
    doing: str = "starting"
    """What the campaign does now, in words."""
    round_index: int = 0
    finished: int = 0
    failed: int = 0
    running: tuple[int, ...] = ()
    """Numbers of the experiments in the lab."""
    waits: tuple[str, ...] = ()
    """What they wait for, who has that, and since when, a sentence each."""
    budget: str = ""
    fraction: float = 0.0
    """How much of the budget is used, 0 to 1."""
    best: Mapping[str, float] = field(default_factory=dict)
    """Outputs of the best experiment so far; empty before the first."""
    best_point: Point = field(default_factory=dict)
    best_number: int | None = None
    kept: str = ""
    """How many results keep thresholds and outcome constraints; empty where there are none."""
    question: str = ""
    """What waits for a person; empty where nothing does."""
    seconds: float = 0.0
    """Wall seconds since the campaign's process began."""
    seconds_left: float | None = None
    """Wall seconds that the rest of the budget takes, where there is evidence of the pace."""
    lab_hours: float = 0.0


def updated_snapshot(
    snapshot: Snapshot,
    config: MachineConfig,
    state: MachineState,
    measured: LiveDataset,
    *,
    where: str,
    waits: tuple[str, ...],
    doing: str,
    question: str,
) -> Snapshot:
    """Return ``snapshot`` as the campaign stands now.

    ``where`` experiments are carried out, and what they wait for there; ``doing`` and
    ``question`` where more is known than the state tells, else empty.
    """
    best, numbers = measured.best, measured.numbers
    running = sorted(numbers[key] for key in state.running if key in numbers)
    return replace(
        snapshot,
        doing=doing or describe_activity(state, running, where),
        round_index=state.next_round,
        finished=state.finished,
        failed=measured.failed,
        running=tuple(running),
        waits=waits,
        budget=describe_budget(config, state),
        fraction=budget_fraction(config, state),
        best=dict(best.outputs) if best else {},
        best_point=dict(best.point) if best else {},
        best_number=numbers.get(best.experiment_id) if best else None,
        kept=measured.kept,
        question=question or open_question(state),
    )
