"""One round: what the brain is asked, what it answers, and how that is committed."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labloop.campaign.definition import CampaignSpec, call_user_code
from labloop.campaign.execution import planned_record
from labloop.campaign.watching import name_experiments
from labloop.errors import BrainError, SpaceExhaustedError
from labloop.records import (
    CampaignRecord,
    Dataset,
    ExperimentJob,
    ExperimentRecord,
    ExperimentState,
    Origin,
    Point,
    ProposalBatch,
    Repositories,
    RoundRecord,
    derive_seed,
    make_experiment_id,
)
from labloop.space import Condition

if TYPE_CHECKING:
    from labloop.brain import Strategy


@dataclass(frozen=True, slots=True)
class RoundRequest:
    """What the brain is asked for, and what it may know: nothing later changes it."""

    record: CampaignRecord
    index: int
    n: int
    data: Dataset
    pending: tuple[Point, ...]
    """Points that were begun, or may have been, and have not yielded anything yet."""
    fixed: Condition | None = None
    """What a person wants all proposals to have."""
    avoid: tuple[Condition, ...] = ()
    """What a person wants none of them to have."""

    @property
    def seed(self) -> int:
        """The seed of the round: the same round asked again gives the same proposals."""
        return derive_seed(self.record.id, self.index)

    def ask_strategy(self, strategy: "Strategy", spec: CampaignSpec) -> ProposalBatch:
        """Return the strategy's answer; raises BrainError or SpaceExhaustedError."""

        def ask() -> ProposalBatch:
            from labloop.brain import propose_with  # noqa: PLC0415 - who looks at a campaign needs no brain

            return propose_with(
                strategy,
                spec.space,
                spec.objectives,
                self.data,
                self.pending,
                self.n,
                self.seed,
                fixed=self.fixed,
                avoid=self.avoid,
            )

        # An error of labloop's own strategies is a bug: it keeps its traceback.
        if isinstance(spec.strategy, str):
            return ask()
        batch = call_user_code(f"the strategy {strategy.name!r}", ask)
        if not isinstance(batch, ProposalBatch):
            raise BrainError(
                f"the strategy {strategy.name!r} returned {type(batch).__name__}, where a "
                "ProposalBatch is due; look at labloop.testing.strategies"
            )
        return batch


@dataclass(frozen=True, slots=True)
class RoundAnswer:
    """What came of a round that was asked for."""

    asked: RoundRequest
    batch: ProposalBatch | BaseException
    seconds: float
    """Wall seconds that the brain took."""

    def proposals(self) -> ProposalBatch:
        """Return the batch; raises what the brain raised, or SpaceExhaustedError for none."""
        if isinstance(self.batch, BaseException):
            raise self.batch
        if not self.batch.proposals:
            raise SpaceExhaustedError("the strategy has no further point to propose")
        return self.batch


def answer_request(asked: RoundRequest, call: Callable[[], ProposalBatch]) -> RoundAnswer:
    """Return what ``call`` gives for a round, or raises."""
    started = time.monotonic()
    batch: ProposalBatch | BaseException
    try:
        batch = call()
    except BaseException as error:  # noqa: BLE001 - raised again by whoever looks at the answer
        batch = error
    return RoundAnswer(asked, batch, time.monotonic() - started)


def commit_round(
    repositories: Repositories,
    answer: RoundAnswer,
    *,
    first_number: int,
    actor: str,
    legal: Callable[[Point], Point],
    state: ExperimentState = ExperimentState.PLANNED,
) -> list[ExperimentRecord]:
    """Store a round with its experiments in one transaction, and return these.

    Args:
        repositories: where to.
        answer: what the brain gave.
        first_number: number of the first new experiment.
        actor: who is written on each row.
        legal: turns a proposed point into the one that is carried out; raises SpaceError.
        state: PLANNED, or AWAITING a person's yes.

    Raises:
        BrainError: the brain could not propose.
        SpaceExhaustedError: it has no further point.
    """
    batch, asked = answer.proposals(), answer.asked
    rows = [
        planned_record(
            ExperimentJob(
                experiment_id=make_experiment_id(asked.record.id, first_number + i),
                number=first_number + i,
                round_index=asked.index,
                point=legal(proposal.point),
            ),
            asked.record,
            origin=Origin.PROPOSED,
            actor=actor,
            proposal_index=i,
            state=state,
        )
        for i, proposal in enumerate(batch.proposals)
    ]
    made = RoundRecord(
        campaign_id=asked.record.id,
        index=asked.index,
        seed=asked.seed,
        data_hash=asked.data.fingerprint(),
        proposals=batch.proposals,
        state=batch.state,
        fit_report=batch.fit_report,
        seconds=answer.seconds,
    )
    repositories.rounds.commit(made, rows).result()
    for alarm in batch.alarms:
        # Nobody waits for these: the writer commits them behind the round.
        named = name_experiments(alarm, asked.data, asked.record.name)
        repositories.alarms.add(asked.record.id, named, round_index=asked.index)
    return rows
