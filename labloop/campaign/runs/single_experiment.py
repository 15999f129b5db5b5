"""A run of one experiment that a person wants, and of nothing else."""

from collections.abc import Sequence

from labloop.campaign.decisions import MachineState
from labloop.campaign.execution import planned_record
from labloop.errors import SpaceExhaustedError
from labloop.objectives import Objectives
from labloop.records import (
    CampaignRecord,
    Dataset,
    ExperimentJob,
    Origin,
    Point,
    ProposalBatch,
    Repositories,
    make_experiment_id,
)
from labloop.space import SearchSpace


class NoProposals:
    """The strategy of a run of one experiment: it never proposes anything."""

    name = "by-hand"

    def propose(
        self,
        space: SearchSpace,
        objective: Objectives,
        data: Dataset,
        pending: Sequence[Point],
        n: int,
        seed: int,
    ) -> ProposalBatch:
        """Raise SpaceExhaustedError, which ends the campaign's loop."""
        del space, objective, data, pending, n, seed
        raise SpaceExhaustedError("the experiment by hand has ended")


def plan_single_experiment(
    repositories: Repositories,
    record: CampaignRecord,
    state: MachineState,
    point: Point,
    actor: str,
) -> MachineState:
    """Store one planned experiment and return a state in which nothing else is to be done."""
    job = ExperimentJob(
        experiment_id=make_experiment_id(record.id, state.next_number),
        number=state.next_number,
        round_index=None,
        point=point,
    )
    row = planned_record(job, record, origin=Origin.MANUAL, actor=actor)
    repositories.experiments.add(row).result()
    return MachineState(
        ready=(job,), next_round=state.next_round, next_number=state.next_number + 1
    )
