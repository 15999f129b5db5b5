"""Bayesian optimisation: any surrogate, any BoTorch acquisition function, any space."""

import time
from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np

from labloop.brain.acquisition import (
    Acquisition,
    EffortRule,
    failures_told,
    finished,
    improvement,
    learned_data,
    learned_effort,
    learned_failures,
    purpose_of,
    summarize_fit,
    training_data,
)
from labloop.brain.observations import (
    EvaluatedPoints,
    check_count,
    evaluated_points,
    isolated,
    legal,
    usable,
)
from labloop.brain.strategies.initial import initial_count
from labloop.brain.strategies.sampling import fill_plate, space_filling
from labloop.brain.strategies.search import Search, row_of
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
    GPFactory,
    SurrogateFactory,
)

_ONE_BY_ONE = 8
"""Larger batches are chosen together, from joint draws of the model."""

Replicates: TypeAlias = Literal["never", "auto"]


def check_replicates(replicates: object) -> None:
    """Raise BrainError where it is neither ``never`` nor ``auto``."""
    if replicates not in ("never", "auto"):
        raise BrainError(f"replicates must be 'never' or 'auto', got {replicates!r}")


class BotorchStrategy:
    """Fits a surrogate, maximises an acquisition function, one point of a batch after another.

    More than eight points are chosen together, from joint draws of the model (see ``Joint``).

    Lists (pools, and products up to 1e6 points) are scored whole, or searched from a sample
    where that takes too long (see ``best_in_list``); boxes are climbed by gradients, from
    16 numbers on searched by moves of few of them; everything else is searched by legal
    mutations. Each point of a batch takes those before it, and everything under way, as pending.
    Where experiments failed, the chance of another failure is learned and lowers the acquisition.

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
            failures = learned_failures(space, objective, data)
            effort = learned_effort(self.effort, space, data.observations)
            search = Search(
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
    search: Search,
    seen: Sequence[Point],
    pending: Sequence[Point],
    layout: Layout,
    began: float,
) -> tuple[ProposalBatch, list[int]]:
    """Return the points that a fitted model asks for, with their reasons and the fit's report.

    And the place of each in the layout.
    """
    space, training, fitted = search.space, search.training, search.fitted
    waiting = [row_of(space, p) for p in legal(space, pending)]
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
