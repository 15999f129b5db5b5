"""Experiments as they are planned, and as they are carried out."""

from collections.abc import Sequence

from labloop.records import (
    CampaignRecord,
    ExperimentJob,
    ExperimentRecord,
    ExperimentState,
    Origin,
    Repositories,
)


def planned_record(
    job: ExperimentJob,
    record: CampaignRecord,
    *,
    origin: Origin,
    actor: str,
    proposal_index: int | None = None,
    state: ExperimentState = ExperimentState.PLANNED,
) -> ExperimentRecord:
    """Return the row of an experiment that is about to be planned (or to wait for approval)."""
    return ExperimentRecord(
        id=job.experiment_id,
        campaign_id=record.id,
        number=job.number,
        mode=record.mode,
        state=state,
        origin=origin,
        point=job.point,
        round_index=job.round_index,
        proposal_index=proposal_index,
        actor=actor,
    )


def job_of(row: ExperimentRecord, well: str = "") -> ExperimentJob:
    """Return the job that carries a stored experiment out, in its well where it has one."""
    return ExperimentJob(
        experiment_id=row.id,
        number=row.number,
        round_index=row.round_index,
        point=row.point,
        well=well,
    )


def wells_of(
    repositories: Repositories, campaign_id: str, rows: Sequence[ExperimentRecord]
) -> dict[str, str]:
    """Return the well of each of some experiments that stand on a plate, by id."""
    if not any(row.proposal_index is not None for row in rows):
        return {}
    rounds = {record.index: record.proposals for record in repositories.rounds.all(campaign_id)}
    found: dict[str, str] = {}
    for row in rows:
        if row.round_index in rounds and row.proposal_index is not None:
            proposals = rounds[row.round_index]
            if row.proposal_index < len(proposals) and proposals[row.proposal_index].well:
                found[row.id] = proposals[row.proposal_index].well
    return found
