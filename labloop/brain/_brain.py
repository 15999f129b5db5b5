"""Ask for experiments, tell what came out: a strategy with a memory."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from labloop.brain._changed import check_change, what_becomes_of
from labloop.brain._memory import Memory
from labloop.brain._rank import RankedCandidate, rank_candidates
from labloop.brain._resolve import check_fits, resolve_strategy
from labloop.brain._saved import (
    SCHEMA,
    observation_from,
    observation_json,
    proposal_from,
    proposal_json,
    read_saved,
    write_whole,
)
from labloop.brain._wishes import Avoid, propose_with
from labloop.brain.observations import Rows, read_points
from labloop.brain.strategies.base import Strategy
from labloop.brain.strategies.plates import on_plate
from labloop.errors import BrainError
from labloop.objectives import Aim, Objectives, OutcomeConstraint
from labloop.records import (
    Point,
    Prediction,
    Proposal,
    ProposalBatch,
    derive_seed,
    list_of,
    make_campaign_id,
)
from labloop.space import Condition, Plate, SearchSpace


class Brain(Memory):
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
        strategy: a name (``auto``, ``sobol``, ``random``, ``skopt``, ``botorch``, ``hybrid``;
            ``baybe``, ``ax``, ``bofire``, ``optuna``) or an object.
        physics: what is known of the mechanism, for strategies that use it.
        seed: chooses among the courses the campaign may take.
        campaign_id: the same one gives the same proposals; made from ``seed`` if left out.
        constraints: what measured outputs must keep, such as
            ``[OutcomeConstraint("impurity", at_most=5)]``.
        plate: wells and their rules; then ``ask(96)`` proposes a plate, a well each.
    """

    def __init__(
        self,
        space: SearchSpace,
        objective: "Aim | Sequence[Aim] | Objectives",
        strategy: str | Strategy = "auto",
        physics: object | None = None,
        seed: int = 0,
        campaign_id: str | None = None,
        constraints: Sequence[OutcomeConstraint] = (),
        plate: Plate | None = None,
    ) -> None:
        named = campaign_id or make_campaign_id("brain", "simulated", seed)
        super().__init__(space, Objectives.of(objective, constraints), named)
        chosen = resolve_strategy(strategy, physics)
        check_fits(chosen, space, self.objective)
        self.strategy = on_plate(chosen, plate, space)
        self.plate, self._named = plate, strategy if isinstance(strategy, str) else None
        self._with_physics = physics is not None
        self.last: ProposalBatch | None = None
        """The newest batch, with the state of the model and its alarms."""
        self._round = -1

    def ask(
        self,
        n: int = 1,
        attempt: int = 0,
        *,
        fixed: Condition | None = None,
        avoid: Avoid = None,
    ) -> list[tuple[str, Proposal]]:
        """Return ``n`` experiment ids with proposals, which are pending from now on.

        Args:
            n: how many to carry out together.
            attempt: 0 opens a new round; 1, 2, ... asks in the current round once more, with
                another seed, after some of its proposals were dropped: these are not
                proposed again in this round.
            fixed: what all proposals have: ``{"solvent": "DMF", "temperature": (40, 60)}``, a
                value, a list of values, or a range of each parameter.
            avoid: what none of them has: one such combination, or a list of them.

        Raises:
            BrainError: ``n`` or ``attempt`` cannot be used.
            SpaceError: no legal point is as was asked.
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
        batch = propose_with(
            self.strategy,
            self.space,
            self.objective,
            self.data,
            pending,
            n,
            seed,
            fixed=fixed,
            avoid=avoid,
        )
        self._round, self._refused, self.last = round_index, refused, batch
        return [self._register(proposal) for proposal in batch.proposals]

    def rank(self, candidates: Rows) -> list[RankedCandidate]:
        """Return candidates of a person in the order in which they are worth doing, with reasons.

        Nothing becomes pending: what is chosen of them is added by :meth:`add`.

        Args:
            candidates: ``[{"x": 0.5}, ...]``, ``{"x": [0.5, ...]}`` or a data frame; columns
                that are no parameters are not read.

        Raises:
            BrainError: no candidates, or more than 300 of them.
        """
        seed = derive_seed(self.campaign_id, self._round + 1, 0)
        pending = [proposal.point for proposal in self._pending.values()]
        points = read_points(self.space, candidates)
        return rank_candidates(
            self.strategy, self.space, self.objective, self.data, pending, points, seed
        )

    def change(
        self,
        *,
        space: SearchSpace | None = None,
        objective: "Aim | Sequence[Aim] | Objectives | None" = None,
        constraints: Sequence[OutcomeConstraint] | None = None,
    ) -> list[str]:
        """Go on in another space or with other aims from the next question on.

        Wider or narrower bounds, a level, a parameter, an aim or an outcome constraint more or
        less: all that was told is kept, and teaches where it has a place.

        Args:
            space: the new space; the old one if left out.
            objective: the new aims; the old ones if left out.
            constraints: the new outcome constraints; the old ones if left out.

        Returns:
            Sentences of what lies outside now or is set aside, and of what is under way.

        Raises:
            BrainError: nothing of the new space is in the old one, or in another unit; nothing
                was changed then.
        """
        new = self.space if space is None else space
        aims = self.objective.aims if objective is None else objective
        kept = self.objective.constraints if constraints is None else constraints
        given = isinstance(objective, Objectives) and constraints is None
        wanted = Objectives.of(aims, () if given else kept)
        check_change(self.space, new)
        new.refuse_outputs(wanted.outputs)
        if self.plate is not None:
            self.plate.check(new)
        self.space, self.objective = new, wanted
        return what_becomes_of(self._observations, self._pending, new, wanted)

    def predict(self, points: Sequence[Point] | Point) -> list[Mapping[str, Prediction]]:
        """Return what a measurement at each point should give, with 90 % intervals.

        Raises:
            BrainError: nothing was told that a model could learn from.
            SpaceError: a point has no place in the space.
        """
        from labloop.brain._predict import predict  # noqa: PLC0415 - loads torch

        one = [points] if isinstance(points, Mapping) else points
        wanted = list_of(one, "what predict is asked for", "[{'x': 0.5}, {'x': 0.7}]", BrainError)
        seed = derive_seed(self.campaign_id, self._round + 1, 0)
        return predict(self.strategy, self.space, self.objective, self.data, wanted, seed)

    def save(self, path: "str | os.PathLike[str]") -> None:
        """Write everything to a JSON file, from which :meth:`load` goes on with the same bits.

        Raises:
            BrainError: the file cannot be written.
        """
        write_whole(
            Path(path),
            {
                "schema": SCHEMA,
                "campaign_id": self.campaign_id,
                "space": self.space.spec(),
                "objective": self.objective.spec(),
                "plate": None if self.plate is None else self.plate.spec(),
                "strategy": self._named,
                "physics": self._with_physics,
                "round": self._round,
                "count": self._count,
                "refused": [dict(point) for point in self._refused],
                "pending": {key: proposal_json(one) for key, one in self._pending.items()},
                "observations": [observation_json(one) for one in self._observations],
            },
        )

    @classmethod
    def load(
        cls,
        path: "str | os.PathLike[str]",
        *,
        strategy: Strategy | None = None,
        physics: object | None = None,
        space: SearchSpace | None = None,
    ) -> "Brain":
        """Return the planner that :meth:`save` wrote.

        Args:
            path: the file.
            space: the space where it has a constraint that is a function, which no file holds.
            strategy: the strategy where it was an object, which no file holds.
            physics: the physics where there was one, which is code.

        Raises:
            BrainError: no such file, or what it cannot hold was not given.
        """
        kept = read_saved(Path(path))
        chosen = strategy or kept["strategy"]
        if chosen is None:
            raise BrainError("the planner had a strategy of its own; give load(..., strategy=...)")
        if kept["physics"] and physics is None and strategy is None:
            raise BrainError("the planner knew physics, which is code; give load(..., physics=...)")
        found = SearchSpace.from_spec(kept["space"])
        if space is None and found.code_missing:
            raise BrainError(
                f"the space has the constraint {' and '.join(map(repr, found.code_missing))}, a "
                "function, which is code; give load(..., space=...)"
            )
        if space is not None and space != found:
            raise BrainError(
                "the space given is another one than that of the planner saved; give the same to "
                "load(..., space=...), and change it afterwards"
            )
        made = cls(
            space or found,
            Objectives.from_spec(kept["objective"]),
            chosen,
            physics,
            campaign_id=kept["campaign_id"],
            plate=Plate.from_spec(kept["plate"]) if kept.get("plate") else None,
        )
        made._round, made._count, made._refused = kept["round"], kept["count"], kept["refused"]
        made._pending = {key: proposal_from(one) for key, one in kept["pending"].items()}
        made._observations = [observation_from(one) for one in kept["observations"]]
        return made
