"""The search of one round: which points, one after another or together, under one fitted model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from botorch.acquisition.acquisition import AcquisitionFunction
from torch import Tensor

from labloop.brain.acquisition import (
    Acquisition,
    AcquisitionContext,
    Effort,
    FailureModel,
    Joint,
    Optimum,
    Weighted,
    best_in_list,
    best_in_space,
    constrained,
    improvement,
    knows_constraints,
    names_of,
    stack,
    values_at,
    worthwhile_repeat,
)
from labloop.brain.observations import exhausted, open_candidates
from labloop.brain.strategies.together import Together
from labloop.errors import BrainError
from labloop.objectives import Objectives
from labloop.records import Dataset, Point
from labloop.space import Layout, SearchSpace
from labloop.surrogates import FittedSurrogate, GPModel, TrainingData, spread_of

LEADERS = 4
"""So many of the best results are searched from."""
_JOINT_LEADERS = 32
_SAME = 1e-9


@dataclass(frozen=True, slots=True)
class Chosen:
    """A point that is asked for, with why."""

    optimum: Optimum
    acquisition: str
    place: int = 0
    purpose: str = ""
    """What it is for, where the prediction does not tell."""


def row_of(space: SearchSpace, point: Point) -> Tensor:
    """Return the encoded row of a point."""
    return torch.as_tensor(space.encode([point])[0], dtype=torch.float64)


@dataclass(frozen=True, slots=True)
class Search:
    """One batch: the same surrogate, an acquisition function for each point."""

    acquisition: Acquisition
    space: SearchSpace
    objective: Objectives
    data: Dataset
    training: TrainingData
    fitted: FittedSurrogate
    seed: int
    failures: FailureModel | None
    effort: Effort | None = None
    incomplete: int = 0
    """How many results the model learned from beside ``training``, which lack an output."""
    replicates: bool = False
    """Whether an experiment is repeated where that tells more than a new point."""

    def choose(self, seen: Sequence[Point], waiting: list[Tensor], n: int) -> list[Chosen]:
        """Return up to ``n`` points, best first."""
        candidates = self.space.candidates()
        if candidates is None:
            return self._anywhere(list(seen), waiting, n)
        mask = open_candidates(candidates, seen, strict=self.space.nonrepeatable)
        rows = torch.from_numpy(np.array(candidates.encoded))
        chosen: list[Chosen] = []
        for k in range(n):
            built, name = self._build(waiting, k)
            best = best_in_list(built, rows, mask, self.seed + k)
            if best is None:
                break
            mask[best] = False
            value = float(values_at(built, rows[best : best + 1])[0])
            waiting = [*waiting, rows[best]]
            chosen.append(Chosen(Optimum(candidates.point(best), rows[best], value), name))
        return chosen

    def with_repeat(self, chosen: list[Chosen], waiting: Sequence[Tensor]) -> list[Chosen]:
        """Return a batch whose last point gives way to a repeat, where that tells more.

        While nothing was repeated the best is, once: from results that all lie apart nobody can
        tell noise from hills.
        """
        known = [o for o in self.data.observations if not o.failed and self.space.contains(o.point)]
        if not self.replicates or self.space.nonrepeatable or not chosen or not known:
            return chosen
        rows = torch.stack([row_of(self.space, o.point) for o in known])
        again = len(torch.unique(torch.cat([rows, *(w[None] for w in waiting)]), dim=0))
        context = self._context([*waiting, *(c.optimum.row for c in chosen[:-1])], 0)
        new = chosen[-1].optimum.row if again < len(rows) + len(waiting) else None
        found = worthwhile_repeat(context, context.baseline[context.feasible], new, waiting)
        if found is None:
            return chosen
        away = (rows - found.row).abs().amax(1)
        same = known[int(away.argmin())]
        if float(away.min()) > _SAME:
            return chosen
        why = "how much its repeat differs" if new is None else "it may not be the best"
        purpose = f"to learn the noise: {same.experiment_id} once more, {why}"
        optimum = Optimum(same.point, found.row, found.gain)
        return [*chosen[:-1], Chosen(optimum, "knowledge gradient", chosen[-1].place, purpose)]

    @property
    def joins(self) -> bool:
        """Whether large batches may be chosen together: the acquisition is labloop's own."""
        return self.acquisition is improvement

    @property
    def _log_weight(self) -> Callable[[Tensor], Tensor] | None:
        """What is added to each point's logarithmic worth in a batch that is chosen together."""
        failures, effort = self.failures, self.effort
        if effort is None:
            return None if failures is None else failures.log_weight

        def weight(x: Tensor) -> Tensor:
            works = 0.0 if failures is None else failures.log_weight(x)
            return works + effort.log_weight(x, None)

        return weight

    def choose_together(
        self, seen: Sequence[Point], waiting: list[Tensor], layout: Layout
    ) -> list[Chosen]:
        """Return a point for each place of a layout, chosen by what all are worth together."""
        joint = Joint(self._context(waiting, 0), self._log_weight, len(layout.places))
        picked = Together(
            joint,
            self.space,
            seen,
            self._leaders(_JOINT_LEADERS).numpy(),
            layout,
            self.seed,
            slow=not isinstance(self.fitted.model, GPModel),
        ).pick()
        if not picked:
            raise exhausted(self.space.size or 0)
        return [
            Chosen(
                Optimum(one.point, torch.from_numpy(one.row), float("nan")), joint.label, one.place
            )
            for one in picked
        ]

    def _anywhere(self, seen: list[Point], waiting: list[Tensor], n: int) -> list[Chosen]:
        leaders = self._leaders(LEADERS)
        chosen: list[Chosen] = []
        for k in range(n):
            built, name = self._build(waiting, k)
            optimum = best_in_space(built, self.space, seen, leaders, self.seed + k)
            seen.append(optimum.point)
            waiting = [*waiting, optimum.row]
            chosen.append(Chosen(optimum, name))
        return chosen

    def _leaders(self, most: int) -> Tensor:
        """Return the rows of the best results, ``most`` at most."""
        rows, outputs = self._inside
        order = self.objective.best_first(outputs.numpy())
        return rows[torch.from_numpy(order[:most])]

    @property
    def _inside(self) -> tuple[Tensor, Tensor]:
        """Rows and outputs of the results within the bounds, all of them where none is.

        A result beyond teaches the model, but nothing that may be proposed competes with it.
        """
        rows, outputs = self.training.encoded, self.training.outputs
        inside = ((rows >= 0.0) & (rows <= 1.0)).all(1)
        return (rows[inside], outputs[inside]) if inside.any() else (rows, outputs)

    def _context(self, waiting: Sequence[Tensor], k: int) -> AcquisitionContext:
        rows, outputs = self._inside
        return AcquisitionContext(
            model=self.fitted.model,
            over=self.fitted.over,
            baseline=rows,
            scores=self.objective.scores(outputs),
            objectives=self.objective,
            feasible=torch.from_numpy(self.objective.keeps(outputs.numpy())),
            spread=spread_of(self.training.outputs),
            slacks=self.fitted.slacks,
            pending=stack(waiting),
            seed=self.seed + k,
        )

    def _build(self, waiting: Sequence[Tensor], k: int) -> tuple[AcquisitionFunction, str]:
        context = self._context(waiting, k)
        if context.over == "scores" and self.objective.constraints:
            raise BrainError(
                f"the surrogate {self.fitted.name!r} models scores, not outputs, so it cannot tell "
                "whether an outcome constraint is kept; use one that models outputs"
            )
        built = self.acquisition(context)
        name = names_of(self.acquisition, built)
        if self.objective.constraints and not knows_constraints(self.acquisition):
            built = constrained(context, built, name)
        if self.failures is not None and getattr(built, "_log", False):
            built = Weighted(built, self.failures.log_weight)
        if self.effort is not None and getattr(built, "_log", False):
            before, effort = (waiting[-1] if waiting else None), self.effort
            built = Weighted(built, lambda x: effort.log_weight(x, before))
        return built, name
