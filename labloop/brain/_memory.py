"""What a planner remembers: what was asked for, told, corrected and withdrawn."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from labloop.brain._table import rows_of, table_of
from labloop.brain._wishes import own_proposal
from labloop.brain.observations import Rows, read_results, told_curves, told_sd
from labloop.errors import BrainError
from labloop.objectives import Objectives
from labloop.records import (
    CurveData,
    Dataset,
    Observation,
    Point,
    PointValue,
    Proposal,
    finite,
    make_experiment_id,
)
from labloop.space import SearchSpace

if TYPE_CHECKING:
    import pandas as pd


class Memory:
    """Experiments of a planner: pending ones, and observations.

    Args:
        space: where experiments may go.
        objective: what is wanted of the outputs.
        campaign_id: from which experiments are named.
    """

    def __init__(self, space: SearchSpace, objective: Objectives, campaign_id: str) -> None:
        self.space = space
        self.objective = objective
        self.campaign_id = campaign_id
        self._observations: list[Observation] = []
        self._superseded: list[Observation] = []
        self._pending: dict[str, Proposal] = {}
        self._refused: list[Point] = []
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

    def add(self, point: Point, why: str = "a person's own") -> str:
        """Return the id of an experiment of one's own, which is pending from now on.

        Raises:
            SpaceError: the point is not legal.
        """
        return self._register(own_proposal(self.space.validate(point), why))[0]

    def replace(self, experiment_id: str, point: Point, why: str = "a person's choice") -> Proposal:
        """Put another point in the place of a pending proposal; its id stays.

        Raises:
            BrainError: the id is not pending.
            SpaceError: the point is not legal; the proposal stays as it was.
        """
        if not isinstance(experiment_id, str) or experiment_id not in self._pending:
            raise self._unknown(experiment_id)
        before = self._pending[experiment_id]
        made = own_proposal(
            self.space.validate(point), f"{why}, in the place of {_in_words(before.point)}"
        )
        self._pending[experiment_id] = made
        self._refused.append(before.point)
        return made

    def tell(
        self,
        experiment_id: str,
        outputs: Mapping[str, float | None] | None,
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
            outputs: name -> value in the output's unit, None for an output that was not
                measured; None in place of all where the experiment failed.
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
        told = self._checked(experiment_id, outputs)
        if before is None:
            asked = reached = self._pending[experiment_id].point
        else:
            asked, reached = before.asked or before.point, before.point
        if point is not None:
            reached = self.space.placed(point, asked)
        made = Observation(
            experiment_id,
            reached,
            asked=None if reached == asked else asked,
            outputs=told,
            sd=told_sd(sd, outputs, experiment_id),
            curves={} if outputs is None else told_curves(curves, experiment_id),
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

    def drop(self, experiment_id: str) -> None:
        """Give up a proposal that was never carried out, or withdraw a result.

        Raises:
            BrainError: the id was never asked for, or was dropped before.
        """
        if not isinstance(experiment_id, str):
            raise BrainError(f"drop takes the id that ask gave, got {experiment_id!r:.100}")
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
        return rows_of(self._observations, self.objective)

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
        best, rows = self.best(), self.records()
        title = f"{self.objective}: {len(rows)} told, {len(self._pending)} pending"
        return table_of(rows, best.experiment_id if best else None, title)

    def _register(self, proposal: Proposal) -> tuple[str, Proposal]:
        self._count += 1
        experiment_id = make_experiment_id(self.campaign_id, self._count)
        self._pending[experiment_id] = proposal
        return experiment_id, proposal

    def _checked(
        self, experiment_id: str, outputs: Mapping[str, float | None] | None
    ) -> dict[str, float]:
        """Return the outputs that were measured; raises BrainError."""
        if outputs is None:
            return {}
        if not isinstance(outputs, Mapping):
            raise BrainError(
                f"experiment {experiment_id} was told {outputs!r:.200}; tell a mapping such as "
                "{'yield': 61.5}, or None where the experiment failed"
            )
        missing = [name for name in self.objective.outputs if name not in outputs]
        if missing:
            raise BrainError(
                f"experiment {experiment_id} was told {sorted(outputs)}, but the objective needs "
                f"{missing}; tell them too, as None where they were not measured, or tell None in "
                "place of all where the experiment failed"
            )
        told = {name: value for name, value in outputs.items() if value is not None}
        if not any(name in told for name in self.objective.outputs):
            raise BrainError(
                f"experiment {experiment_id} was told None for every output that the objective "
                "needs; tell one of them, or tell None in place of all where the experiment failed"
            )
        for name, value in told.items():
            finite(value, f"output {name!r} of experiment {experiment_id}")
        return {name: float(value) for name, value in told.items()}

    def _unknown(self, experiment_id: str) -> BrainError:
        return BrainError(
            f"experiment {experiment_id!r} is not pending; pending are "
            f"{sorted(self._pending) or 'none'}"
        )


def _in_words(point: Point) -> str:
    return ", ".join(
        f"{name}={value:.5g}" if isinstance(value, float) else f"{name}={value}"
        for name, value in point.items()
    )
