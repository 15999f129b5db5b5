"""Where the loop stands, in words for a person."""

import shlex

from labloop.campaign.decisions import MachineConfig, MachineState
from labloop.campaign.definition import CampaignSpec, name_of
from labloop.records import CampaignRecord, Mode, Point, Repositories


def resume_command(record: CampaignRecord, repositories: Repositories) -> str:
    """Return what is typed, in any folder, to go on with a campaign; a real lab is named.

    One that was begun in a notebook goes on there: no file could be loaded elsewhere.
    """
    if not repositories.campaigns.bundle(record.id).entry:
        return "labloop.run(campaign, resume=True)"
    real = " --real" if record.mode is Mode.REAL and not is_function_campaign(record) else ""
    return f"labloop resume {record.name}{real}{database_option(repositories)}"


def is_function_campaign(record: CampaignRecord) -> bool:
    """Return whether a plain function carries a stored campaign out."""
    return bool(record.spec.get("procedure")) and not record.spec.get("lab")


def mode_label(record: CampaignRecord) -> str:
    """Return what carries a stored campaign out: its mode, or the function by name."""
    return (
        f"function {record.spec['procedure']}"
        if is_function_campaign(record)
        else record.mode.value
    )


def database_option(repositories: Repositories) -> str:
    """Return the option that names the database, with a space before it.

    Nothing where its password is not shown: who reads that gave the URL, or has it in LABLOOP_DB.
    """
    return "" if repositories.typed is None else f" --db {shlex.quote(repositories.typed)}"


def describe_activity(state: MachineState, running: list[int], where: str = "in the lab") -> str:
    """Return what the campaign does now, in words; ``where`` experiments are carried out."""
    if state.over:
        return state.ending
    if running:
        return f"{where}: " + ", ".join(f"experiment {number}" for number in running)
    if state.paused or state.doubt:
        return f"paused: {state.paused or state.doubt}"
    if state.proposing:
        return f"the brain proposes round {state.next_round}"
    return "waiting" if state.awaiting else "between rounds"


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
    if state.paused or state.doubt:
        return state.paused or state.doubt
    if not state.awaiting:
        return ""
    shown = [f"{job.number} ({_conditions(job.point)})" for job in state.awaiting[:_SHOWN]]
    numbers = [str(job.number) for job in state.awaiting[_SHOWN:]]
    return f"approval of experiment {', '.join([*shown, *numbers])}"


def _conditions(point: Point) -> str:
    return ", ".join(
        f"{name}={value:.4g}" if isinstance(value, float) else f"{name}={value}"
        for name, value in point.items()
    )


def budget_fraction(config: MachineConfig, state: MachineState) -> float:
    """Return how much of the budget is used, 0 to 1."""
    budget = config.budget
    shares = (
        (state.finished, budget.experiments),
        (state.lab_hours, budget.hours),
        (state.cost, budget.cost),
    )
    return min(1.0, max((used / limit for used, limit in shares if limit), default=0.0))


def describe_budget(config: MachineConfig, state: MachineState) -> str:
    """Return how much of which budget is used, in words."""
    budget = config.budget
    parts = []
    if budget.experiments is not None:
        parts.append(f"{state.finished}/{budget.experiments} experiments")
    if budget.hours is not None:
        parts.append(f"{state.lab_hours:.1f}/{budget.hours:g} h of lab time")
    if budget.cost is not None:
        parts.append(f"{state.cost:g}/{budget.cost:g} cost")
    return ", ".join(parts)
