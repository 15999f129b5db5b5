"""Bayesian optimisation: any surrogate, any BoTorch acquisition function, any space."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import torch
from botorch.acquisition.acquisition import AcquisitionFunction
from torch import Tensor

from labloop.brain.acquisition import (
    Acquisition,
    AcquisitionContext,
    Effort,
    EffortRule,
    FailureModel,
    Joint,
    Optimum,
    Weighted,
    best_in_list,
    best_in_space,
    constrained,
    failures_told,
    finished,
    improvement,
    knows_constraints,
    learned_data,
    learned_effort,
    learned_failures,
    names_of,
    purpose_of,
    stack,
    summarize_fit,
    training_data,
    values_at,
    worthwhile_repeat,
)
from labloop.brain.observations import (
    EvaluatedPoints,
    check_count,
    evaluated_points,
    exhausted,
    isolated,
    legal,
    open_candidates,
    usable,
)
from labloop.brain.strategies.initial import initial_count
from labloop.brain.strategies.sampling import fill_plate, space_filling
from labloop.brain.strategies.together import Together
from labloop.errors import BrainError
from labloop.objectives import Objectives
from labloop.records import (
    Dataset,
    Point,
    Proposal,
    ProposalBatch,
)
from labloop.space import Layout, SearchSpace
from labloop.surrogates import (
    FittedSurrogate,
    GPFactory,
    GPModel,
    SurrogateFactory,
    TrainingData,
    spread_of,
)

_LEADERS = 4
_ONE_BY_ONE = 8
"""Larger batches are chosen together, from joint draws of the model."""
_JOINT_LEADERS = 32
_SAME = 1e-9

Replicates: TypeAlias = Literal["never", "auto"]


def check_replicates(replicates: object) -> None:
    """Raise BrainError where it is neither ``never`` nor ``auto``."""
    if replicates not in ("never", "auto"):
        raise BrainError(f"replicates must be 'never' or 'auto', got {replicates!r}")


@dataclass(frozen=True, slots=True)
class _Chosen:
    optimum: Optimum
    acquisition: str
    place: int = 0
    purpose: str = ""
    """What it is for, where the prediction does not tell."""


class BotorchStrategy:
    """Fits a surrogate, maximises an acquisition function, one point of a batch after another.

    More than eight points are chosen together, from joint draws of the model (see ``Joint``).

    Lists (pools, and products up to 1e6 points) are scored whole, or searched from a sample
    where that takes too long (see ``best_in_list``); boxes are climbed by gradients; everything
    else is searched by legal mutations. Each point of a batch takes
    those before it, and everything under way, as pending. Where experiments failed, the
    chance of another failure is learned and lowers the acquisition.

    A new acquisition function takes a few lines::

        from botorch.acquisition.monte_carlo import qUpperConfidenceBound

        def optimist(context):
            return qUpperConfidenceBound(
                context.model,
                beta=4.0,
                sampler=context.sampler(),
                objective=context.objective,
                X_pending=context.pending,
            )

        strategy = BotorchStrategy(acquisition=optimist)

    Args:
        model: fits the surrogate; Gaussian processes, kernels chosen by leave-one-out, if left out.
        acquisition: builds the acquisition function; see ``improvement`` for the default.
        initial: how many results to wait for before the first model; by the space if left out.
        name: what proposals call the strategy.
        replicates: ``"auto"`` repeats an experiment where that tells more of which one is best
            than a new point does: at most one a batch. For one aim that is no target.
    """

    def __init__(
        self,
        model: SurrogateFactory | None = None,
        acquisition: Acquisition | None = None,
        *,
        initial: int | None = None,
        name: str = "botorch",
        replicates: Replicates = "never",
    ) -> None:
        check_replicates(replicates)
        self.replicates = replicates
        self.name = name
        self.model: SurrogateFactory = GPFactory() if model is None else model
        self.acquisition: Acquisition = improvement if acquisition is None else acquisition
        self.initial = initial
        self.effort: EffortRule | None = None
        """What proposals are to be worth most of; see ``CampaignSpec.per``."""

    def propose(
        self,
        space: SearchSpace,
        objective: Objectives,
        data: Dataset,
        pending: Sequence[Point],
        n: int,
        seed: int,
    ) -> ProposalBatch:
        """Return the points that promise most; see ``Strategy.propose``."""
        check_count(n)
        return self._propose(space, objective, data, pending, Layout.free(n), seed)[0]

    def propose_plate(
        self,
        space: SearchSpace,
        objective: Objectives,
        data: Dataset,
        pending: Sequence[Point],
        layout: Layout,
        seed: int,
    ) -> tuple[ProposalBatch, list[int]]:
        """Return the points of a plate, and in which place of its layout each stands."""
        return self._propose(space, objective, data, pending, layout, seed)

    @property
    def no_plates(self) -> str:
        """Why no plate can be planned; empty where one can."""
        if self.acquisition is improvement:
            return ""
        return "its acquisition function values points one by one; leave acquisition= out"

    def _propose(
        self,
        space: SearchSpace,
        objective: Objectives,
        data: Dataset,
        pending: Sequence[Point],
        layout: Layout,
        seed: int,
    ) -> tuple[ProposalBatch, list[int]]:
        began = time.perf_counter()
        seen = evaluated_points(space, data, pending)
        wait = initial_count(space) if self.initial is None else self.initial
        training = training_data(space, objective, data, seed)
        learned = learned_data(self.model, training, data)
        if training is None or learned is None or finished(data, learned) + len(pending) < wait:
            return _begin(self.name, space, seen, layout, seed, wait)
        with isolated(seed):
            fitted = self.model.fit(learned)
            failures = learned_failures(space, objective, data, wait)
            effort = learned_effort(self.effort, space, data.observations)
            search = _Search(
                self.acquisition,
                space,
                objective,
                data,
                training,
                fitted,
                seed,
                failures,
                effort,
                len(learned.outputs) - len(training.outputs),
                self.replicates == "auto",
            )
            return _ask(self.name, search, seen.points, pending, layout, began)


def _begin(
    name: str, space: SearchSpace, seen: EvaluatedPoints, layout: Layout, seed: int, wait: int
) -> tuple[ProposalBatch, list[int]]:
    """Return points that fill the space, while there are too few results for a model."""
    what = "plate" if layout.wells else "space"
    reason = f"to fill the {what} evenly: fewer than {wait} results, space-filling start"
    if layout.wells:
        pairs = fill_plate(space, seen, layout, seed)
    else:
        pairs = list(enumerate(space_filling(space, seen, len(layout.places), seed)))
    made = [Proposal(p, strategy=name, reason=reason, seed=seed) for _, p in pairs]
    return ProposalBatch(tuple(made)), [place for place, _ in pairs]


def _ask(
    name: str,
    search: "_Search",
    seen: Sequence[Point],
    pending: Sequence[Point],
    layout: Layout,
    began: float,
) -> tuple[ProposalBatch, list[int]]:
    """Return the points that a fitted model asks for, with their reasons and the fit's report.

    And the place of each in the layout.
    """
    space, training, fitted = search.space, search.training, search.fitted
    waiting = [_row(space, p) for p in legal(space, pending)]
    if layout.wells or (search.joins and len(layout.places) > _ONE_BY_ONE):
        chosen = search.choose_together(seen, waiting, layout)
    else:
        chosen = search.choose(seen, waiting, len(layout.places))
        chosen = search.with_repeat(chosen, waiting)
    known = usable(space, search.objective, search.data)
    away = f" and {search.incomplete} that lack an output" if search.incomplete else ""
    away += failures_told(space, search.data.observations)
    away += "" if search.effort is None else f"; {search.effort.told}"
    summary = summarize_fit(space, training, fitted, known, [c.optimum.row for c in chosen])
    proposals = tuple(
        Proposal(
            c.optimum.point,
            strategy=name,
            reason=(
                f"{c.purpose or purpose_of(search.objective, known, p)}: {c.acquisition} of "
                f"{fitted.name} on {len(training.outputs)} results{away}"
            ),
            model=fitted.name,
            acquisition=c.acquisition,
            acquisition_value=c.optimum.value if np.isfinite(c.optimum.value) else None,
            predicted=p,
            seed=search.seed,
        )
        for c, p in zip(chosen, summary.predicted, strict=True)
    )
    report = {
        **fitted.report,
        **summary.report,
        **({} if fitted.spent is None else fitted.spent()),
        "proposal_seconds": time.perf_counter() - began,
    }
    batch = ProposalBatch(proposals, fitted.state, fitted.alarms, report)
    return batch, [c.place for c in chosen]


def _row(space: SearchSpace, point: Point) -> Tensor:
    return torch.as_tensor(space.encode([point])[0], dtype=torch.float64)


@dataclass(frozen=True, slots=True)
class _Search:
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

    def choose(self, seen: Sequence[Point], waiting: list[Tensor], n: int) -> list[_Chosen]:
        """Return up to ``n`` points, best first."""
        candidates = self.space.candidates()
        if candidates is None:
            return self._anywhere(list(seen), waiting, n)
        mask = open_candidates(candidates, seen, strict=self.space.nonrepeatable)
        rows = torch.from_numpy(np.array(candidates.encoded))
        chosen: list[_Chosen] = []
        for k in range(n):
            built, name = self._build(waiting, k)
            best = best_in_list(built, rows, mask, self.seed + k)
            if best is None:
                break
            mask[best] = False
            value = float(values_at(built, rows[best : best + 1])[0])
            waiting = [*waiting, rows[best]]
            chosen.append(_Chosen(Optimum(candidates.point(best), rows[best], value), name))
        return chosen

    def with_repeat(self, chosen: list[_Chosen], waiting: Sequence[Tensor]) -> list[_Chosen]:
        """Return a batch whose last point gives way to a repeat, where that tells more.

        While nothing was repeated the best is, once: from results that all lie apart nobody can
        tell noise from hills.
        """
        known = [o for o in self.data.observations if not o.failed and self.space.contains(o.point)]
        if not self.replicates or self.space.nonrepeatable or not chosen or not known:
            return chosen
        rows = torch.stack([_row(self.space, o.point) for o in known])
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
        return [*chosen[:-1], _Chosen(optimum, "knowledge gradient", chosen[-1].place, purpose)]

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
    ) -> list[_Chosen]:
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
            _Chosen(
                Optimum(one.point, torch.from_numpy(one.row), float("nan")), joint.label, one.place
            )
            for one in picked
        ]

    def _anywhere(self, seen: list[Point], waiting: list[Tensor], n: int) -> list[_Chosen]:
        leaders = self._leaders(_LEADERS)
        chosen: list[_Chosen] = []
        for k in range(n):
            built, name = self._build(waiting, k)
            optimum = best_in_space(built, self.space, seen, leaders, self.seed + k)
            seen.append(optimum.point)
            waiting = [*waiting, optimum.row]
            chosen.append(_Chosen(optimum, name))
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
