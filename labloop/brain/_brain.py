"""Ask for experiments, tell what came out: a strategy with a memory."""

from collections.abc import Mapping, Sequence

from labloop.brain._resolve import resolve_strategy
from labloop.brain._strategy import Strategy
from labloop.errors import BrainError
from labloop.objectives import Aim, Objectives
from labloop.records import (
    CurveData,
    Dataset,
    Observation,
    Point,
    Proposal,
    ProposalBatch,
    derive_seed,
    finite,
    make_campaign_id,
    make_experiment_id,
)
from labloop.space import SearchSpace


class Brain:
    """A planner without a database or a lab.

    Example::

        brain = Brain(SearchSpace(Continuous("x", 0, 1)), Maximize("y"))
        for _ in range(20):
            for number, proposal in brain.ask():
                brain.tell(number, {"y": measure(proposal.point["x"])})
        print(brain.best())

    Args:
        space: where experiments may go.
        objective: one aim, several, or ``Objectives``.
        strategy: a name (``auto``, ``sobol``, ``random``, ``skopt``, ``botorch``, ``hybrid``)
            or an object.
        physics: what is known of the mechanism, for strategies that use it.
        seed: chooses among the courses the campaign may take.
        campaign_id: the same one gives the same proposals; made from ``seed`` if left out.
    """

    def __init__(
        self,
        space: SearchSpace,
        objective: "Aim | Sequence[Aim] | Objectives",
        strategy: str | Strategy = "auto",
        physics: object | None = None,
        seed: int = 0,
        campaign_id: str | None = None,
    ) -> None:
        self.space = space
        self.objective = Objectives.of(objective)
        self.strategy = resolve_strategy(strategy, physics)
        self.campaign_id = campaign_id or make_campaign_id("brain", "simulated", seed)
        self.last: ProposalBatch | None = None
        """The newest batch, with the state of the model and its alarms."""
        self._observations: list[Observation] = []
        self._pending: dict[str, Proposal] = {}
        self._refused: list[Point] = []
        self._round = -1
        self._count = 0

    @property
    def data(self) -> Dataset:
        """Everything told so far."""
        return Dataset(tuple(self._observations))

    @property
    def pending(self) -> Mapping[str, Proposal]:
        """What was asked for and is neither told nor dropped, by experiment id."""
        return dict(self._pending)

    def ask(self, n: int = 1, attempt: int = 0) -> list[tuple[str, Proposal]]:
        """Return ``n`` experiment ids with proposals, which are pending from now on.

        Args:
            n: how many to carry out together.
            attempt: 0 opens a new round; 1, 2, ... asks in the current round once more, with
                another seed, after some of its proposals were dropped: these are not
                proposed again in this round.

        Raises:
            BrainError: ``n`` or ``attempt`` cannot be used.
            SpaceExhaustedError: no legal point is left.
        """
        if attempt < 0 or (attempt > 0 and self._round < 0):
            raise BrainError(
                f"attempt={attempt} asks for another answer in a round that is not open; "
                "ask with attempt=0 first"
            )
        round_index = self._round if attempt else self._round + 1
        refused = self._refused if attempt else []
        pending = [proposal.point for proposal in self._pending.values()] + refused
        seed = derive_seed(self.campaign_id, round_index, attempt)
        batch = self.strategy.propose(self.space, self.objective, self.data, pending, n, seed)
        self._round, self._refused, self.last = round_index, refused, batch
        return [self._register(proposal) for proposal in batch.proposals]

    def tell(
        self,
        experiment_id: str,
        outputs: Mapping[str, float] | None,
        *,
        sd: Mapping[str, float] | None = None,
        point: Point | None = None,
        curves: Mapping[str, CurveData] | None = None,
    ) -> None:
        """Take in the result of an experiment.

        Args:
            experiment_id: from ``ask``.
            outputs: name -> value in the output's unit; None where the experiment failed.
            sd: standard deviations of the values, where they are known.
            point: the conditions that were reached, where they differ from the proposal;
                they may lie outside of the space.
            curves: name -> measured curve; physics that predicts it learns from it.

        Raises:
            BrainError: the id is not pending, or an output is missing.
        """
        asked = self._pending.get(experiment_id)
        if asked is None:
            raise self._unknown(experiment_id)
        self._check_outputs(experiment_id, outputs)
        del self._pending[experiment_id]
        reached = asked.point if point is None else self.space.placed(point)
        self._observations.append(
            Observation(
                experiment_id,
                reached,
                asked=None if reached == asked.point else asked.point,
                outputs={} if outputs is None else {k: float(v) for k, v in outputs.items()},
                sd={} if sd is None else dict(sd),
                curves={} if curves is None or outputs is None else dict(curves),
                failed=outputs is None,
            )
        )

    def drop(self, experiment_id: str) -> None:
        """Give up a proposal that was never carried out; raises BrainError for an unknown id."""
        if experiment_id not in self._pending:
            raise self._unknown(experiment_id)
        self._refused.append(self._pending.pop(experiment_id).point)

    def best(self) -> Observation | None:
        """Return the best experiment seen, or None; under noise it flatters.

        With several aims the best compromise among those that break no threshold.
        """
        return self.objective.best_seen(self.data)

    def front(self) -> tuple[Observation, ...]:
        """Return the experiments that break no threshold and that none beats in every aim."""
        return self.objective.pareto(self.data)

    def _register(self, proposal: Proposal) -> tuple[str, Proposal]:
        self._count += 1
        experiment_id = make_experiment_id(self.campaign_id, self._count)
        self._pending[experiment_id] = proposal
        return experiment_id, proposal

    def _check_outputs(self, experiment_id: str, outputs: Mapping[str, float] | None) -> None:
        if outputs is None:
            return
        if not isinstance(outputs, Mapping):
            raise BrainError(
                f"experiment {experiment_id} was told {outputs!r:.200}; tell a mapping such as "
                "{'yield': 61.5}, or None where the experiment failed"
            )
        missing = [name for name in self.objective.outputs if name not in outputs]
        if missing:
            raise BrainError(
                f"experiment {experiment_id} was told {sorted(outputs)}, but the objective needs "
                f"{missing}; tell them too, or tell None where the experiment failed"
            )
        for name, value in outputs.items():
            finite(value, f"output {name!r} of experiment {experiment_id}")

    def _unknown(self, experiment_id: str) -> BrainError:
        return BrainError(
            f"experiment {experiment_id!r} is not pending; pending are "
            f"{sorted(self._pending) or 'none'}"
        )
