"""What many points are worth together: improvements in joint draws of the model.

In each draw of the outputs at the results and at the candidates, a batch is worth what its best
point improves on the best result of that draw; the worth of a batch is the mean over the draws.
It is submodular, so that taking the point that adds most, one after another, comes near the best
batch (Wilson, Hutter and Deisenroth 2018). With several aims each draw looks along a direction of
its own, and the mean over directions is the improvement of the hypervolume (Zhang and Golovin
2020). A point is taken only for draws in which it keeps every outcome constraint.
"""

from collections.abc import Callable
from copy import copy
from typing import Any, Self

import numpy as np
import torch
from botorch.utils.sampling import draw_sobol_normal_samples
from numpy.typing import NDArray
from torch import Tensor

from labloop.brain.acquisition.functions import AcquisitionContext
from labloop.brain.acquisition.noisy_improvement import cholesky
from labloop.brain.observations import small_seed
from labloop.records import FloatArray
from labloop.surrogates import MixtureModel, Parted

_DRAWS, _MARGINAL = 256, 32
_BASE = 64
"""So many results at most may be the best of a draw."""
_SOFT = 0.1
_CHUNK = 4096
_NOTHING = 1e-9
_AMONG_BEST = 0.9
_FEW, _BLOCK = 32, 512


class Joint:
    """Worth of single points and of batches under one fitted model.

    Args:
        context: the model, the results and what is wanted.
        log_chance: log probability that an experiment at ``b x d`` points works; None: all do.
        places: how many points the batch has; more than 512 are chosen from more draws.
    """

    def __init__(
        self,
        context: AcquisitionContext,
        log_chance: Callable[[Tensor], Tensor] | None,
        places: int = 1,
    ) -> None:
        self._context, self._log_chance = context, log_chance
        self._draws = draws = _DRAWS if places <= 2 * _DRAWS else 2 * _DRAWS
        count = context.scores.shape[1]
        generator = torch.Generator().manual_seed(small_seed(context.seed, 20))
        shares = torch.randn(draws, count, dtype=torch.float64, generator=generator).abs()
        self._shares = shares / shares.norm(dim=1, keepdim=True)
        self._base = self._good_results()
        self.label = "joint noisy improvement" if count == 1 else "joint hypervolume improvement"

    def marginal(self, rows: Tensor) -> FloatArray:
        """Return what each of ``N x d`` points is worth alone, roughly; larger is better."""
        found = [self._roughly(part) for part in torch.split(rows, _CHUNK)]
        worth: FloatArray = torch.nan_to_num(torch.cat(found), nan=-torch.inf).numpy()
        return worth

    def picker(self, rows: Tensor) -> "JointPicker":
        """Return what takes the best batch out of ``N x d`` points."""
        base = self._base
        if self._context.pending is not None:
            base = torch.cat([base, self._context.pending])
        worth = self._worth_in_draws(torch.cat([base, rows]))
        known, there = worth[:, : len(base)], worth[:, len(base) :]
        best = known.amax(1)
        least = torch.where(torch.isfinite(there), there, torch.inf).amin(1)
        # Where no result keeps the constraints, whatever keeps them improves.
        best = torch.where(
            torch.isfinite(best), best, torch.minimum(least, there.new_zeros(())) - 1
        )
        best = torch.nan_to_num(best, posinf=0.0)
        weight = np.ones(len(rows))
        if self._log_chance is not None:
            weight = np.exp(self._log_chance(rows).numpy())
        there = torch.where(torch.isfinite(there), there, best[:, None] - 1e6)
        return JointPicker(
            np.ascontiguousarray(there.T.numpy(), dtype=np.float32),
            best.numpy().astype(np.float32),
            weight.astype(np.float32),
        )

    def _good_results(self) -> Tensor:
        context = self._context
        worth = self._along(context.scores[None], self._shares)
        worth = torch.where(context.feasible, worth, worth.amin() - 1.0)
        best = worth.topk(min(len(context.baseline), _BASE if worth.shape[0] == 1 else 3), dim=1)
        if context.scores.shape[1] == 1:
            best = worth[:1].topk(min(len(context.baseline), _BASE), dim=1)
        return context.baseline[torch.unique(best.indices)[: 4 * _BASE]]

    def _along(self, scores: Tensor, shares: Tensor) -> Tensor:
        """Return ``S x N`` worth of ``S x N x k`` scores: itself, or along a direction a draw."""
        count = scores.shape[-1]
        if count == 1:
            return (scores / self._context.unit)[..., 0].expand(len(shares), -1)
        above = (scores - self._context.reference) / self._context.unit
        least = (above / shares[:, None, :]).amin(-1)
        return least.sign() * least.abs() ** count

    def _worth_in_draws(self, rows: Tensor) -> Tensor:
        """Return ``S x N``, minus infinity where a draw breaks an outcome constraint."""
        model: Any = self._context.model
        members, weights = [model], [1.0]
        if isinstance(model, MixtureModel):
            members, weights = list(model.members), list(model.weights)
        counts = _counts(weights, self._draws)
        parts, first = [], 0
        with torch.no_grad():
            for i, (member, count) in enumerate(zip(members, counts, strict=True)):
                if count:
                    shares = self._shares[first : first + count]
                    parts.append(self._drawn_worth(member, rows, shares, 100 * (i + 1)))
                first += count
        return torch.cat(parts)

    def _drawn_worth(self, member: Any, rows: Tensor, shares: Tensor, salt: int) -> Tensor:
        context = self._context
        outputs = _joint_draws(member, rows, len(shares), small_seed(context.seed, salt))
        worth = self._along(context.scores_of(outputs), shares)
        if context.over == "outputs":
            for i, (process, column, low, high) in enumerate(context.kept_by(member)):
                values = outputs[..., column]
                if process is not member:
                    seed = small_seed(context.seed, salt + 50 + i)
                    values = _column_draws(process, rows, column, len(shares), seed)
                kept = (values >= low) & (values <= high)
                worth = torch.where(kept, worth, -torch.inf)
        return torch.where(torch.isnan(worth), -torch.inf, worth)

    def _roughly(self, rows: Tensor) -> Tensor:
        """Return the mean improvement of single points, softened, times their chance."""
        context, model = self._context, self._context.model
        with torch.no_grad():
            mean, sd = _moments(model, rows)
            shape = (_MARGINAL, mean.shape[-1])
            noise = draw_sobol_normal_samples(
                shape[1], shape[0], dtype=torch.float64, seed=small_seed(context.seed, 21)
            )
            outputs = mean + sd * noise[:, None, :]
            shares = self._shares[:_MARGINAL]
            worth = self._along(context.scores_of(outputs), shares)
            best = self._along(context.scores[None], shares)
            feasible = context.feasible if bool(context.feasible.any()) else ~context.feasible
            best = best[:, feasible].amax(1, keepdim=True)
            gain = torch.nn.functional.softplus((worth - best) / _SOFT).mean(0).log()
            if context.over == "outputs":
                for column, low, high in context.objectives.bounds:
                    kept = (outputs[..., column] >= low) & (outputs[..., column] <= high)
                    gain = gain + (kept.to(gain).mean(0) + 1e-3).log()
            if self._log_chance is not None:
                gain = gain + self._log_chance(rows)
        return gain


