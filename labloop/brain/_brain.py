"""Ask for experiments, tell what came out: a strategy with a memory."""

import os
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from labloop.brain._resolve import resolve_strategy
from labloop.brain._saved import (
    SCHEMA,
    observation_from,
    observation_json,
    proposal_from,
    proposal_json,
    read_saved,
    write_whole,
)
from labloop.brain.observations import Rows, read_results
from labloop.brain.strategies.base import Strategy
from labloop.brain.strategies.plates import on_plate
from labloop.errors import BrainError
from labloop.objectives import Aim, Objectives, OutcomeConstraint
from labloop.records import (
    CurveData,
    Dataset,
    Observation,
    Point,
    PointValue,
    Prediction,
    Proposal,
    ProposalBatch,
    derive_seed,
    finite,
    make_campaign_id,
    make_experiment_id,
)
from labloop.space import Plate, SearchSpace

if TYPE_CHECKING:
    import pandas as pd


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
        self.space = space
        self.objective = Objectives.of(objective, constraints)
        self.strategy = on_plate(resolve_strategy(strategy, physics), plate, space)
        self.plate, self._named = plate, strategy if isinstance(strategy, str) else None
        self._with_physics = physics is not None
        self.campaign_id = campaign_id or make_campaign_id("brain", "simulated", seed)
        self.last: ProposalBatch | None = None
        """The newest batch, with the state of the model and its alarms."""
        self._observations: list[Observation] = []
        self._superseded: list[Observation] = []
        self._pending: dict[str, Proposal] = {}
        self._refused: list[Point] = []
        self._round = -1
        self._count = 0

    @property
    def data(self) -> Dataset:
        """Everything told so far."""
        return Dataset(tuple(self._observations))

    @property
    def superseded(self) -> tuple[Observation, ...]:
        """What was told and corrected or dropped since, the oldest first."""
        return tuple(self._superseded)

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

        One that was told before is corrected by it: the newer result counts, in the place of
        the older one, which :attr:`superseded` keeps.

        Args:
            experiment_id: from ``ask``.
            outputs: name -> value in the output's unit; None where the experiment failed.
            sd: standard deviations of the values, where they are known.
            point: the conditions that were reached, where they differ from the proposal;
                they may lie outside of the space.
            curves: name -> measured curve; physics that predicts it learns from it.

        Raises:
            BrainError: the id was never asked for or was dropped, or an output is missing.
        """
        if not isinstance(experiment_id, str):
            raise BrainError(
                "tell takes the id that ask gave, then the outputs: tell(id, {'y': 1.0}); got "
                f"{experiment_id!r} in place of the id. Results that were not asked for are told "
                "by tell_past([{'x': 0.5, 'y': 1.0}])"
            )
        place = self._place(experiment_id)
        before = None if place is None else self._observations[place]
        if before is None and experiment_id not in self._pending:
            raise self._unknown(experiment_id)
        self._check_outputs(experiment_id, outputs)
        if before is None:
            asked = reached = self._pending[experiment_id].point
        else:
            asked, reached = before.asked or before.point, before.point
        if point is not None:
            reached = self.space.placed(point)
        made = Observation(
            experiment_id,
            reached,
            asked=None if reached == asked else asked,
            outputs={} if outputs is None else {k: float(v) for k, v in outputs.items()},
            sd={} if sd is None else dict(sd),
            curves={} if curves is None or outputs is None else dict(curves),
            failed=outputs is None,
        )
        if place is None or before is None:
            del self._pending[experiment_id]
            self._observations.append(made)
        elif made.digest != before.digest:
            self._superseded.append(before)
            self._observations[place] = made

    def tell_past(self, rows: Rows) -> list[str]:
        """Take in results that were not asked for, such as those of last year.

        Args:
            rows: ``[{"x": 0.5, "y": 1.0}, ...]``, ``{"x": [0.5], "y": [1.0]}`` or a data frame:
                the parameters of the space in their units and the outputs. A row whose aims
                are all None or NaN failed; other columns of words are not read.

        Returns:
            The ids that the experiments were given.

        Raises:
            BrainError: with the first row that means nothing; then none is taken in.
        """
        taken = []
        for point, outputs in read_results(self.space, self.objective, rows):
            self._count += 1
            taken.append(make_experiment_id(self.campaign_id, self._count))
            self._observations.append(
                Observation(taken[-1], point, outputs=outputs or {}, failed=outputs is None)
            )
        return taken

    def predict(self, points: Sequence[Point] | Point) -> list[Mapping[str, Prediction]]:
        """Return what a measurement at each point should give, with 90 % intervals.

        Raises:
            BrainError: nothing was told that a model could learn from.
            SpaceError: a point has no place in the space.
        """
        from labloop.brain._predict import predict  # noqa: PLC0415 - loads torch

        wanted = [points] if isinstance(points, Mapping) else list(points)
        seed = derive_seed(self.campaign_id, self._round + 1, 0)
        return predict(self.strategy, self.space, self.objective, self.data, wanted, seed)

    def drop(self, experiment_id: str) -> None:
        """Give up a proposal that was never carried out, or withdraw a result.

        Raises:
            BrainError: the id was never asked for, or was dropped before.
        """
        place = self._place(experiment_id)
        if place is not None:
            self._superseded.append(self._observations.pop(place))
            return
        if experiment_id not in self._pending:
            raise self._unknown(experiment_id)
        self._refused.append(self._pending.pop(experiment_id).point)

    def _place(self, experiment_id: str) -> int | None:
        """Return where among the observations an experiment stands."""
        ids = (one.experiment_id for one in self._observations)
        return next((i for i, one in enumerate(ids) if one == experiment_id), None)

    def best(self) -> Observation | None:
        """Return the best experiment seen that is feasible, or None; under noise it flatters.

        Feasible is what breaks no threshold and no outcome constraint. With several aims it
        is the best compromise.
        """
        return self.objective.best_seen(self.data)

    def front(self) -> tuple[Observation, ...]:
        """Return the feasible experiments that none beats in every aim."""
        return self.objective.pareto(self.data)

    def records(self) -> list[dict[str, PointValue | None]]:
        """Return a row for each experiment told: id, conditions, outputs, whether it failed.

        And whether it is feasible, where there are thresholds or outcome constraints.
        """
        names = dict.fromkeys(name for o in self._observations for name in o.outputs)
        return [
            {
                "experiment": o.experiment_id,
                **o.point,
                **{name: o.outputs.get(name) for name in names},
                "failed": o.failed,
                **self._feasible(o),
            }
            for o in self._observations
        ]

    def _feasible(self, one: Observation) -> dict[str, PointValue | None]:
        if not self.objective.demands:
            return {}
        complete = all(name in one.outputs for name in self.objective.outputs)
        return {"feasible": not self.objective.breaks(one.outputs) if complete else None}

    def to_pandas(self) -> "pd.DataFrame":
        """Return :meth:`records` as a data frame; raises BrainError where pandas is missing."""
        try:
            import pandas as pd  # noqa: PLC0415 - no part of what labloop needs
        except ModuleNotFoundError as error:
            raise BrainError(
                "a data frame needs pandas, which is not installed: pip install pandas; "
                "records() returns the rows without it"
            ) from error
        return pd.DataFrame(self.records())

    def _repr_html_(self) -> str:
        rows = self.records()
        best = self.best()
        chosen = best.experiment_id if best else None
        head = "".join(f"<th>{escape(name)}</th>" for name in (rows[0] if rows else ()))
        body = "".join(
            f"<tr{' style=font-weight:600' if row['experiment'] == chosen else ''}>"
            + "".join(f"<td>{escape(_shown(value))}</td>" for value in row.values())
            + "</tr>"
            for row in rows
        )
        told = f"{escape(str(self.objective))}: {len(rows)} told, {len(self._pending)} pending"
        return f"<p>{told}</p><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

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
    ) -> "Brain":
        """Return the planner that :meth:`save` wrote.

        Args:
            path: the file.
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
        made = cls(
            SearchSpace.from_spec(kept["space"]),
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


def _shown(value: PointValue | None) -> str:
    return "" if value is None else f"{value:.5g}" if isinstance(value, float) else str(value)
