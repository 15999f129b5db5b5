"""Where the loop stands, in words for a person."""

from labloop.campaign.decisions import MachineConfig, MachineState
from labloop.campaign.definition import CampaignSpec, name_of
from labloop.records import Point
from labloop.records import experiment_number as number_of


def describe_activity(state: MachineState, running: list[int], where: str = "in the lab") -> str:
    """Return what the campaign does now, in words; ``where`` experiments are carried out."""
    if state.over:
        return state.ending
    if running:
        return f"{where}: " + ", ".join(f"experiment {number}" for number in running)
    if state.paused or state.unresolved:
        return f"paused: {state.paused or state.unresolved}"
    if state.proposing:
        return f"the brain proposes round {state.next_round}"
    return "waiting" if state.awaiting or state.waiting else "between rounds"


_SHOWN = 6
"""So many experiments that wait for approval are told with their conditions."""


def describe_executor(spec: CampaignSpec) -> str:
    """Return where experiments are carried out, in words."""
    return f"in {name_of(spec.procedure)}" if spec.is_function else "in the lab"


def describe_ending(spec: CampaignSpec, reason: str) -> str:
    """Return what is done between a stop and the end, in words."""
    if spec.is_function:
        return f"waiting for {name_of(spec.procedure)} to return: {reason}"
    return f"making the lab safe: {reason}"


def open_question(state: MachineState) -> str:
    """Return what waits for a person, for as long as it waits."""
    if state.paused or state.unresolved:
        return state.paused or state.unresolved
    if not state.awaiting:
        return late_results(state)
    shown = [f"{job.number} ({_conditions(job.point)})" for job in state.awaiting[:_SHOWN]]
    numbers = [str(job.number) for job in state.awaiting[_SHOWN:]]
    return f"approval of experiment {', '.join([*shown, *numbers])}"


def late_results(state: MachineState) -> str:
    """Return which experiments wait for which late results; empty where none does."""
    told = [f"experiment {number_of(key)} {why}" for key, why in state.waiting.items()]
    return "; ".join([*told[:_SHOWN], *([f"and {len(told) - _SHOWN} more"] * (len(told) > _SHOWN))])


def _conditions(point: Point) -> str:
    return ", ".join(
        f"{name}={value:.4g}" if isinstance(value, float) else f"{name}={value}"
        for name, value in point.items()
    )


def budget_fraction(config: MachineConfig, state: MachineState) -> float:
    """Return how much of the budget is used, 0 to 1; 0 without one."""
    budget = config.budget
    if budget is None:
        return 0.0
    shares = (
        (state.finished, budget.experiments),
        (state.lab_hours, budget.hours),
        (state.cost, budget.cost),
    )
    return min(1.0, max((used / limit for used, limit in shares if limit), default=0.0))


def describe_budget(config: MachineConfig, state: MachineState) -> str:
    """Return how much of which budget is used, in words; empty without one."""
    budget, parts = config.budget, []
    if budget is None:
        return ""
    if budget.experiments is not None:
        # A budget may be cut below what was done, as by a changed campaign file.
        if state.finished > budget.experiments:
            parts.append(f"{state.finished} experiments (budget {budget.experiments})")
        else:
            parts.append(f"{state.finished}/{budget.experiments} experiments")
    if budget.hours is not None:
        parts.append(f"{state.lab_hours:.1f}/{budget.hours:g} h of lab time")
    if budget.cost is not None:
        parts.append(f"{state.cost:g}/{budget.cost:g} cost")
    return ", ".join(parts)
