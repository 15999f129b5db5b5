"""The fit of discrepancy models: parameters of the physics, and GPs on their residuals.

In stages: parameters by Levenberg-Marquardt under white noise (its variance re-estimated
twice), a GP per channel on the residuals, parameters again by generalised least squares under
the covariance of these GPs, then the GPs again.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from labloop.records import FloatArray
from labloop.space import Feature
from labloop.surrogates.members.discrepancy.conditioned import (
    DiscrepancyFit,
    ResidualGP,
    measurement_covariance,
)
from labloop.surrogates.numerics import (
    LIMIT,
    Kernel,
    Minimum,
    alternative_minimum,
    best_distinct,
    build_kernel,
    fit_residual_gp,
    least_squares,
    left_saddle,
)
from labloop.surrogates.solving import Channels, PhysicsFailureError

_PSEUDO_COUNT = 3.0
_FLOOR = 0.3
_MISSED = 0.5
"""Expected discrepancy in standard deviations of a channel. It is not estimated from residuals,
because repeated experiments near the optimum would make it too small."""
_START_SD = 0.8
_STARTS, _BEGUN, _KEPT = 64, 6, 2
_HALVING = ((2, 3), (6, _KEPT))
"""Successive halving (Jamieson & Talwalkar, AISTATS 2016): pairs of iterations, and of starts that
are then kept. Before, starts are ranked by their cost alone, which needs no Jacobian. Of 36 fits of
a stirred vessel that runs away 3 ended in a worse minimum; 4 did where all of 16 starts took a
first step, at 1.5 times the cost."""
_REWEIGHTED = (4, 4)
_GENERALISED = 6
_CONTINUED = 6


def fit_discrepancy_models(
    channels: Channels,
    groups: Sequence[tuple[int, ...]],
    features: Sequence[Feature],
    known: Tensor,
    seed: int,
) -> list[DiscrepancyFit]:
    """Return a fit for each group of channels; all groups are solved in the same batches.

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
        DiscrepancyFit(group, at.z[row].numpy().copy(), tuple(fitted[row]), rivals[row])
        for row, group in enumerate(groups)
    ]


def _with_white_noise(
    channels: Channels, masks: Tensor, seed: int
) -> tuple[Minimum, list[FloatArray | None]]:
    """Return the best fit of every group, and an alternative minimum of each or None."""
    groups, count = len(masks), channels.bound.dimension
    floor = (_FLOOR * channels.scale).square()
    at = _best_starts(channels, masks, floor, seed)
    mask = masks.repeat_interleave(_KEPT, 0)
    for iterations in _REWEIGHTED:
        variance = _reweighted(channels, at, floor)
        at = _white_noise_fit(channels, mask, variance, at, iterations)
    if not bool(torch.isfinite(at.cost).view(groups, _KEPT).any(1).all()):
        channels.check_finite(*channels.value_and_jacobian(channels.encoded, torch.zeros(1, count)))
        raise PhysicsFailureError(
            f"physics {channels.bound.model.name!r} gave values that are not finite at the "
            "experiments, from every start of its parameters"
        )
    weight = len(channels.values) + _PSEUDO_COUNT
    loss = (mask * weight * variance.log()).sum(-1) + at.z.square().sum(-1)
    loss = torch.where(torch.isfinite(at.cost), loss, torch.inf).view(groups, _KEPT)
    z, best = at.z.view(groups, _KEPT, count), loss.argmin(1)
    rivals = [alternative_minimum(z[g], loss[g], int(best[g])) for g in range(groups)]
    rows = best + _KEPT * torch.arange(groups)
    lowest = left_saddle(
        channels.at_parameter_sets,
        channels.values,
        _white(channels, masks, variance[rows]),
        at.rows(rows),
        _CONTINUED,
    )
    return lowest, [None if rival is None else rival.numpy().copy() for rival in rivals]


