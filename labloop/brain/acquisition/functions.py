"""Which acquisition function a round gets, by its scores and constraints."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import torch
from botorch.acquisition.acquisition import AcquisitionFunction
from botorch.acquisition.logei import (
    qLogNoisyExpectedImprovement,
    qLogProbabilityOfFeasibility,
)
from botorch.acquisition.multi_objective.logei import qLogNoisyExpectedHypervolumeImprovement
from botorch.acquisition.multi_objective.objective import GenericMCMultiOutputObjective
from botorch.acquisition.multi_objective.parego import qLogNParEGO
from botorch.acquisition.objective import GenericMCObjective
from botorch.models.model import Model
from botorch.sampling.normal import SobolQMCNormalSampler
from torch import Tensor

from labloop.brain.acquisition.noisy_hypervolume import LogNoisyEHVI
from labloop.brain.acquisition.noisy_improvement import (
    Kept,
    LogNoisyEI,
    log_probability_within,
)
from labloop.brain.observations import small_seed
from labloop.errors import BrainError
from labloop.objectives import Maximize, Objectives, Target
from labloop.surrogates import GPModel, spread_of

_HYPERVOLUME_UP_TO = 4
_TINY = 1e-300


@dataclass(frozen=True, slots=True, kw_only=True)
class AcquisitionContext:
    """Everything that an acquisition function may be built from."""

    model: Model
    over: Literal["outputs", "scores"]
    """Whether the posterior of ``model`` speaks of the outputs or of the scores."""
    baseline: Tensor
    """``n x d``: where experiments were done."""
    scores: Tensor
    """``n x k``: what they scored, to be maximised."""
    objectives: Objectives
    feasible: Tensor
    """``n`` booleans: which of them kept every outcome constraint."""
    spread: Tensor
    """``m`` standard deviations of the outputs measured."""
    slacks: Any = None
    """What plain processes know of the outcome constraints; see ``FittedSurrogate.slacks``."""
    pending: Tensor | None
    """``p x d``: what is under way, and what was already chosen for this batch."""
    seed: int

    @property
    def best(self) -> float:
        """The best measured score of the first aim, of the feasible results where there are any."""
        scores = self.scores[self.feasible] if bool(self.feasible.any()) else self.scores
        return float(scores[:, 0].max())

    @property
    def objective(self) -> Any:
        """The objective as BoTorch takes it: samples of the posterior -> scores."""
        if self.objectives.count == 1:
            return GenericMCObjective(self._single)
        return GenericMCMultiOutputObjective(self._several)

    @property
    def reference(self) -> Tensor:
        """``k`` scores from which on a result is worth something: the thresholds, where given."""
        reference = self.objectives.reference_of(self.scores.numpy())
        return torch.tensor(reference, dtype=torch.float64)

    @property
    def unit(self) -> Tensor:
        """``k`` sizes of a difference in scores: their spread, so that no unit is a small one."""
        return spread_of(self.scores)

    @property
    def slope(self) -> float | None:
        """The slope of a single score that is a straight line of the first posterior column."""
        if self.over == "scores":
            return 1.0 if self.objectives.count == 1 and self.model.num_outputs == 1 else None
        return self.objectives.slope

    @property
    def signs(self) -> tuple[float, float] | None:
        """The signs of two scores that are the first two outputs or their negatives, else None."""
        aims = self.objectives.aims
        if self.over != "outputs" or len(aims) != 2 or any(isinstance(a, Target) for a in aims):
            return None
        first, second = (1.0 if isinstance(aim, Maximize) else -1.0 for aim in aims)
        return first, second

    @property
    def constraints(self) -> list[Callable[[Tensor], Tensor]]:
        """The outcome constraints as BoTorch takes them: samples -> negative where kept.

        In standard deviations of the output, because BoTorch smooths them by a fixed amount.
        """
        return [
            _violation(column, sign, bound, float(self.spread[column]))
            for column, low, high in self.objectives.bounds
            for sign, bound in ((-1.0, low), (1.0, high))
            if math.isfinite(bound)
        ]

    def kept_by(self, model: Any) -> list[Kept]:
        """Return what outcome constraints ask for: of the slacks, or of a model's own outputs."""
        if self.slacks is not None and isinstance(model, GPModel):
            return [(self.slacks, i, 0.0, math.inf) for i in range(self.slacks.num_outputs)]
        return [(model, *bound) for bound in self.objectives.bounds]

    def sampler(self, draws: int = 128) -> SobolQMCNormalSampler:
        """Return quasi-random normal draws, the same for the same seed."""
        return SobolQMCNormalSampler(torch.Size([draws]), seed=small_seed(self.seed))

    def _single(self, samples: Tensor, X: Tensor | None = None) -> Tensor:  # noqa: ARG002, N803 - botorch's signature
        return self.scores_of(samples)[..., 0]

    def _several(self, samples: Tensor, X: Tensor | None = None) -> Tensor:  # noqa: ARG002, N803 - botorch's signature
        return self.scores_of(samples)

    def scores_of(self, samples: Tensor) -> Tensor:
        """Return the scores ``... x k`` of samples of the posterior."""
        if self.over == "scores":
            return samples
        scores: Tensor = self.objectives.scores(samples)
        return scores


