"""Experiments as they are planned, and as they are carried out."""

from labloop.records import (
    CampaignRecord,
    ExperimentJob,
    ExperimentRecord,
    ExperimentState,
    Origin,
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


def job_of(row: ExperimentRecord) -> ExperimentJob:
    """Return the job that carries a stored experiment out."""
    return ExperimentJob(
        experiment_id=row.id, number=row.number, round_index=row.round_index, point=row.point
    )
