"""Noisy expected improvement in closed form, with outcome constraints."""

import math
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias

import torch
from botorch.acquisition.acquisition import AcquisitionFunction
from botorch.utils.probability.utils import log_ndtr, log_prob_normal_in
from botorch.utils.sampling import draw_sobol_normal_samples
from torch import Tensor

from labloop.brain.observations import small_seed

_TINY = 1e-300
"""Only what is nothing at all: results may be in any unit."""
_NARROW = 1e-3
"""Least width of an allowed interval in standard deviations of the model: no width at all has
no probability, and nothing could be told from it."""


class _Process(Protocol):
    """A model that gives mean, variance and covariance with a base in one call."""

    def cross_moments(self, x: Tensor, base: Tensor, output: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return mean (b), variance (b) and covariance (b x m) of ``x`` (b x d) with ``base``."""
        ...


Kept: TypeAlias = tuple[_Process, int, float, float]
"""A model, its column, and the least and greatest value that an outcome constraint allows."""
_DRAWN_WHOLE, _DRAWN = 300, 200
"""Up to how many points values are drawn at all of them, and at how many of more."""


class LogNoisyEI(AcquisitionFunction):
    """Logarithm of the expected improvement over the noiseless values at the points measured.

    These values are drawn from their joint posterior, results under way included; given a
    draw the improvement has a closed form, and the expectation is the mean over the draws
    (Letham et al. 2019). Beside qLogNEI, only the incumbent is sampled, never the candidate.

    With outcome constraints the improvement counts over feasible results only and is weighed,
    in each draw, by the probability that all constraints are kept (Gardner et al. 2014). In
    draws without a feasible result that probability alone counts.

    Args:
        model: Gaussian processes; the first output is the one that is improved.
        baseline: ``n x d`` points measured.
        pending: ``p x d`` points under way, or None.
        sign: positive to maximise the output, negative to minimise it.
        seed: of the draws.
        draws: how many.
        unit: improvements are counted in it; where a search ends must not hang on a unit.
        kept: what outcome constraints ask for: a model, its column, least and greatest value.
        feasible: ``n`` booleans, which of the points measured kept them; all if left out.
    """

    def __init__(
        self,
        model: Any,
        baseline: Tensor,
        pending: Tensor | None,
        *,
        sign: float = 1.0,
        seed: int = 0,
        draws: int = 64,
        unit: float = 1.0,
        kept: Sequence[Kept] = (),
        feasible: Tensor | None = None,
    ) -> None:
        super().__init__(model=model)
        self._log = True
        self._unit = unit
        self._sign = 1.0 if sign > 0 else -1.0
        base = baseline if pending is None else torch.cat([baseline, pending])
        with torch.no_grad():
            counts = torch.ones(len(base), dtype=torch.bool)
            if feasible is not None:
                counts[: len(baseline)] = feasible
            waiting = torch.arange(len(base)) >= len(baseline)
            mean, variance, _ = model.cross_moments(base, base[:1], 0)
            # A point under way at which the physics gives no number tells nothing.
            hopes = hope(self._sign * mean, variance).unsqueeze(0)
            sound = torch.isfinite(mean) & hopeful(hopes, counts, waiting)
            base, counts, waiting = base[sound], counts[sound], waiting[sound]
            self._improved = Draws(model, 0, base, small_seed(seed), draws)
            self._kept = [
                (Draws(process, column, base, small_seed(seed, 10 + i), draws), low, high)
                for i, (process, column, low, high) in enumerate(kept)
            ]
            usable = counts.expand(draws, -1).clone()
            for output, low, high in self._kept:
                within = (output.sampled >= low) & (output.sampled <= high)
                usable &= within | ~waiting
            values = torch.where(usable, self._sign * self._improved.sampled, -torch.inf)
            self._incumbent, best = values.max(1)
            self._none = torch.isinf(self._incumbent)
            keep = torch.unique(torch.cat([best[~self._none], waiting.nonzero().flatten()]))
            keep = keep if len(keep) else torch.zeros(1, dtype=torch.long)
            for output in (self._improved, *(one for one, _, _ in self._kept)):
                output.given(keep)
        self.label = "LogProbabilityOfFeasibility" if bool(self._none.all()) else "LogNoisyEI"

    def forward(self, X: Tensor) -> Tensor:  # noqa: N803 - botorch's name
        """Return the values of ``b x 1 x d`` points, shape ``b``."""
        x = X.squeeze(-2)
        gain, sd = self._gain(x)
        sd = sd.unsqueeze(-1)
        value = log_improvement(gain / sd) + (sd / self._unit).log()
        if self._kept:
            value = torch.where(self._none, 0.0, value) + self._log_feasible(x)
        total: Tensor = torch.logsumexp(value, -1) - math.log(value.shape[-1])
        return total

    @property
    def bound(self) -> Callable[[Tensor], Tensor] | None:
        """What the values cannot exceed, at a tenth of the cost: a mean of draws, the greatest.

        None with outcome constraints, where it would cost as much as the values.
        """
        return None if self._kept else self._greatest

    def _greatest(self, X: Tensor) -> Tensor:  # noqa: N803 - botorch's name
        gain, sd = self._gain(X.squeeze(-2))
        value: Tensor = log_improvement(gain.amax(-1) / sd) + (sd / self._unit).log()
        return value

    def _gain(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return expected less incumbent in each draw (``b x draws``), and the sd left (``b``)."""
        mean, sd = self._improved.at(x)
        incumbent = torch.where(self._none, 0.0, self._incumbent)
        return self._sign * mean - incumbent, sd

    def _log_feasible(self, x: Tensor) -> Tensor:
        """Return the log probability in each draw that all is kept (``b x draws``)."""
        total = torch.zeros(len(x), len(self._none), dtype=x.dtype)
        for output, low, high in self._kept:
            mean, sd = output.at(x)
            total = total + log_probability_within(mean, sd.unsqueeze(-1), low, high)
        return total


def hopeful(hopes: Tensor, counts: Tensor, waiting: Tensor) -> Tensor:
    """Return which of ``n`` points may be the best: of many the most hopeful, and all under way.

    Values at thousands of points cannot be drawn together in the time of a round, and what is
    bound to lie below many others is never the best of a draw.

    Args:
        hopes: ``k x n`` what may be hoped for at each point in ``k`` respects, NaN for nothing;
            each picks as many points.
        counts: ``n`` booleans, which may be the best at all; where none may, any is as good.
        waiting: ``n`` booleans, which are under way.
    """
    if len(waiting) <= _DRAWN_WHOLE:
        return torch.ones_like(waiting)
    ranked = torch.where(counts & torch.isfinite(hopes), hopes, -torch.inf)
    picked = ranked.argsort(dim=1, descending=True, stable=True)[:, : _DRAWN // len(hopes)]
    kept = waiting.clone()
    kept[picked.flatten()] = True
    return kept


def hope(mean: Tensor, variance: Tensor) -> Tensor:
    """Return a value that noiseless ones of that mean and variance seldom exceed."""
    found: Tensor = mean + 2.0 * variance.clamp_min(0.0).sqrt()
    return found


class Draws:
    """One output of a model, given draws of its values at points measured and under way.

    Attributes:
        sampled: ``draws x n`` values at the base.
    """

    def __init__(self, model: _Process, column: int, base: Tensor, seed: int, draws: int) -> None:
        self._model, self._column, self._base = model, column, base
        self._mean, _, self._covariance = model.cross_moments(base, base, column)
        noise = draw_sobol_normal_samples(len(base), draws, dtype=torch.float64, seed=seed)
        self.sampled = self._mean + noise @ cholesky(self._covariance).T

    def given(self, rows: Tensor) -> None:
        """Condition on the values drawn at some rows of the base."""
        self._base = self._base[rows]
        self._root = cholesky(self._covariance[rows][:, rows])
        away = (self.sampled[:, rows] - self._mean[rows]).T
        self._pull = torch.cholesky_solve(away, self._root)

    def at(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the mean in each draw (``b x draws``) and the sd left (``b``) at ``b x d``."""
        mean, variance, covariance = self._model.cross_moments(x, self._base, self._column)
        half = torch.linalg.solve_triangular(self._root, covariance.T, upper=False)
        left = variance - half.square().sum(0)
        sd = left.clamp_min(1e-9 * float(self._root.diagonal().max()) ** 2 + _TINY).sqrt()
        return mean.unsqueeze(-1) + covariance @ self._pull, sd


def log_probability_within(mean: Tensor, sd: Tensor, low: float, high: float) -> Tensor:
    """Return the log probability that normal values lie from ``low`` to ``high``, elementwise."""
    if math.isinf(low):
        return log_ndtr((high - mean) / sd)
    if math.isinf(high):
        return log_ndtr((mean - low) / sd)
    below, above = (low - mean) / sd, (high - mean) / sd
    found: Tensor = log_prob_normal_in(below, torch.maximum(above, below + _NARROW))
    return found


def cholesky(covariance: Tensor) -> Tensor:
    """Return a lower Cholesky factor of ``n x n``, with as little jitter as it takes."""
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