class JointPicker:
    """Takes the point that adds most to a batch, draw by draw.

    When every draw has been improved by as much as it can be, the draws begin anew: the next
    points are the second best of each.

    Args:
        worth: ``N x S`` worth of points in draws.
        best: ``S`` worth of the best result, and of the points taken since.
        weight: ``N`` probabilities that the experiment works.
    """

    def __init__(
        self,
        worth: NDArray[np.float32],
        best: NDArray[np.float32],
        weight: NDArray[np.float32],
    ) -> None:
        self._worth, self._start, self._best, self._weight = worth, best, best, weight
        self._bounds = self._added(np.arange(len(worth)))
        self._exact = np.ones(len(worth), dtype=bool)

    def gains(self, open_: NDArray[np.bool_]) -> FloatArray:
        """Return what ``N`` points would add at most; of the greatest ones exactly."""
        found = self._looked_up(open_)
        if found.max() <= _NOTHING:
            self._begin_anew(self._start)
            found = self._looked_up(open_)
        if found.max() <= _NOTHING:
            # No draw promises more than is known already: what is among its best is next.
            self._start = np.quantile(self._worth[open_], _AMONG_BEST, axis=0).astype(np.float32)
            self._begin_anew(self._start)
            found = self._looked_up(open_)
        return found

    def take(self, row: int) -> None:
        """Count a point to the batch."""
        self._best = np.maximum(self._best, self._worth[row])
        self._exact[:] = False

    def copy(self) -> Self:
        """Return a picker that goes on by itself."""
        made = copy(self)
        vars(made).update(_bounds=self._bounds.copy(), _exact=self._exact.copy())
        return made

    def _begin_anew(self, best: NDArray[np.float32]) -> None:
        self._best = best
        self._bounds = self._added(np.arange(len(self._worth)))
        self._exact[:] = True

    def _looked_up(self, open_: NDArray[np.bool_]) -> FloatArray:
        # What a point adds never grows, so that an older value is a bound (Minoux 1978).
        found = np.where(open_, self._bounds, -np.inf)
        few = min(_FEW, len(found))
        while True:
            top = np.argpartition(-found, few - 1)[:few]
            old = top[~self._exact[top] & open_[top]]
            if not len(old):
                return found
            found[old] = self._bounds[old] = self._added(old)
            self._exact[old] = True

    def _added(self, rows: NDArray[np.int64]) -> FloatArray:
        added = np.subtract(self._worth[rows], self._best)
        np.maximum(added, 0.0, out=added)
        return np.asarray(added.mean(1) * self._weight[rows], dtype=np.float64)


