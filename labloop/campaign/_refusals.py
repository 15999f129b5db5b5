"""Why a name cannot be used anew, and why changed files cannot be gone on with."""

from collections.abc import Mapping

from labloop.campaign._bundle import Definition, difference
from labloop.campaign._dataset import build_dataset
from labloop.campaign._words import resume_words
from labloop.errors import CampaignError, SpaceError
from labloop.records import CampaignRecord, Repositories
from labloop.space import SearchSpace


def check_change(
    repositories: Repositories, record: CampaignRecord, definition: Definition
) -> None:
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
    stored, now = record.spec.get("outputs"), definition.bundle.spec["outputs"]
    if stored != now:
        raise CampaignError(
            f"the changed file measures other outputs ({stored} -> {now}), so what was measured "
            "would not fit; begin another campaign with: labloop run FILE --new"
        )
    try:
        build_dataset(repositories, record.id, spec.space)
    except SpaceError as error:
        raise CampaignError(
            f"the changed file leaves out what was measured already: {error}; widen its space, or "
            "begin another campaign with: labloop run FILE --new"
        ) from error


def taken(repositories: Repositories, existing: CampaignRecord, definition: Definition) -> str:
    """Return why a name cannot be used anew, with the two ways on."""
    name, mode = existing.name, existing.mode.value
    changed = difference(repositories.campaigns.bundle(existing.id), definition.bundle)
    first = (
        f"a {mode} campaign called {name!r} exists with another definition ({'; '.join(changed)})"
        if changed
        else f"a {mode} campaign called {name!r} exists ({existing.state.value})"
    )
    way = resume_words(existing, repositories)
    return f"{first}; go on with it by '{way}', or begin another by adding --new"