def _violation(column: int, sign: float, bound: float, spread: float) -> Callable[[Tensor], Tensor]:
    return lambda samples: sign * (samples[..., column] - bound) / spread


Acquisition: TypeAlias = Callable[[AcquisitionContext], AcquisitionFunction]
"""Build an acquisition function; it is maximised over ``b x 1 x d`` encoded points."""


def improvement(context: AcquisitionContext) -> AcquisitionFunction:
    """Return the default: expected improvement over what noise leaves uncertain.

    One straight score of a Gaussian process: ``LogNoisyEI``; two: ``LogNoisyEHVI`` above the
    thresholds. Any other single score: qLogNEI. Up to four: qLogNEHVI, beyond: qLogNParEGO; where
    there are thresholds the least score above them, in shares that are drawn anew for every point
    (hypervolume scalarisation, Zhang and Golovin 2020). Outcome constraints weigh each of them by
    the probability that they are kept; until a result keeps them, that probability is all.
    """
    slope = context.slope
    if slope is not None and slope != 0.0 and isinstance(context.model, GPModel):
        return log_noisy_ei(context, context.model, slope)
    count, constraints = context.objectives.count, context.constraints
    if constraints and not bool(context.feasible.any()):
        return qLogProbabilityOfFeasibility(
            context.model, constraints, sampler=context.sampler(), X_pending=context.pending
        )
    signs = context.signs
    if signs is not None and isinstance(context.model, GPModel):
        return log_noisy_ehvi(context, context.model, signs)
    thresholds = any(aim.threshold is not None for aim in context.objectives.aims)
    common: dict[str, Any] = {
        "model": context.model,
        "X_baseline": context.baseline[context.feasible],
        "X_pending": context.pending,
        "prune_baseline": not constraints,
        "cache_root": False,
        "constraints": constraints or None,
    }
    if count > _HYPERVOLUME_UP_TO and not thresholds:
        return qLogNParEGO(sampler=context.sampler(), objective=context.objective, **common)
    worth = _Worth(context)
    if 1 < count <= _HYPERVOLUME_UP_TO:
        return qLogNoisyExpectedHypervolumeImprovement(
            ref_point=torch.zeros(count, dtype=torch.float64),
            sampler=context.sampler(64),
            objective=GenericMCMultiOutputObjective(worth.each),
            **common,
        )
    return qLogNoisyExpectedImprovement(
        sampler=context.sampler(), objective=GenericMCObjective(worth.least), **common
    )


def log_noisy_ei(context: AcquisitionContext, model: Any, slope: float) -> LogNoisyEI:
    """Return the closed form for a single straight score of a model with ``cross_moments``."""
    return LogNoisyEI(
        model,
        context.baseline,
        context.pending,
        sign=slope,
        seed=context.seed,
        unit=float(context.unit[0]),
        kept=context.kept_by(model),
        feasible=context.feasible,
    )


