"""The rounds of a run: the brain is asked, and what it answers is committed."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from labloop.campaign.decisions import Event, MachineState, NothingToPropose, Propose, RoundPlanned
from labloop.campaign.definition import CampaignSpec
from labloop.campaign.execution import job_of
from labloop.campaign.loop.brain_thread import BrainThread
from labloop.campaign.loop.experiments import RunExperiments
from labloop.campaign.loop.hooks import Hooks
from labloop.campaign.loop.proposing import RoundAnswer, RoundRequest, commit_round
from labloop.campaign.progress import Pace, standing_wishes
from labloop.errors import BrainError, SpaceError, SpaceExhaustedError
from labloop.records import CampaignRecord, ExperimentState, Repositories

if TYPE_CHECKING:
    from labloop.brain import Strategy


class RunRounds:
    """Asks the brain for rounds in a thread of its own, and commits what it answers.

    Args:
        spec: the campaign's definition.
        record: the campaign.
        repositories: where rounds are committed.
        strategy: what proposes.
        hooks: what an engine puts around each call.
        actor: who is written on each row.
        answer: receives each answer, in the brain's thread.
    """

    def __init__(
        self,
        spec: CampaignSpec,
        record: CampaignRecord,
        repositories: Repositories,
        strategy: "Strategy",
        hooks: Hooks,
        actor: str,
        answer: Callable[[RoundAnswer], None],
    ) -> None:
        self._spec = spec
        self._record = record
        self._repositories = repositories
        self._strategy = strategy
        self._hooks = hooks
        self._actor = actor
        self._wishes = standing_wishes(repositories.commands.all(record.id))
        self._asked: RoundRequest | None = None
        """The newest request; the answer to an older one is not wanted any more."""
        self._pace = Pace()
        self._thread = BrainThread(answer)

    def ask(self, effect: Propose, state: MachineState, experiments: RunExperiments) -> None:
        """Ask the brain for a round; the answer comes later."""
        awaiting = {job.experiment_id for job in state.awaiting}
        begun = state.running | state.uncertain | awaiting | state.waiting.keys()
        request = RoundRequest(
            record=self._record,
            index=effect.round_index,
            n=effect.n,
            data=experiments.dataset.data,
            pending=experiments.points(begun),
            fixed=self._wishes.fixed or None,
            avoid=self._wishes.avoid,
        )
        self._asked = request
        self._pace.asked(time.monotonic())
        self._thread.ask(
            request,
            lambda: self._hooks.propose(
                request.index, lambda: request.ask_strategy(self._strategy, self._spec)
            ),
        )

    def commit(
        self, answer: RoundAnswer, state: MachineState, experiments: RunExperiments
    ) -> Event | None:
        """Commit an answer and return what follows from it; None where nobody wants it any more."""
        if not state.proposing or answer.asked is not self._asked:
            return None
        approval = self._spec.approval
        try:
            rows = commit_round(
                self._repositories,
                answer,
                # By now: a person may have added experiments while the brain computed.
                first_number=state.next_number,
                actor=self._actor,
                legal=self._spec.space.validate,
                state=ExperimentState.AWAITING if approval else ExperimentState.PLANNED,
            )
        except SpaceExhaustedError as error:
            return NothingToPropose(f"{error}{self._while_wished()}")
        except BrainError as error:
            return NothingToPropose(str(error), failed=True)
        except SpaceError as error:
            # The space was changed in a file, and has no place for what was wished before.
            if not self._wishes.told:
                raise
            return NothingToPropose(f"{error}{self._while_wished()}", failed=True)
        wells = (proposal.well for proposal in answer.proposals().proposals)
        jobs = tuple(job_of(row, well) for row, well in zip(rows, wells, strict=True))
        experiments.add(jobs)
        self._pace.planned(len(jobs), by_model=any(p.model for p in answer.proposals().proposals))
        return RoundPlanned(jobs)

    def change(self, spec: CampaignSpec, strategy: "Strategy") -> None:
        """Ask a strategy of another definition from now on."""
        self._spec, self._strategy = spec, strategy

    def redirect(self) -> None:
        """Ask from now on for what persons wish by now."""
        self._wishes = standing_wishes(self._repositories.commands.all(self._record.id))

    def _while_wished(self) -> str:
        """Return what persons wish, where nothing can be proposed, and how it is lifted."""
        if not self._wishes.told:
            return ""
        way = f"labloop command {self._record.name} lift all"
        return f", while persons ask for {'; '.join(self._wishes.told)} (to lift it: {way})"

    def seconds_left(self, now: float, state: MachineState, used: float) -> float | None:
        """Return the wall seconds that the rest takes, see :meth:`Pace.seconds_left`."""
        return self._pace.seconds_left(now, state, used)

    def close(self) -> None:
        """Ask nothing further; what the brain still computes is not waited for."""
        self._thread.close()
