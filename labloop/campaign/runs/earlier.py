"""What was carried out before in the same lab: of this campaign, and of others in its database."""

from collections.abc import Iterator

from labloop.campaign.definition import Definition
from labloop.campaign.execution import job_of, wells_of
from labloop.campaign.ordering import Carried
from labloop.campaign.runs.beginning import stored_definition
from labloop.errors import LabloopError
from labloop.lab import load_lab_file
from labloop.records import (
    CampaignRecord,
    ExperimentRecord,
    ExperimentState,
    Mode,
    Repositories,
)

_MOST_OTHERS = 3
"""Of so many other campaigns of a lab experiments are looked at, the newest."""


def carried_out(
    repositories: Repositories,
    definition: Definition,
    mode: Mode,
    record: CampaignRecord | None = None,
) -> list[Carried]:
    """Return what was carried out in the lab of a campaign, those of itself last.

    Args:
        repositories: where it is stored.
        definition: of the campaign.
        mode: of the experiments: durations of a simulated lab say nothing of a real one.
        record: the campaign, where it is stored already.
    """
    if definition.lab_file is None:
        return []
    found = [] if record is None else [_carried(repositories, definition, record)]
    lab = load_lab_file(definition.lab_file).lab.name
    for other in _others(repositories, lab, mode, record):
        found.insert(0, other)
    return [each for each in found if each.rows]


def _others(
    repositories: Repositories, lab: str, mode: Mode, record: CampaignRecord | None
) -> Iterator[Carried]:
    """Yield the newest other campaigns of a lab; what cannot be read says nothing."""
    own = None if record is None else record.id
    looked = [each for each in repositories.campaigns.all() if each.mode is mode and each.id != own]
    for each in looked[: -_MOST_OTHERS - 1 : -1]:
        try:
            definition = stored_definition(repositories, each)
            if definition.lab_file is None or definition.spec.recipe is None:
                continue
            if load_lab_file(definition.lab_file).lab.name == lab:
                yield _carried(repositories, definition, each)
        except LabloopError:
            continue


def _carried(repositories: Repositories, definition: Definition, record: CampaignRecord) -> Carried:
    rows = [row for row in repositories.experiments.all(record.id) if _is_measured(row)]
    wells = wells_of(repositories, record.id, rows)
    jobs = [job_of(row, wells.get(row.id, "")) for row in rows]
    return Carried(definition, rows, jobs, repositories.schedules.held(record.id))


def _is_measured(row: ExperimentRecord) -> bool:
    times = row.lab_started is not None and row.lab_finished is not None
    return times and row.state is ExperimentState.DONE
