"""A planner that goes on in another space, or with another aim: what becomes of its results."""

from collections.abc import Mapping, Sequence

from labloop.errors import BrainError, SpaceError
from labloop.objectives import Objectives
from labloop.records import Observation, Proposal
from labloop.space import SearchSpace


def check_change(before: SearchSpace, after: SearchSpace) -> None:
    """Raise BrainError where results of one space would be read wrongly in another one."""
    if not isinstance(after, SearchSpace):
        raise BrainError(f"change(space=...) takes a SearchSpace, got {after!r:.100}")
    units = {p.name: p.unit for p in before.parameters}
    other = {p.name: p.unit for p in after.parameters if p.name in units}
    wrong = [name for name, unit in other.items() if unit != units[name]]
    if wrong:
        raise BrainError(
            f"the new space gives {', '.join(wrong)} in another unit, so what was measured would "
            "be read wrongly; keep the unit, or begin another planner"
        )
    if not other:
        raise BrainError(
            f"the new space varies {', '.join(after.names)}, and what was told varies "
            f"{', '.join(before.names)}: begin another planner, and tell_past what fits"
        )


def what_becomes_of(
    observations: Sequence[Observation],
    pending: Mapping[str, Proposal],
    space: SearchSpace,
    objective: Objectives,
) -> list[str]:
    """Return a sentence for what teaches nothing any more, or lies outside; all of it is kept."""
    lost: dict[str, list[str]] = {}
    partly: dict[str, list[str]] = {}
    outside: list[str] = []
    for one in observations:
        lacking = [n for n in objective.outputs if not one.failed and n not in one.outputs]
        try:
            space.encode([one.point])
        except SpaceError as error:
            lost.setdefault(str(error), []).append(one.experiment_id)
            continue
        if lacking:
            names = ", ".join(lacking)
            if len(lacking) == len(objective.outputs):
                why = f"{names} is wanted and was not told"
                lost.setdefault(why, []).append(one.experiment_id)
            else:
                partly.setdefault(names, []).append(one.experiment_id)
        elif not space.contains(one.point):
            outside.append(one.experiment_id)
    told = [f"{_counted(ids)} kept and set aside: {why}" for why, ids in lost.items()]
    told += [
        f"{_counted(ids)} without {names}, which is wanted: what was told teaches a planner "
        "without physics, but is never the best"
        for names, ids in partly.items()
    ]
    if outside:
        told.append(f"{_counted(outside)} outside of the new space, and learned from")
    gone = [name for name, one in pending.items() if not space.contains(one.point)]
    if gone:
        told.append(
            f"{_counted(gone)} under way and not legal any more: tell what comes of it, or drop it"
        )
    return told


def _counted(ids: Sequence[str]) -> str:
    shown = ", ".join(ids[:5]) + (", ..." if len(ids) > 5 else "")
    return f"experiment {shown} is" if len(ids) == 1 else f"{len(ids)} experiments ({shown}) are"
