"""Delta-GP: physics as the mean with jointly learned parameters, a process on what it misses.

In stages: the parameters by damped least squares with white noise (the noise reweighted
twice), a process per channel on the residuals, the parameters again by generalised least
squares under these processes, the processes again. The parameters' uncertainty stays in the
covariance as a tangent kernel.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from labloop.records import FloatArray
from labloop.space import Feature
from labloop.surrogates._discrepancy import fit_discrepancy
from labloop.surrogates._kernels import Hyper, Kernel, build_kernel, cross
from labloop.surrogates._leave_out import Linearised, leave_one_out, one_step_ahead
from labloop.surrogates._levenberg import LIMIT, Minimum, least_squares
from labloop.surrogates._physics_inputs import Channels, PhysicsFailureError
from labloop.surrogates._stability import best_apart, continued, rival_of

_PSEUDO_COUNT = 3.0
_FLOOR = 0.3
_MISSED = 0.5
"""What physics is expected to miss, in standard deviations of a channel. Not taken from the
residuals: a cluster of experiments near the best one would shrink it by repeating itself."""
_START_SD = 0.8
_STARTS, _BEGUN, _KEPT = 64, 6, 2
_HALVING = ((2, 3), (6, _KEPT))
"""Starts are judged where they lie, which needs no slopes. The best of them get so many
iterations, and so many of each group then go on. Of 36 fits of a stirred vessel that runs away
3 ended in a worse minimum; 4 did when 16 starts each got a first step, for half as much again."""
_REWEIGHTED = (4, 4)
_GENERALISED = 6
_CONTINUED = 6
_JITTER = 1e-8


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """The process on the residual of one channel, in units of ``scale``, the channel's sd."""

    kernel: Kernel
    hyper: Hyper
    scale: float


@dataclass(frozen=True, slots=True)
class Block:
    """Channels that share one set of physical parameters, with their discrepancies."""

    channels: tuple[int, ...]
    """Columns of ``Channels.values``."""
    z: FloatArray
    """Whitened parameters, ``p``."""
    discrepancies: tuple[Discrepancy, ...]
    rival: FloatArray | None = None
    """Other whitened parameters that the experiments cannot tell from ``z``."""