def log_noisy_ehvi(
    context: AcquisitionContext, model: Any, signs: tuple[float, float]
) -> LogNoisyEHVI:
    """Return the closed form for two straight scores of a model with ``cross_moments``."""
    return LogNoisyEHVI(
        model,
        context.baseline[context.feasible],
        context.pending,
        signs=signs,
        reference=context.reference,
        unit=context.unit,
        kept=context.kept_by(model),
        seed=context.seed,
    )


class _Worth:
    """Scores above the reference in units of their spread, as BoTorch takes an objective.

    BoTorch smooths improvements by amounts that are meant for standardised outputs; ours carry
    their units.
    """

    def __init__(self, context: AcquisitionContext) -> None:
        self._scores_of = context.scores_of
        self._zero, self._unit = context.reference, context.unit
        generator = torch.Generator().manual_seed(small_seed(context.seed, 2))
        drawn = torch.randn(len(self._unit), dtype=torch.float64, generator=generator).abs()
        self._shares = drawn / drawn.norm()

    def each(self, samples: Tensor, X: Tensor | None = None) -> Tensor:  # noqa: ARG002, N803 - botorch's signature
        """Return ``... x k``, negative where worth nothing."""
        return (self._scores_of(samples) - self._zero) / self._unit

    def least(self, samples: Tensor, X: Tensor | None = None) -> Tensor:  # noqa: N803 - as above
        """Return the least of them (``...``), in shares drawn by the seed."""
        least: Tensor = (self.each(samples, X) / self._shares).amin(-1)
        return least


class Weighted(AcquisitionFunction):
    """A logarithmic acquisition function plus the log probability that an experiment works."""

    def __init__(self, inner: AcquisitionFunction, log_chance: Callable[[Tensor], Tensor]) -> None:
        super().__init__(model=inner.model)
        self._log = True
        self._inner = inner
        self._log_chance = log_chance

    def forward(self, X: Tensor) -> Tensor:  # noqa: N803 - botorch's name
        """Return the values of ``b x 1 x d`` points, shape ``b``."""
        value: Tensor = self._inner(X) + self._log_chance(X.squeeze(-2))
        return value

    @property
    def bound(self) -> Callable[[Tensor], Tensor] | None:
        """What the values cannot exceed, where the acquisition function knows that."""
        inner = getattr(self._inner, "bound", None)
        if inner is None:
            return None
        return lambda x: inner(x) + self._log_chance(x.squeeze(-2))


def knows_constraints(acquisition: Acquisition) -> bool:
    """Return whether an acquisition weighs outcome constraints itself, as the built-in ones do."""
    return getattr(acquisition, "knows_constraints", False)


improvement.knows_constraints = True  # type: ignore[attr-defined]  # functions carry attributes


def constrained(
    context: AcquisitionContext, built: AcquisitionFunction, name: str
) -> AcquisitionFunction:
    """Return a person's acquisition function, weighed by the probability that all is kept.

    Raises:
        BrainError: its values are no logarithms, so that no probability can be added.
    """
    if not getattr(built, "_log", False):
        raise BrainError(
            f"the acquisition {name!r} gives no logarithms, so that outcome constraints cannot "
            "weigh it; return one of BoTorch's logarithmic ones, such as "
            "qLogNoisyExpectedImprovement"
        )

    def log_chance(x: Tensor) -> Tensor:
        posterior: Any = context.model.posterior(x.unsqueeze(-2))
        mean, sd = posterior.mean.squeeze(-2), posterior.variance.squeeze(-2).clamp_min(0.0).sqrt()
        sd = sd.clamp_min(_TINY)
        return torch.stack(
            [
                log_probability_within(mean[:, column], sd[:, column], low, high)
                for column, low, high in context.objectives.bounds
            ]
        ).sum(0)

    return Weighted(built, log_chance)


def names_of(acquisition: Acquisition, built: AcquisitionFunction) -> str:
    """Return what to call an acquisition in a proposal."""
    if acquisition is improvement:
        return getattr(built, "label", type(built).__name__)
    return getattr(acquisition, "__name__", type(built).__name__)


def stack(points: Sequence[Tensor]) -> Tensor | None:
    """Return ``p x d`` of single rows, or None where there is none."""
    return torch.stack(list(points)) if points else None