def _best_starts(channels: Channels, masks: Tensor, floor: Tensor, seed: int) -> Minimum:
    """Return the ``_KEPT`` best fits of every group, from the best of ``_STARTS`` random starts."""
    groups, count = len(masks), channels.bound.dimension
    generator = torch.Generator().manual_seed(seed % (1 << 62))
    spread = torch.tensor([0.0, *[_START_SD] * (_STARTS - 1)], dtype=torch.float64)
    draws = torch.randn(_STARTS, count, generator=generator, dtype=torch.float64)
    z = (spread[:, None] * draws).clamp(-LIMIT, LIMIT)
    away = channels.values - channels.predict(channels.encoded, z.unsqueeze(-2))
    misfit = (away.square() / floor).sum(-2) @ masks.T + z.square().sum(-1, keepdim=True)
    misfit = torch.where(torch.isfinite(misfit), misfit, torch.inf)
    found = _halved(channels, masks, floor, z, misfit, _BEGUN)
    if not bool(torch.isfinite(found.cost).view(groups, _KEPT).any(1).all()):
        # Only now it is known where the Jacobian is not finite: a start there cannot move.
        found = _halved(channels, masks, floor, z, misfit, _STARTS)
    return found


def _halved(
    channels: Channels, masks: Tensor, floor: Tensor, z: Tensor, misfit: Tensor, begun: int
) -> Minimum:
    """Return the ``_KEPT`` best fits of every group that start at the ``begun`` best of ``z``."""
    groups, count = len(masks), z.shape[-1]
    first = [best_distinct(z, misfit[:, group], begun) for group in range(groups)]
    at: Tensor | Minimum = z[torch.cat(first)]
    running = begun
    for iterations, kept in _HALVING:
        mask = masks.repeat_interleave(running, 0)
        found = _white_noise_fit(channels, mask, floor.expand_as(mask), at, iterations)
        rows, cost = found.z.view(groups, running, count), found.cost.view(groups, running)
        ranks = [g * running + best_distinct(rows[g], cost[g], kept) for g in range(groups)]
        at = found = found.rows(torch.cat(ranks))
        running = kept
    return found


def _white_noise_fit(
    channels: Channels, mask: Tensor, variance: Tensor, starts: Tensor | Minimum, iterations: int
) -> Minimum:
    return least_squares(
        channels.at_parameter_sets,
        channels.values,
        _white(channels, mask, variance),
        starts,
        iterations,
    )


def _white(channels: Channels, mask: Tensor, variance: Tensor) -> Tensor:
    eye = torch.eye(len(channels.values), dtype=torch.float64)
    return (mask / variance.sqrt())[:, :, None, None] * eye


def _reweighted(channels: Channels, at: Minimum, floor: Tensor) -> Tensor:
    """Return residual variances, with pseudo-counts against too small ones from few points."""
    residual = torch.nan_to_num(channels.values - at.value, nan=0.0, posinf=0.0, neginf=0.0)
    total = residual.square().sum(-2) + _PSEUDO_COUNT * floor
    return total / (residual.shape[-2] + _PSEUDO_COUNT)


def _discrepancies(
    channels: Channels,
    groups: Sequence[tuple[int, ...]],
    kernel: Kernel,
    value: Tensor,
    known: Tensor,
    before: Sequence[Sequence[ResidualGP]] | None = None,
) -> list[list[ResidualGP]]:
    """Return the GPs of every group where the physics predicts ``value``, ``G x n x C``."""
    x = channels.encoded.numpy()
    fitted = []
    for row, group in enumerate(groups):
        made = []
        for i, c in enumerate(group):
            scale = float(channels.scale[c])
            size = _MISSED if channels.covered[c] else 1.0
            residual = ((channels.values[:, c] - value[row, :, c]) / scale).numpy()
            start = None if before is None else before[row][i].hyper
            hyper = fit_residual_gp(
                kernel, x, residual, known[:, c].numpy() / scale**2, size, start
            )
            made.append(ResidualGP(kernel, hyper, scale))
        fitted.append(made)
    return fitted


def _generalised(
    channels: Channels,
    masks: Tensor,
    groups: Sequence[tuple[int, ...]],
    fitted: Sequence[Sequence[ResidualGP]],
    at: Minimum,
    known: Tensor,
) -> Minimum:
    """Return the best fit of every group under the precision of its GPs."""
    n = len(channels.values)
    whitener = torch.zeros(*masks.shape, n, n, dtype=torch.float64)
    eye = torch.eye(n, dtype=torch.float64)
    for row, group in enumerate(groups):
        for d, c in zip(fitted[row], group, strict=True):
            root = torch.linalg.cholesky(measurement_covariance(d, channels.encoded, known[:, c]))
            whitener[row, c] = torch.linalg.solve_triangular(root, eye, upper=False)
    return least_squares(
        channels.at_parameter_sets,
        channels.values,
        whitener,
        at,
        _GENERALISED,
    )