class SolvedBlock:
    """A block with its algebra done once: what prediction and leave-one-out need.

    Everything follows from the block and the data, so a stored block gives the same bits.

    Attributes:
        block: what was fitted.
        covariance: ``p x p`` posterior covariance of the whitened parameters.
    """

    def __init__(self, channels: Channels, block: Block, known: Tensor) -> None:
        self.block = block
        self._channels = channels
        self._picked = list(block.channels)
        self.z = torch.tensor(block.z, dtype=torch.float64)
        value, slope = channels.value_and_slope(channels.encoded, self.z.unsqueeze(0))
        channels.check_finite(value, slope)
        self._slope = slope[:, self._picked].movedim(1, 0)  # C x n x p
        self._residual = (channels.values - value)[:, self._picked].T  # C x n
        white = [d.scale**2 * (d.hyper.noise + _JITTER) for d in block.discrepancies]
        self._noise = torch.tensor(white, dtype=torch.float64)[:, None] + known[:, self._picked].T
        self._covariances = torch.stack(
            [
                _data_covariance(d, channels.encoded, known[:, c])
                for c, d in zip(block.channels, block.discrepancies, strict=True)
            ]
        )
        self._roots = torch.linalg.cholesky(self._covariances)
        solved = torch.cholesky_solve(
            torch.cat([self._residual.unsqueeze(-1), self._slope], dim=-1), self._roots
        )
        self._alpha, self._beta = solved[..., 0], solved[..., 1:]
        eye = torch.eye(len(self.z), dtype=torch.float64)
        information = (self._slope.transpose(-1, -2) @ self._beta).sum(0) + eye
        self.covariance = torch.cholesky_inverse(torch.linalg.cholesky(information))
        self._spread = torch.linalg.cholesky(self.covariance)

    @property
    def level(self) -> Tensor:
        """The whitened parameters that are told, ``p``."""
        return self.z

    @property
    def channels(self) -> tuple[int, ...]:
        """The columns of ``Channels.values`` that the posterior speaks of."""
        return tuple(self.block.channels[i] for i in self.parts)

    @property
    def parts(self) -> list[int]:
        """The positions within the block of channels that the objective reads."""
        return [i for i, c in enumerate(self.block.channels) if c < self._channels.count]

    def _predict(self, x: Tensor) -> tuple[Tensor, Tensor, list[Tensor], Tensor]:
        """Return mean ``... x q x m``, parameter part ``... x q x m x p``, half covariances.

        And where (``... x q``) the physics gives numbers; elsewhere the channel's mean stands
        for it.
        """
        value, slope = self._channels.value_and_slope(x, self.z.unsqueeze(0))
        sound = torch.isfinite(value).all(-1) & torch.isfinite(slope).all(-1).all(-1)
        value = torch.where(sound[..., None], value, self._channels.values.mean(0))
        slope = torch.where(sound[..., None, None], slope, 0.0)
        means, parts, halves = [], [], []
        for i in self.parts:
            d, c = self.block.discrepancies[i], self.block.channels[i]
            towards = d.scale**2 * cross(d.kernel, d.hyper, x, self._channels.encoded)
            means.append(value[..., c] + towards @ self._alpha[i])
            parts.append((slope[..., c, :] - towards @ self._beta[i]) @ self._spread)
            half = torch.linalg.solve_triangular(
                self._roots[i], towards.transpose(-1, -2), upper=False
            )
            halves.append(half)
        return torch.stack(means, -1), torch.stack(parts, -2), halves, sound

    def marginals(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return mean, variance and what the parameters leave of it at ``x``, ``... x q x m``."""
        mean, parts, halves, sound = self._predict(x)
        own = [
            self._prior_variance(i) - halves[j].square().sum(-2) for j, i in enumerate(self.parts)
        ]
        parameters = parts.square().sum(-1)
        floor = torch.where(sound[..., None], _JITTER, 1.0) * self._spread_of_channels()
        return mean, torch.stack(own, -1).clamp_min(0.0) + parameters + floor, parameters

    def joint(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean ``... x q x m`` and covariance ``... x q x m x q x m`` at ``x``."""
        mean, parts, halves, sound = self._predict(x)
        q, m = mean.shape[-2:]
        flat = parts.flatten(-3, -2)
        covariance = (flat @ flat.transpose(-1, -2)).reshape(*mean.shape[:-2], q, m, q, m)
        own = torch.zeros_like(covariance)
        for j, i in enumerate(self.parts):
            d = self.block.discrepancies[i]
            prior = d.scale**2 * cross(d.kernel, d.hyper, x, x)
            own[..., :, j, :, j] = prior - halves[j].transpose(-1, -2) @ halves[j]
        blind = torch.where(sound[..., None], 0.0, self._spread_of_channels()).flatten(-2)
        blind = torch.diag_embed(blind).reshape(own.shape)
        return mean, covariance + own + blind

    def _spread_of_channels(self) -> Tensor:
        return self._channels.scale[list(self.channels)].square()

    def towards(self, x: Tensor, base: Tensor, part: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return mean (b), variance (b) and covariance (b x m) of ``x`` with ``base``.

        For the ``part``-th channel of the block that the objective reads. The mean is NaN
        where the physics gives no number: such a point is not to be proposed.
        """
        mean, parts, halves, sound = self._predict(torch.cat([x, base]))
        mean = torch.where(sound[:, None], mean, torch.nan)
        i, count = self.parts[part], len(x)
        d, half, slope = self.block.discrepancies[i], halves[part], parts[:, part]
        variance = self._prior_variance(i) - half[:, :count].square().sum(0)
        variance = variance.clamp_min(0.0) + slope[:count].square().sum(-1)
        shared = d.scale**2 * cross(d.kernel, d.hyper, x, base)
        shared = shared - half[:, :count].T @ half[:, count:]
        return mean[:count, part], variance, shared + slope[:count] @ slope[count:].T

    def _prior_variance(self, part: int) -> float:
        d = self.block.discrepancies[part]
        return d.scale**2 * float(d.hyper.weights.sum())

    def noise_variance(self) -> FloatArray:
        """Return the variance of one measurement of each channel that the objective reads."""
        found: FloatArray = self._noise[self.parts].mean(-1).numpy()
        return found

    def left_over(self) -> Tensor:
        """Return measured less fitted, ``n x m``: what is taken for noise."""
        found = self._noise * self._alpha
        return found.T[:, self.parts]

    @property
    def learned_from(self) -> tuple[int, ...]:
        """The columns of ``Channels.values`` that it was fitted to."""
        return self.block.channels

    def leave_one_out(self) -> tuple[Tensor, Tensor]:
        """Return mean and variance of each experiment given all others, with noise.

        Each ``n`` by the channels that it learned from.
        """
        return leave_one_out(self._linearised(), self._physics)

    def surprises(self) -> Tensor:
        """Return ``n x C`` whitened one-step-ahead surprises."""
        return one_step_ahead(self._linearised())

    def _physics(self, z: Tensor) -> tuple[Tensor, Tensor]:
        value, slope = self._channels.solved_at(z)
        return value[:, self._picked], slope[:, self._picked]

    def _linearised(self) -> Linearised:
        _, n, p = self._slope.shape
        own = [
            d.scale**2 * cross(d.kernel, d.hyper, self._channels.encoded, self._channels.encoded)
            for d in self.block.discrepancies
        ]
        return Linearised(
            slope=self._slope,
            start=self._residual + self._slope @ self.z,
            alike=torch.ones(n, n, p, dtype=torch.float64),
            own=torch.stack(own),
            noise=self._noise,
        )


def _data_covariance(d: Discrepancy, encoded: Tensor, known: Tensor) -> Tensor:
    shape = cross(d.kernel, d.hyper, encoded, encoded)
    noise = d.hyper.noise + _JITTER
    return d.scale**2 * (shape + noise * torch.eye(len(encoded), dtype=torch.float64)) + torch.diag(
        known
    )


def fit_blocks(
    channels: Channels,
    groups: Sequence[tuple[int, ...]],
    features: Sequence[Feature],
    known: Tensor,
    seed: int,
) -> list[Block]:
    """Return a fitted block for each group of channels; all groups share their batches.

    Args:
        channels: physics and measurements.
        groups: columns of ``channels.values`` that share parameters.
        features: what the encoded columns mean.
        known: ``n x C`` known variances of measurements, zero where unknown.
        seed: of the random starts.

    Raises:
        PhysicsFailureError: the physics gives nothing finite from any start.
    """
    masks = torch.zeros(len(groups), len(channels.names), dtype=torch.float64)
    for row, group in enumerate(groups):
        masks[row, list(group)] = 1.0
    at, rivals = _with_white_noise(channels, masks, seed)
    kernel = build_kernel("matern", features)
    fitted = _discrepancies(channels, groups, kernel, at.value, known)
    at = _generalised(channels, masks, groups, fitted, at, known)
    fitted = _discrepancies(channels, groups, kernel, at.value, known, fitted)
    return [
        Block(group, at.z[row].numpy().copy(), tuple(fitted[row]), rivals[row])
        for row, group in enumerate(groups)
    ]


def _with_white_noise(
    channels: Channels, masks: Tensor, seed: int
) -> tuple[Minimum, list[FloatArray | None]]:
    """Return the best fit of every group, and a rival of each or None."""
    groups, count = len(masks), channels.bound.dimension
    floor = (_FLOOR * channels.scale).square()
    at = _best_starts(channels, masks, floor, seed)
    mask = masks.repeat_interleave(_KEPT, 0)
    for iterations in _REWEIGHTED:
        variance = _reweighted(channels, at, floor)
        at = _white_noise_fit(channels, mask, variance, at, iterations)
    if not bool(torch.isfinite(at.cost).view(groups, _KEPT).any(1).all()):
        channels.check_finite(*channels.value_and_slope(channels.encoded, torch.zeros(1, count)))
        raise PhysicsFailureError(
            f"physics {channels.bound.model.name!r} gave values that are not finite at the "
            "experiments, from every start of its parameters"
        )
    weight = len(channels.values) + _PSEUDO_COUNT
    loss = (mask * weight * variance.log()).sum(-1) + at.z.square().sum(-1)
    loss = torch.where(torch.isfinite(at.cost), loss, torch.inf).view(groups, _KEPT)
    z, best = at.z.view(groups, _KEPT, count), loss.argmin(1)
    rivals = [rival_of(z[g], loss[g], int(best[g])) for g in range(groups)]
    rows = best + _KEPT * torch.arange(groups)
    lowest = continued(
        lambda w: channels.value_and_slope(channels.encoded, w.unsqueeze(-2)),
        channels.values,
        _white(channels, masks, variance[rows]),
        at.rows(rows),
        _CONTINUED,
    )
    return lowest, [None if rival is None else rival.numpy().copy() for rival in rivals]


def _best_starts(channels: Channels, masks: Tensor, floor: Tensor, seed: int) -> Minimum:
    """Return the ``_KEPT`` best fits of every group, begun at the best of ``_STARTS`` places."""
    groups, count = len(masks), channels.bound.dimension
    generator = torch.Generator().manual_seed(seed % (1 << 62))
    spread = torch.tensor([0.0, *[_START_SD] * (_STARTS - 1)], dtype=torch.float64)
    draws = torch.randn(_STARTS, count, generator=generator, dtype=torch.float64)
    z = (spread[:, None] * draws).clamp(-LIMIT, LIMIT)
    away = channels.values - channels.predict(channels.encoded, z.unsqueeze(-2))
    misfit = (away.square() / floor).sum(-2) @ masks.T + z.square().sum(-1, keepdim=True)
    # Where only the slope is no number nobody knows it yet: such a start ends where it begins.
    misfit = torch.where(torch.isfinite(misfit), misfit, torch.inf)
    begun = [best_apart(z, misfit[:, group], _BEGUN) for group in range(groups)]
    at: Tensor | Minimum = z[torch.cat(begun)]
    running = _BEGUN
    for iterations, kept in _HALVING:
        mask = masks.repeat_interleave(running, 0)
        found = _white_noise_fit(channels, mask, floor.expand_as(mask), at, iterations)
        # The others can hardly win any more and would cost as much as the better ones.
        rows, cost = found.z.view(groups, running, count), found.cost.view(groups, running)
        ranks = [g * running + best_apart(rows[g], cost[g], kept) for g in range(groups)]
        at = found = found.rows(torch.cat(ranks))
        running = kept
    return found


def _white_noise_fit(
    channels: Channels, mask: Tensor, variance: Tensor, starts: Tensor | Minimum, iterations: int
) -> Minimum:
    return least_squares(
        lambda z: channels.value_and_slope(channels.encoded, z.unsqueeze(-2)),
        channels.values,
        _white(channels, mask, variance),
        starts,
        iterations,
    )


def _white(channels: Channels, mask: Tensor, variance: Tensor) -> Tensor:
    eye = torch.eye(len(channels.values), dtype=torch.float64)
    return (mask / variance.sqrt())[:, :, None, None] * eye


def _reweighted(channels: Channels, at: Minimum, floor: Tensor) -> Tensor:
    """Return residual variances with pseudo-counts: few points fitted well are no proof."""
    residual = torch.nan_to_num(channels.values - at.value, nan=0.0, posinf=0.0, neginf=0.0)
    total = residual.square().sum(-2) + _PSEUDO_COUNT * floor
    return total / (residual.shape[-2] + _PSEUDO_COUNT)


def _discrepancies(
    channels: Channels,
    groups: Sequence[tuple[int, ...]],
    kernel: Kernel,
    value: Tensor,
    known: Tensor,
    before: Sequence[Sequence[Discrepancy]] | None = None,
) -> list[list[Discrepancy]]:
    """Return the processes of every group where the physics says ``value``, ``G x n x C``."""
    x = channels.encoded.numpy()
    fitted = []
    for row, group in enumerate(groups):
        made = []
        for i, c in enumerate(group):
            scale = float(channels.scale[c])
            size = _MISSED if channels.covered[c] else 1.0
            residual = ((channels.values[:, c] - value[row, :, c]) / scale).numpy()
            start = None if before is None else before[row][i].hyper
            hyper = fit_discrepancy(
                kernel, x, residual, known[:, c].numpy() / scale**2, size, start
            )
            made.append(Discrepancy(kernel, hyper, scale))
        fitted.append(made)
    return fitted


def _generalised(
    channels: Channels,
    masks: Tensor,
    groups: Sequence[tuple[int, ...]],
    fitted: Sequence[Sequence[Discrepancy]],
    at: Minimum,
    known: Tensor,
) -> Minimum:
    """Return the best fit of every group under the processes' precision."""
    n = len(channels.values)
    whitener = torch.zeros(*masks.shape, n, n, dtype=torch.float64)
    eye = torch.eye(n, dtype=torch.float64)
    for row, group in enumerate(groups):
        for d, c in zip(fitted[row], group, strict=True):
            root = torch.linalg.cholesky(_data_covariance(d, channels.encoded, known[:, c]))
            whitener[row, c] = torch.linalg.solve_triangular(root, eye, upper=False)
    return least_squares(
        lambda w: channels.value_and_slope(channels.encoded, w.unsqueeze(-2)),
        channels.values,
        whitener,
        at,
        _GENERALISED,
    )
