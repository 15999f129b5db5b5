"""Bayesian optimisation with a user's physics: models with and without it, weighted by data."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeGuard

import numpy as np
import torch
from botorch.acquisition.acquisition import AcquisitionFunction
from torch import Tensor

from labloop.brain.acquisition import (
    AcquisitionContext,
    EffortRule,
    Optimum,
    best_in_space,
    finished,
    improvement,
    learned_effort,
    learned_failures,
    log_noisy_ei,
    training_data,
    values_at,
)
from labloop.brain.observations import (
    check_count,
    evaluated_points,
    exhausted,
    fresh,
    isolated,
    labels,
    small_seed,
    turn_without_physics,
    usable,
)
from labloop.brain.strategies.botorch import Replicates, _ask, _begin
from labloop.brain.strategies.initial import initial_count
from labloop.brain.strategies.search import LEADERS, Chosen, Search
from labloop.errors import BrainError
from labloop.objectives import Objectives
from labloop.physics import PhysicsModel, as_physics
from labloop.records import Dataset, Observation, Point, ProposalBatch
from labloop.space import Layout, SearchSpace
from labloop.surrogates import (
    FittedSurrogate,
    GPModel,
    MeasuredData,
    MixtureFactory,
    MixtureModel,
    PhysicsFailureError,
    SingularMatrixError,
    SurrogateFactory,
    TrainingData,
    check_device,
)

_INITIAL = 3
_EVERYWHERE = 64
"""Points tried all over the space, for each of its dimensions."""
_LEAST, _NEAR = 256, 128
_ROUNDS = (0.1, 0.03, 0.01)
_PARENTS, _CHILDREN = 8, 24
_STANDS = "the search stands still, so the model without physics has its turn"
_HEARD = 0.02
"""A lighter model without physics does not decide, and is not asked by itself."""


class PhysicsStrategy:
    """Fits the mixture of surrogates with and without physics, maximises the improvement.

    The physics' parameters are learned from every measured output that it predicts, also
    those that the objective does not read. The acquisition is maximised by trial, in batches:
    one batch of a thousand physics solves costs little more than one solve.

    Args:
        physics: a physics model, several that compete, or a factory of surrogates made of one.
        initial: how many results to wait for before the first model.
        name: what proposals call the strategy.
        hybrid: whether networks that move the physics' constants are a member of the mixture
            as well; see :class:`~labloop.surrogates.MixtureFactory`.
        device: where physics is solved: ``cpu``, ``cuda``, or as the size of each round says.

    Raises:
        BrainError: ``hybrid`` or a ``device`` beside a factory, which says that for itself.
        PhysicsError: no physics model, or a device that is not there.
    """

    def __init__(
        self,
        physics: object,
        *,
        initial: int = _INITIAL,
        name: str = "physics",
        hybrid: bool = False,
        device: str = "auto",
    ) -> None:
        check_device(device)
        self.initial = initial
        self.replicates: Replicates = "never"
        """Whether an experiment may be repeated; see :class:`BotorchStrategy`."""
        self.effort: EffortRule | None = None
        """What proposals are to be worth most of; see ``CampaignSpec.per``."""
        self.name = name
        if not _is_factory(physics):
            physics = MixtureFactory(_models(physics), hybrid=hybrid, device=device)
        elif hybrid or device != "auto":
            word = "hybrid=True" if hybrid else f"device={device!r}"
            raise BrainError(
                f"{word} was given beside a factory of surrogates, {physics!r}; give the "
                f"physics itself, or MixtureFactory(physics, {word})"
            )
        self.model: SurrogateFactory = physics

    def check(self, space: SearchSpace, objective: Objectives) -> None:
        """Raise PhysicsError where the physics does not fit the space, or predicts no aim."""
        if isinstance(self.model, MixtureFactory):
            self.model.check(space, objective.outputs)

    def propose(
        self,
        space: SearchSpace,
        objective: Objectives,
        data: Dataset,
        pending: Sequence[Point],
        n: int,
        seed: int,
    ) -> ProposalBatch:
        """Return the points that promise most; see ``Strategy.propose``.

        Raises:
            PhysicsError: the physics does not fit the space or predicts no output that the
                objective reads.
        """
        check_count(n)
        return self.propose_plate(space, objective, data, pending, Layout.free(n), seed)[0]

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
        began = time.perf_counter()
        self.check(space, objective)
        seen = evaluated_points(space, data, pending)
        training = measured_data(space, objective, data, seed)
        if training is None or finished(data, training) + len(pending) < self.initial:
            return _begin(self.name, space, seen, layout, seed, self.initial)
        training = replace(training, proposals=len(layout.places))

        def ask(fitted: FittedSurrogate) -> tuple[ProposalBatch, list[int]]:
            wait, known = initial_count(space), finished(data, training) + len(pending)
            if isinstance(self.model, MixtureFactory) and not fitted.without and known < wait:
                filled, places = _begin(self.name, space, seen, layout, seed, wait)
                told = replace(filled, state=fitted.state, alarms=fitted.alarms)
                return replace(told, fit_report=fitted.report), places
            failures = learned_failures(space, objective, data)
            effort = learned_effort(self.effort, space, data.observations)
            search = _TrialSearch(
                mixture_improvement,
                space,
                objective,
                data,
                training,
                fitted,
                seed,
                failures,
                effort,
                replicates=self.replicates == "auto",
            )
            return _ask(self.name, search, seen.points, pending, layout, began)

        with isolated(seed):
            try:
                return ask(self.model.fit(training))
            except (PhysicsFailureError, SingularMatrixError) as error:
                if not isinstance(self.model, MixtureFactory):
                    raise
                return ask(self.model.fit_without(training, str(error)))


def _models(physics: object) -> Sequence[PhysicsModel]:
    several = physics if isinstance(physics, (list, tuple)) else (physics,)
    return [as_physics(model) for model in several]


def _is_factory(candidate: object) -> TypeGuard[SurrogateFactory]:
    return hasattr(candidate, "fit")


def measured_data(
    space: SearchSpace, objective: Objectives, data: Dataset, seed: int
) -> TrainingData | None:
    """Return the training data with every other output and curve that all experiments have."""
    plain = training_data(space, objective, data, seed)
    if plain is None:
        return None
    known = usable(space, objective, data)
    names = tuple(
        name
        for name in known[0].outputs
        if name not in plain.names and all(name in o.outputs for o in known)
    )
    curves = [name for name in known[0].curves if all(name in o.curves for o in known)]
    if not names and not curves:
        return plain
    return MeasuredData(
        encoded=plain.encoded,
        outputs=plain.outputs,
        names=plain.names,
        objective=plain.objective,
        features=plain.features,
        space=plain.space,
        variance=plain.variance,
        seed=plain.seed,
        extra_names=names,
        extra_outputs=_columns(known, names) if names else None,
        curves={name: [o.curves[name] for o in known] for name in curves},
    )


def _columns(known: Sequence[Observation], names: Sequence[str]) -> Tensor:
    return torch.tensor([[o.outputs[name] for name in names] for o in known], dtype=torch.float64)


class MixtureNEI(AcquisitionFunction):
    """A vote of a mixture's members: the weighted mean of their expected improvements.

    Each member measures improvement from what it believes of the points measured, and in
    shares of the greatest that it sees among the first points asked: physics that is wrong
    promises much, and would outvote a model of ten times its weight that promises little.
    """

    def __init__(self, context: AcquisitionContext, slope: float) -> None:
        super().__init__(model=context.model)
        self._log = True
        mixture: Any = context.model
        self._weights = torch.tensor(mixture.weights, dtype=torch.float64).log()
        self._members = [log_noisy_ei(context, member, slope) for member in mixture.members]
        self._greatest: Tensor | None = None

    def forward(self, X: Tensor) -> Tensor:  # noqa: N803 - botorch's name
        """Return the values of ``b x 1 x d`` points, shape ``b``."""
        values = torch.stack([member(X) for member in self._members], dim=-1)
        # Where its physics gives no number a member has no vote, and no veto either.
        values = torch.where(torch.isnan(values), -torch.inf, values)
        if self._greatest is None:
            finite = torch.nan_to_num(values.detach(), nan=-torch.inf, posinf=-torch.inf)
            greatest = finite.amax(0)
            self._greatest = torch.where(torch.isfinite(greatest), greatest, 0.0)
        return torch.logsumexp(self._weights + values - self._greatest, dim=-1)


def mixture_improvement(context: AcquisitionContext) -> AcquisitionFunction:
    """Return the improvement under a mixture, in closed form for one straight score."""
    slope = context.slope
    if slope is not None and slope != 0.0 and isinstance(context.model, MixtureModel):
        return MixtureNEI(context, slope)
    return improvement(context)


mixture_improvement.knows_constraints = True  # type: ignore[attr-defined]  # functions carry attributes


class _TrialSearch(Search):
    """The search of a batch where a gradient through the physics costs more than trials."""

    @property
    def joins(self) -> bool:
        """Always: the vote of the members is drawn as well."""
        return True

    def _anywhere(self, seen: list[Point], waiting: list[Tensor], n: int) -> list[Chosen]:
        leaders = self._leaders(LEADERS)
        chosen: list[Chosen] = []
        for k in range(n):
            built, name = self._build(waiting, k)
            purpose = _STANDS if self._resting(len(waiting)) else ""
            plain = bool(purpose) or isinstance(self.fitted.model, GPModel)
            if self.space.kind == "box" and not self.space.constrained and not plain:
                climbed = self._climbed(waiting, k, seen, leaders)
                optimum = best_by_trial(built, self.space, seen, leaders, climbed, self.seed + k)
            else:
                optimum = best_in_space(built, self.space, seen, leaders, self.seed + k)
            seen.append(optimum.point)
            waiting = [*waiting, optimum.row]
            chosen.append(Chosen(optimum, name, purpose=purpose))
        return chosen

    def _build(self, waiting: Sequence[Tensor], k: int) -> tuple[AcquisitionFunction, str]:
        """Return the vote of all members, or what the model without physics wants at its turn."""
        if self.fitted.without is None or not self._resting(len(waiting)):
            return super()._build(waiting, k)
        plain = replace(self, fitted=self.fitted.without(), acquisition=improvement)
        return super(_TrialSearch, plain)._build(waiting, k)

    def _resting(self, waiting: int) -> bool:
        """Return whether physics rests for this proposal, ``waiting`` others being under way."""
        if self.fitted.without is None or self.objective.count > 1:
            return False
        scores = self.training.scores[:, 0]
        kept = torch.from_numpy(self.objective.keeps(self.training.outputs.numpy()))
        worth = torch.where(kept, scores, scores.min())
        return turn_without_physics(worth, self.fitted.lead, waiting)

    def _climbed(
        self, waiting: list[Tensor], k: int, seen: Sequence[Point], leaders: Tensor
    ) -> Tensor:
        """Return what the model without physics would ask for, found by its cheap gradients."""
        model, context = self.fitted.model, self._context(waiting, k)
        rows = [leaders[:0]]
        if isinstance(model, MixtureModel):
            for member, weight in zip(model.members, model.weights, strict=True):
                if isinstance(member, GPModel) and weight >= _HEARD:
                    alone = improvement(replace(context, model=member))
                    best = best_in_space(alone, self.space, seen, leaders, self.seed + k)
                    rows.append(best.row.unsqueeze(0))
        return torch.cat(rows)


def best_by_trial(
    acquisition: AcquisitionFunction,
    space: SearchSpace,
    seen: Sequence[Point],
    leaders: Tensor,
    climbed: Tensor,
    seed: int,
) -> Optimum:
    """Return the best legal point found by sampling everywhere, then ever nearer to the best.

    Args:
        acquisition: takes ``b x 1 x d`` encoded points.
        space: a box without constraints.
        seen: points tried or under way.
        leaders: good measured rows, near which is looked as well.
        climbed: rows worth a look, none or more.
        seed: of the sampling.

    Raises:
        SpaceExhaustedError: no untried point was found.
    """
    generator = torch.Generator().manual_seed(small_seed(seed, 1))
    sobol: Any = torch.quasirandom.SobolEngine
    engine = sobol(space.dimension, scramble=True, seed=small_seed(seed))
    rows = engine.draw(max(_LEAST, _EVERYWHERE * space.dimension), dtype=torch.float64)
    parents = leaders[torch.arange(_NEAR) % len(leaders)]
    rows = torch.cat([rows, climbed, _around(parents, _ROUNDS[0], generator)])
    values = _values(acquisition, rows)
    for width in _ROUNDS:
        best = rows[values.argsort(descending=True, stable=True)[:_PARENTS]]
        children = _around(best.repeat_interleave(_CHILDREN, 0), width, generator)
        rows = torch.cat([rows, children])
        values = torch.cat([values, _values(acquisition, children)])
    order = values.argsort(descending=True, stable=True)[:_CHILDREN]
    return _first_untried(acquisition, space, seen, rows[order], seed)


def _around(rows: Tensor, width: float, generator: torch.Generator) -> Tensor:
    noise = torch.randn(rows.shape, dtype=torch.float64, generator=generator)
    # Half of the children move along few inputs, which finds optima on the faces of the box.
    moved = torch.rand(rows.shape, dtype=torch.float64, generator=generator) < 0.5
    moved[::2] = True
    return (rows + width * noise * moved).clamp(0.0, 1.0)


def _values(acquisition: AcquisitionFunction, rows: Tensor) -> Tensor:
    return torch.nan_to_num(values_at(acquisition, rows), nan=-torch.inf)


def _first_untried(
    acquisition: AcquisitionFunction,
    space: SearchSpace,
    seen: Sequence[Point],
    rows: Tensor,
    seed: int,
) -> Optimum:
    points = fresh(space, space.decode(rows.numpy()), labels(space, seen), 1)
    if not points:
        points = fresh(
            space,
            space.sample(_NEAR, small_seed(seed, 2), exclude=seen),
            labels(space, seen),
            1,
        )
    if not points:
        raise exhausted(space.size or 0)
    row = torch.as_tensor(np.asarray(space.encode(points)), dtype=torch.float64)
    return Optimum(points[0], row[0], float(_values(acquisition, row)[0]))
