"""What a changed definition means for a stored campaign, and what is said of a taken name."""

from collections.abc import Mapping, Sequence
from typing import Any

from labloop.campaign.definition import (
    CampaignSpec,
    Definition,
    bundle_differences,
    changed,
    item_changes,
    trust_bundle,
)
from labloop.campaign.execution import Analysis
from labloop.campaign.progress import actual_point, resume_command, standing_wishes
from labloop.errors import AnalysisError, CampaignError, SpaceError
from labloop.records import CampaignRecord, Command, ExperimentState, Json, Point, Repositories
from labloop.space import SearchSpace


def check_change(record: CampaignRecord, definition: Definition) -> None:
    """Raise CampaignError where changed files are another campaign than the stored one."""
    spec = definition.spec
    if spec.name != record.name:
        raise CampaignError(
            f"the changed file is of campaign {spec.name!r}, and {record.name!r} is to go on; "
            "name its own file"
        )
    space = record.spec["space"]
    before = SearchSpace.from_spec(space).parameters if isinstance(space, Mapping) else ()
    units = {p.name: p.unit for p in before}
    other = [n for n, unit in spec.units.items() if n in units and unit != units[n]]
    if other:
        raise CampaignError(
            f"the changed file gives {', '.join(other)} in another unit, so what was measured "
            "would be read wrongly; keep the unit, or begin another with: labloop run FILE --new"
        )
    if units and not units.keys() & spec.units.keys():
        raise CampaignError(
            f"the changed file varies {', '.join(spec.units)}, and campaign {record.name!r} "
            f"{', '.join(units)}: that is another one; give it another name, or add --new"
        )
    measured = [
        line
        for line in item_changes(
            _measured(record.spec.get("outputs")), _measured(definition.bundle.spec["outputs"])
        )
        if ":" in line
    ]
    if measured:
        raise CampaignError(
            f"the changed file measures other outputs ({'; '.join(measured)}), so what was "
            "measured would be read wrongly; give it another name there, or begin another "
            "campaign by adding --new"
        )


def _measured(outputs: Json) -> list[dict[str, Json]]:
    """Return what outputs are measured as; their bounds only say what is expected."""
    listed: Any = outputs or ()
    return [{k: v for k, v in output.items() if k != "bounds"} for output in listed]


def update_bundle(
    repositories: Repositories, record: CampaignRecord, definition: Definition, actor: str
) -> list[str]:
    """Store what a campaign goes on with, where that differs; return the differences in words."""
    campaigns = repositories.campaigns
    lines = bundle_differences(campaigns.bundle(record.id), definition.bundle)
    if lines:
        campaigns.add_bundle(record.id, definition.bundle, actor).result()
        trust_bundle(definition.bundle)
    return lines


def change_definition(
    repositories: Repositories, record: CampaignRecord, definition: Definition, asked: Command
) -> tuple[Definition, list[str]]:
    """Return what a campaign goes on with after a command that changes it; it is stored.

    A command that was carried out when a process ended, and not answered, changes nothing twice.

    Returns:
        The new definition, and sentences: what is different, what becomes of the results.

    Raises:
        LabloopError: it is no definition, or results would teach nothing any more; nothing was
            stored.
    """
    words: Any = asked.arguments.get("words") or {}
    if asked.sequence in {change["command"] for change in definition.changes}:
        return definition, describe_set_aside(repositories, record.id, definition.spec)
    made = changed(definition, words, asked.sequence)
    _check_results(repositories, record.id, definition.spec, made.spec)
    wishes = standing_wishes(repositories.commands.all(record.id))
    made.spec.space.restricted(wishes.fixed, wishes.avoid)
    made.spec.resolve()
    lines = update_bundle(repositories, record, made, asked.actor)
    return made, [*lines, *describe_set_aside(repositories, record.id, made.spec)]


def _check_results(
    repositories: Repositories, campaign_id: str, before: CampaignSpec, after: CampaignSpec
) -> None:
    """Raise CampaignError where a change would take away what an experiment teaches."""
    lost = [
        row.number
        for row in repositories.experiments.all(campaign_id)
        if row.state is not ExperimentState.ABANDONED
        and _has_place(row.point, before.space)
        and not _has_place(row.point, after.space)
    ]
    if lost:
        raise CampaignError(
            f"{_numbered(lost)} without a place in the changed space, so nothing would be learned "
            "from it; keep the space, and say what is wanted from now on: labloop command NAME "
            "avoid, or fix"
        )
    new = {output.name for output in after.outputs} - {output.name for output in before.outputs}
    done = repositories.experiments.all(campaign_id, {ExperimentState.DONE})
    raw = repositories.experiments.raw(done[-1].id) if new and done and after.procedure else None
    if raw is not None:
        try:
            Analysis(after).outputs(raw)
        except AnalysisError as error:
            raise CampaignError(
                f"experiment {done[-1].number} gives no {', '.join(sorted(new))}, and the next "
                f"ones would fail: {error}"
            ) from error


def _has_place(point: Point, space: SearchSpace) -> bool:
    try:
        space.placed(point, point)
    except SpaceError:
        return False
    return True


def describe_set_aside(
    repositories: Repositories, campaign_id: str, spec: CampaignSpec
) -> list[str]:
    """Return a sentence for results that a definition cannot use, or not as they were meant.

    All of them are kept. Told where a definition changes, so that nothing is ignored silently.
    """
    experiments = repositories.experiments
    outputs, actual = experiments.outputs(campaign_id), experiments.actual(campaign_id)
    lost: dict[str, tuple[str, list[int]]] = {}
    partly: dict[str, list[int]] = {}
    outside: list[int] = []
    for row in experiments.all(campaign_id, {ExperimentState.DONE}):
        lacking = [n for n in spec.objectives.outputs if n not in outputs.get(row.id, {})]
        try:
            point = actual_point(row.point, actual.get(row.id, {}), spec.space)
        except SpaceError as error:
            lost.setdefault("place", (str(error), []))[1].append(row.number)
            continue
        if lacking:
            names = ", ".join(lacking)
            if len(lacking) == len(spec.objectives.outputs):
                why = f"{names} is wanted and was not measured"
                lost.setdefault(why, (why, []))[1].append(row.number)
            else:
                partly.setdefault(names, []).append(row.number)
        elif not spec.space.contains(point):
            outside.append(row.number)
    sentences = [
        f"{_numbered(numbers)} kept and set aside, the brain learns nothing from it: {why}"
        for why, numbers in lost.values()
    ]
    sentences += [
        f"{_numbered(numbers)} without {names}, which is wanted: what was measured teaches a "
        "planner without physics, but is never the best"
        for names, numbers in partly.items()
    ]
    if outside:
        sentences.append(f"{_numbered(outside)} outside of the new space, and learned from")
    return sentences


def _numbered(numbers: Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:10])) + (", ..." if len(numbers) > 10 else "")
    return f"experiment {shown} is" if len(numbers) == 1 else f"experiments {shown} are"


def name_taken_message(
    repositories: Repositories, existing: CampaignRecord, definition: Definition
) -> str:
    """Return why a name cannot be used anew, with the two ways on."""
    name, mode = existing.name, existing.mode.value
    lines = bundle_differences(repositories.campaigns.bundle(existing.id), definition.bundle)
    first = (
        f"a {mode} campaign called {name!r} exists with another definition ({'; '.join(lines)})"
        if lines
        else f"a {mode} campaign called {name!r} exists ({existing.state.value})"
    )
    way = resume_command(existing, repositories)
    return f"{first}; go on with it by '{way}', or begin another by adding --new"