def _counts(weights: list[float], draws: int) -> list[int]:
    """Return how many draws each member gives, by its weight."""
    ends = np.rint(np.cumsum(weights) / sum(weights) * draws).astype(int)
    return [int(n) for n in np.diff(np.concatenate([[0], ends]))]


def _moments(model: Any, rows: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and sd of what is modelled at ``N x d`` points, ``N x m`` each."""
    if isinstance(model, Parted):
        parts = model.variance_parts(rows)
        variance = parts.parameters + parts.discrepancy + parts.between
        return parts.mean, variance.clamp_min(0.0).sqrt()
    posterior: Any = model.posterior(rows.unsqueeze(-2))
    sd = posterior.variance.squeeze(-2).clamp_min(0.0).sqrt()
    return posterior.mean.squeeze(-2), sd


def _joint_draws(model: Any, rows: Tensor, draws: int, seed: int) -> Tensor:
    """Return ``S x N x m`` draws of all points together."""
    if hasattr(model, "cross_moments"):
        columns = [
            _column_draws(model, rows, column, draws, seed + column)
            for column in range(model.num_outputs)
        ]
        return torch.stack(columns, -1)
    torch.manual_seed(seed)
    drawn: Tensor = model.posterior(rows).rsample(torch.Size([draws]))
    return drawn


def _joint_moments(model: Any, rows: Tensor, column: int) -> tuple[Tensor, Tensor]:
    """Return mean ``N`` and the lower triangle of the covariance ``N x N``."""
    mean = torch.empty(len(rows), dtype=torch.float64)
    covariance = torch.zeros(len(rows), len(rows), dtype=torch.float64)
    for first in range(0, len(rows), _BLOCK):
        last = min(first + _BLOCK, len(rows))
        found, _, across = model.cross_moments(rows[first:last], rows[:last], column)
        mean[first:last], covariance[first:last, :last] = found, across
    return mean, covariance


def _column_draws(model: Any, rows: Tensor, column: int, draws: int, seed: int) -> Tensor:
    mean, covariance = _joint_moments(model, rows, column)
    sound = torch.isfinite(mean)
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(draws, int(sound.sum()), dtype=torch.float64, generator=generator)
    found = torch.full((draws, len(rows)), torch.nan, dtype=torch.float64)
    root = cholesky(covariance if bool(sound.all()) else covariance[sound][:, sound])
    found[:, sound] = mean[sound] + noise @ root.T
    return found
