"""What makes a point worth measuring."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import torch
from botorch.acquisition.acquisition import AcquisitionFunction
from botorch.acquisition.logei import qLogNoisyExpectedImprovement
from botorch.acquisition.multi_objective.logei import qLogNoisyExpectedHypervolumeImprovement
from botorch.acquisition.multi_objective.objective import GenericMCMultiOutputObjective
from botorch.acquisition.multi_objective.parego import qLogNParEGO
from botorch.acquisition.objective import GenericMCObjective
from botorch.models.model import Model
from botorch.sampling.normal import SobolQMCNormalSampler
from botorch.utils.sampling import draw_sobol_normal_samples
from torch import Tensor

from labloop.brain.observations import small_seed
from labloop.objectives import Objectives
from labloop.surrogates import GPModel, spread_of

_HYPERVOLUME_UP_TO = 4
_TINY = 1e-300
"""Only what is nothing at all: results may be in any unit."""


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
    pending: Tensor | None
    """``p x d``: what is under way, and what was already chosen for this batch."""
    seed: int

    @property
    def best(self) -> float:
        """The best measured score of the first objective."""
        return float(self.scores[:, 0].max())

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
        """The slope of a single score that is a straight line of one posterior column."""
        if self.objectives.count != 1 or self.model.num_outputs != 1:
            return None
        if self.over == "scores":
            return 1.0
        return self.objectives.slope

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


Acquisition: TypeAlias = Callable[[AcquisitionContext], AcquisitionFunction]
"""Build an acquisition function; it is maximised over ``b x 1 x d`` encoded points."""


def improvement(context: AcquisitionContext) -> AcquisitionFunction:
    """Return the default: expected improvement over what noise leaves uncertain.

    One straight score of a Gaussian process: ``LogNoisyEI``. Any other single score: qLogNEI.
    Up to four: qLogNEHVI above the thresholds, beyond: qLogNParEGO; where there are thresholds
    the least score above them, in shares that are drawn anew for every point (hypervolume
    scalarisation, Zhang and Golovin 2020).
    """
    slope = context.slope
    if slope is not None and slope != 0.0 and isinstance(context.model, GPModel):
        return LogNoisyEI(
            context.model,
            context.baseline,
            context.pending,
            sign=slope,
            seed=context.seed,
            unit=float(context.unit[0]),
        )
    count = context.objectives.count
    thresholds = any(aim.threshold is not None for aim in context.objectives.aims)
    common: dict[str, Any] = {
        "model": context.model,
        "X_baseline": context.baseline,
        "X_pending": context.pending,
        "prune_baseline": True,
        "cache_root": False,
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


class LogNoisyEI(AcquisitionFunction):
    """Logarithm of the expected improvement over the noiseless values at the points measured.

    These values are drawn from their joint posterior, results under way included; given a
    draw the improvement has a closed form, and the expectation is the mean over the draws
    (Letham et al. 2019). Beside qLogNEI, only the incumbent is sampled, never the candidate.

    Args:
        model: a Gaussian process of one output.
        baseline: ``n x d`` points measured.
        pending: ``p x d`` points under way, or None.
        sign: positive to maximise the output, negative to minimise it.
        seed: of the draws.
        draws: how many.
        unit: improvements are counted in it; where a search ends must not hang on a unit.
    """

    def __init__(
        self,
        model: GPModel,
        baseline: Tensor,
        pending: Tensor | None,
        *,
        sign: float = 1.0,
        seed: int = 0,
        draws: int = 64,
        unit: float = 1.0,
    ) -> None:
        super().__init__(model=model)
        self._log = True
        self._process = model
        self._unit = unit
        self._sign = 1.0 if sign > 0 else -1.0
        base = baseline if pending is None else torch.cat([baseline, pending])
        with torch.no_grad():
            pending_from = torch.arange(len(base)) >= len(baseline)
            mean, _, covariance = model.cross_moments(base, base)
            # A point under way at which the physics gives no number tells nothing.
            sound = torch.isfinite(mean)
            base, mean, pending_from = base[sound], mean[sound], pending_from[sound]
            covariance = covariance[sound][:, sound]
            sampled, best = self._draw(mean, covariance, seed, draws)
            keep = torch.unique(torch.cat([best, pending_from.nonzero().flatten()]))
            self._base = base[keep]
            covariance = covariance[keep][:, keep]
            self._root = _cholesky(covariance)
            self._pull = torch.cholesky_solve((sampled[:, keep] - mean[keep]).T, self._root)
            self._incumbent = (self._sign * sampled).max(1).values

    def _draw(
        self, mean: Tensor, covariance: Tensor, seed: int, draws: int
    ) -> tuple[Tensor, Tensor]:
        """Return ``draws x n`` values at the base, and the numbers of those ever the best."""
        noise = draw_sobol_normal_samples(
            len(mean), draws, dtype=torch.float64, seed=small_seed(seed)
        )
        sampled = mean + noise @ _cholesky(covariance).T
        return sampled, torch.unique((self._sign * sampled).argmax(1))

    def forward(self, X: Tensor) -> Tensor:  # noqa: N803 - botorch's name
        """Return the values of ``b x 1 x d`` points, shape ``b``."""
        gain, sd = self._gain(X)
        sd = sd.unsqueeze(-1)
        value = log_improvement(gain / sd) + (sd / self._unit).log()
        total: Tensor = torch.logsumexp(value, -1) - math.log(value.shape[-1])
        return total

    def bound(self, X: Tensor) -> Tensor:  # noqa: N803 - botorch's name
        """Return what the values of ``b x 1 x d`` points cannot exceed, at a tenth of the cost.

        A mean over draws is at most the greatest of them.
        """
        gain, sd = self._gain(X)
        value: Tensor = log_improvement(gain.amax(-1) / sd) + (sd / self._unit).log()
        return value

    def _gain(self, X: Tensor) -> tuple[Tensor, Tensor]:  # noqa: N803 - botorch's name
        """Return expected less incumbent in each draw (``b x draws``), and the sd left (``b``)."""
        mean, variance, covariance = self._process.cross_moments(X.squeeze(-2), self._base)
        given = self._sign * (mean.unsqueeze(-1) + covariance @ self._pull)
        half = torch.linalg.solve_triangular(self._root, covariance.T, upper=False)
        left = variance - half.square().sum(0)
        sd = left.clamp_min(1e-9 * float(self._root.diagonal().max()) ** 2 + _TINY).sqrt()
        return given - self._incumbent, sd


def _cholesky(covariance: Tensor) -> Tensor:
    scale = float(covariance.diagonal().mean().clamp_min(_TINY))
    eye = torch.eye(len(covariance), dtype=covariance.dtype)
    for jitter in (1e-7, 1e-5, 1e-3):
        root, failed = torch.linalg.cholesky_ex(covariance + jitter * scale * eye)
        if not bool(failed):
            factor: Tensor = root
            return factor
    return torch.diag(covariance.diagonal().clamp_min(_TINY).sqrt())


def log_improvement(u: Tensor) -> Tensor:
    """Return ``log(phi(u) + u Phi(u))`` without underflow far below zero.

    Below -1 the density is taken out and the rest written with the scaled complementary error
    function; below -1e4 the rest is its limit, ``1 / u^2`` (as in Ament et al. 2023).
    """
    above = u.clamp_min(-1.0)
    density = torch.exp(-0.5 * above.square()) / math.sqrt(2.0 * math.pi)
    upper = (density + above * torch.special.ndtr(above)).log()
    below = u.clamp(-1e4, -1.0)
    rest = 1.0 + below * math.sqrt(math.pi / 2.0) * torch.special.erfcx(-below / math.sqrt(2.0))
    far = u.clamp_max(-1e4)
    tail = torch.where(u < -1e4, -2.0 * (-far).log(), rest.clamp_min(1e-30).log())
    lower = -0.5 * u.square() - 0.5 * math.log(2.0 * math.pi) + tail
    return torch.where(u > -1.0, upper, lower)


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


def names_of(acquisition: Acquisition, built: AcquisitionFunction) -> str:
    """Return what to call an acquisition in a proposal."""
    if acquisition is improvement:
        return type(built).__name__
    return getattr(acquisition, "__name__", type(built).__name__)


def stack(points: Sequence[Tensor]) -> Tensor | None:
    """Return ``p x d`` of single rows, or None where there is none."""
    return torch.stack(list(points)) if points else None
