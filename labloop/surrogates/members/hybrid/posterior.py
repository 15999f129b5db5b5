"""Hybrid models: an ensemble of networks within physics as the mean, a GP on the residual.

The variance is that of the GP plus the spread of the networks, each corrected by the GP. Because
an ensemble is overconfident, the GP's hyper-parameters are fitted to the errors of networks at
experiments that were held out from their training. Networks that give the parameters of a
mechanistic model: Psichogios & Ungar, AIChE J. 38 (1992) 1499.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from labloop.records import FloatArray
from labloop.space import Feature
from labloop.surrogates.members.discrepancy import ResidualGP
from labloop.surrogates.members.hybrid.training import Ensemble, train_ensemble
from labloop.surrogates.numerics import (
    Hyperparameters,
    build_kernel,
    cross_covariance,
    fit_residual_gp,
)
from labloop.surrogates.solving import Channels

_MISSED, _PSEUDO_COUNT = 0.15, 3.0
"""Expected error of a network at held-out experiments, in standard deviations of a channel, and
how many experiments that expectation counts as."""
_WIDEST = 3.0
_JITTER = 1e-8


@dataclass(frozen=True, slots=True)
class HybridFit:
    """Trained networks and GPs; with the data everything else follows."""

    ensemble: Ensemble
    discrepancies: tuple[ResidualGP, ...]
    """One for each output that the objective reads."""


class HybridPosterior:
    """A hybrid model conditioned on the experiments.

    Attributes:
        fit: what was fitted.
        z: the members' mean constant, whitened, ``p``.
        covariance: ``p x p`` of the members' constants.
        channels: columns of ``Channels.values`` that the posterior speaks of.
    """

    def __init__(self, channels: Channels, fit: HybridFit, known: Tensor) -> None:
        self.fit = fit
        self.channels = tuple(range(channels.count))
        self._channels = channels
        ensemble = fit.ensemble
        count = channels.bound.dimension
        constants = ensemble.members[:, :count]
        self.z = constants.mean(0)
        away = constants - self.z
        self.covariance = away.T @ away / (len(away) - 1)
        self._values = channels.values[:, : channels.count]
        mean, spread = _mean_and_spread(_solved(channels, ensemble, ensemble.members))
        channels.check_finite(mean, spread)
        scale2 = torch.tensor([d.scale**2 for d in fit.discrepancies], dtype=torch.float64)
        noise = torch.tensor([d.hyper.noise + _JITTER for d in fit.discrepancies])
        self._scale2 = scale2
        self._noise = (scale2 * noise)[:, None] + known[:, : channels.count].T  # m x n
        shapes = torch.stack([self._process(c, channels.encoded) for c in self.channels])
        self._root = torch.linalg.cholesky(shapes + torch.diag_embed(self._noise))
        residual = (self._values - mean).T.unsqueeze(-1)
        solved = torch.cholesky_solve(torch.cat([residual, spread.movedim(1, 0)], -1), self._root)
        self._alpha, self._beta = solved[..., 0], solved[..., 1:]

    def _process(self, channel: int, x: Tensor, other: Tensor | None = None) -> Tensor:
        """Return the prior covariance of a channel's GP, ``... x q x q'``."""
        d = self.fit.discrepancies[channel]
        return d.scale**2 * cross_covariance(d.kernel, d.hyper, x, x if other is None else other)

    @property
    def mean_parameters(self) -> Tensor:
        """The whitened parameters' mean over members and experiments, ``p``."""
        ensemble = self.fit.ensemble
        return ensemble.net.z(ensemble.members, self._channels.encoded).mean((0, 1))

    def _predict(self, x: Tensor) -> "_At":
        """Return what is predicted at ``x``, ``... x q x d``."""
        mean, spread = _mean_and_spread(_solved_at(self._channels, self.fit.ensemble, x))
        sound = torch.isfinite(mean).all(-1) & torch.isfinite(spread).all(-1).all(-1)
        mean = torch.where(sound[..., None], mean, self._values.mean(0))
        spread = torch.where(sound[..., None, None], spread, 0.0)
        means, parts, halves = [], [], []
        for c in self.channels:
            cross = self._process(c, x, self._channels.encoded)
            means.append(mean[..., c] + cross @ self._alpha[c])
            parts.append(spread[..., c, :] - cross @ self._beta[c])
            halves.append(
                torch.linalg.solve_triangular(self._root[c], cross.transpose(-1, -2), upper=False)
            )
        return _At(torch.stack(means, -1), torch.stack(parts, -2), halves, sound)

    def marginal_moments(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return mean, variance and its part due to the networks at ``x``, ``... x q x m`` each."""
        at = self._predict(x)
        own = [self._prior_variance(c) - at.halves[c].square().sum(-2) for c in self.channels]
        by_networks = at.parts.square().sum(-1)
        floor = torch.where(at.sound[..., None], _JITTER, 1.0) * self._scale2
        return at.mean, torch.stack(own, -1).clamp_min(0.0) + by_networks + floor, by_networks

    def joint_moments(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean ``... x q x m`` and covariance ``... x q x m x q x m`` at ``x``."""
        at = self._predict(x)
        q, m = at.mean.shape[-2:]
        flat = at.parts.flatten(-3, -2)
        covariance = (flat @ flat.transpose(-1, -2)).reshape(*at.mean.shape[:-2], q, m, q, m)
        own = torch.zeros_like(covariance)
        for c in self.channels:
            half = at.halves[c]
            own[..., :, c, :, c] = self._process(c, x) - half.transpose(-1, -2) @ half
        blind = torch.where(at.sound[..., None], 0.0, self._scale2).flatten(-2)
        return at.mean, covariance + own + torch.diag_embed(blind).reshape(own.shape)

    def cross_moments(self, x: Tensor, base: Tensor, part: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return mean (b), variance (b) and covariance (b x m) of ``x`` with ``base``.

        The mean is NaN where the physics is not finite: such a point is not to be proposed.
        """
        at = self._predict(torch.cat([x, base]))
        count, half, jacobian = len(x), at.halves[part], at.parts[:, part]
        mean = torch.where(at.sound, at.mean[:, part], torch.nan)
        variance = self._prior_variance(part) - half[:, :count].square().sum(0)
        variance = variance.clamp_min(0.0) + jacobian[:count].square().sum(-1)
        shared = self._process(part, x, base) - half[:, :count].T @ half[:, count:]
        return mean[:count], variance, shared + jacobian[:count] @ jacobian[count:].T

    def _prior_variance(self, channel: int) -> float:
        d = self.fit.discrepancies[channel]
        return d.scale**2 * float(d.hyper.weights.sum())

    def noise_variance(self) -> FloatArray:
        """Return the variance of one measurement of each channel that the objective reads."""
        found: FloatArray = self._noise.mean(-1).numpy()
        return found

    def residuals(self) -> Tensor:
        """Return measured less fitted, ``n x m``: what the model attributes to noise."""
        return (self._noise * self._alpha).T

    @property
    def training_channels(self) -> tuple[int, ...]:
        """The channels that leave-one-out covers; the networks are trained on all channels."""
        return self.channels

    def leave_one_out(self) -> tuple[Tensor, Tensor]:
        """Return mean and variance ``n x m`` of each experiment given all others, with noise.

        The networks are those that were trained without the experiment; the GP is conditioned
        on their residuals at all others, in closed form (Sundararajan & Keerthi, Neural
        Computation 13 (2001) 1103).
        """
        ensemble = self.fit.ensemble
        inverse = torch.cholesky_inverse(self._root)  # m x n x n
        diagonal = inverse.diagonal(dim1=-2, dim2=-1).T  # n x m
        mean, variance = self._values.clone(), 1.0 / diagonal
        for f, found in enumerate(_solved(self._channels, ensemble, ensemble.folded)):
            mine = ensemble.fold == f
            guess, spread = _mean_and_spread(found)
            rest = torch.cat([(self._values - guess).unsqueeze(-1), spread], -1).movedim(1, 0)
            left = (inverse @ rest).movedim(0, 1)[mine] / diagonal[mine].unsqueeze(-1)
            mean[mine] -= left[..., 0]
            variance[mine] += left[..., 1:].square().sum(-1)
        return mean, variance

    def one_step_ahead_residuals(self) -> Tensor:
        """Return ``n x m`` whitened residuals of networks trained without the experiment.

        Each is conditioned on the experiments before it, with the final hyper-parameters.
        """
        missed = held_out_residuals(self._channels, self.fit.ensemble)
        white: Tensor = torch.linalg.solve_triangular(
            self._root, missed.T.unsqueeze(-1), upper=False
        )
        return white.squeeze(-1).T


@dataclass(frozen=True, slots=True)
class _At:
    """What is predicted at some points."""

    mean: Tensor
    """``... x q x m``"""
    parts: Tensor
    """``... x q x m x K``: deviation of each network from the mean, after the GP."""
    halves: list[Tensor]
    sound: Tensor


def fit_hybrid(
    channels: Channels, features: Sequence[Feature], known: Tensor, seed: int
) -> HybridFit:
    """Return the fitted member.

    Args:
        channels: physics and measurements.
        features: what the encoded columns mean.
        known: ``n x C`` known variances of measurements, zero where unknown.
        seed: of bootstrap weights, folds and starts.

    Raises:
        PhysicsFailureError: training took too long, or the physics gave nothing finite.
    """
    ensemble = train_ensemble(channels, known, seed)
    outside = held_out_residuals(channels, ensemble)
    inside = channels.values[:, : channels.count] - _solved(
        channels, ensemble, ensemble.members
    ).mean(0)
    kernel = build_kernel("matern", features)
    x, made = channels.encoded.numpy(), []
    for c in range(channels.count):
        scale = float(channels.scale[c])
        size = _size(outside[:, c] / scale, _MISSED if channels.covered[c] else 1.0)
        residual, variance = (inside[:, c] / scale).numpy(), (known[:, c] / scale**2).numpy()
        hyper = fit_residual_gp(kernel, x, residual, variance, size)
        hyper = Hyperparameters(hyper.lengthscales, np.array([size**2]), hyper.noise)
        made.append(ResidualGP(kernel, hyper, scale))
    return _widened(channels, HybridFit(ensemble, tuple(made)), known)


def _widened(channels: Channels, hybrid: HybridFit, known: Tensor) -> HybridFit:
    """Return the hybrid with its variance scaled up to the leave-one-out errors, never down.

    The GP is fitted to residuals at the experiments that networks were trained on, which are
    smaller than those in between.
    """
    mean, variance = HybridPosterior(channels, hybrid, known).leave_one_out()
    away = (channels.values[:, : channels.count] - mean).square() / variance
    wanted = (away.sum(0) + _PSEUDO_COUNT) / (len(away) + _PSEUDO_COUNT)
    factor = wanted.clamp(1.0, _WIDEST**2).sqrt().tolist()
    return replace(
        hybrid,
        discrepancies=tuple(
            replace(d, scale=d.scale * f) for d, f in zip(hybrid.discrepancies, factor, strict=True)
        ),
    )


def _size(missed: Tensor, expected: float) -> float:
    """Return the standard deviation of held-out errors, with pseudo-counts of the expected one."""
    total = float(missed.square().sum()) + _PSEUDO_COUNT * expected**2
    return math.sqrt(total / (len(missed) + _PSEUDO_COUNT))


def held_out_residuals(channels: Channels, ensemble: Ensemble) -> Tensor:
    """Return ``n x m``: measured less the prediction of networks trained without the experiment."""
    missed = torch.empty(len(channels.values), channels.count, dtype=torch.float64)
    for f, found in enumerate(_solved(channels, ensemble, ensemble.folded)):
        mine = ensemble.fold == f
        missed[mine] = (channels.values[:, : channels.count] - found.mean(0))[mine]
    return missed


def _solved(channels: Channels, ensemble: Ensemble, weights: Tensor) -> Tensor:
    """Return what networks ``... x B x P`` predict at the experiments, ``... x B x n x m``."""
    z = ensemble.net.z(weights, channels.encoded)
    return channels.predict(channels.encoded, z)[..., : channels.count]


def _solved_at(channels: Channels, ensemble: Ensemble, x: Tensor) -> Tensor:
    """Return what the members predict at ``x`` (``... x q x d``), ``K x ... x q x m``."""
    z = ensemble.net.z(ensemble.members, x)
    found = channels.predict(x.unsqueeze(-3), z)[..., : channels.count]
    return found.movedim(-3, 0)


def _mean_and_spread(found: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean ``... x m`` and deviations ``... x m x B`` whose squares add to a variance."""
    mean = found.mean(0)
    return mean, (found - mean).movedim(0, -1) / (len(found) - 1) ** 0.5
