"""The weights of a mixture's members, by leave-one-out log densities (pseudo-BMA+)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from labloop.records import FloatArray
from labloop.space import Feature
from labloop.surrogates._base import FittedSurrogate
from labloop.surrogates.mixture.physics_report import CandidatePhysics, is_varying
from labloop.surrogates.numerics import build_kernel, fit_gp
from labloop.surrogates.posteriors import log_density_of_channel, softmax_weights
from labloop.surrogates.solving import Channels

MAJORITY = 0.5
"""Above this weight the surrogate without physics alone predicts."""
_PENALTY = 4.0
"""Subtracted from the leave-one-out log density of varying parameters. Their dozens of
hyper-parameters were fitted to the same results, so that they exceed the GP in many campaigns
whose physics is badly wrong, though rarely by more than this. Networks need no such penalty: they
are scored at experiments held out from their training."""
_BOOTSTRAP = 256


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights of a mixture's members, the one without physics first."""

    weights: FloatArray
    """M, adding up to 1."""
    evidence: FloatArray
    """The same without any penalty."""


def weigh_members(
    members: Sequence[FittedSurrogate],
    candidates: Sequence[CandidatePhysics],
    features: Sequence[Feature],
) -> Weights:
    """Return the weights of all members, the first of which knows no physics.

    The densities of the objective's scores decide. Where these reject all physics, the densities
    of the other measured channels are added: where all scores are alike, such as before the first
    product, only they can tell whether a physics is right.
    """
    densities = torch.stack([m.loo_log_density for m in members])
    penalty = np.array([_PENALTY if is_varying(m) else 0.0 for m in members])
    counted = member_weights(densities, penalty)
    if counted[0] > MAJORITY:
        leads = torch.zeros_like(densities)
        rows = {member.name: row for row, member in enumerate(members)}
        for candidate in candidates:
            plain = _without_physics(candidate.channels, features)
            for member in candidate.members:
                leads[rows[member.name]] = _lead(member, plain, leads[0])
        densities = densities + leads
        counted = member_weights(densities, penalty)
    return Weights(counted, member_weights(densities, np.zeros(len(members))))


def _lead(member: FittedSurrogate, plain: dict[str, Tensor], none: Tensor) -> Tensor:
    """Return by how much the ``n`` log densities of other channels exceed those without physics."""
    every = [
        member.other_loo_log_density[name] - plain[name]
        for name in plain
        if name in member.other_loo_log_density
    ]
    return torch.stack(every).sum(0) if every else none


def _without_physics(channels: Channels, features: Sequence[Feature]) -> dict[str, Tensor]:
    """Return ``n`` leave-one-out log densities of each channel that the objective does not read."""
    kernel, x = build_kernel("matern", features), channels.encoded.numpy()
    found = {}
    for c in range(channels.count, len(channels.names)):
        values, scale = channels.values[:, c], float(channels.scale[c])
        y = ((values - values.mean()) / scale).numpy()
        fitted = fit_gp(kernel, x, y, np.zeros(len(y)))
        found[channels.names[c]] = log_density_of_channel(
            torch.from_numpy(y), torch.from_numpy(fitted.loo_mean), torch.from_numpy(fitted.loo_sd)
        )
    return found


def member_weights(log_density: Tensor, penalty: FloatArray) -> FloatArray:
    """Return weights of M members from leave-one-out log densities ``M x n`` (pseudo-BMA+).

    The softmax of the sums less a ``penalty`` of each member (``M``), averaged over
    Bayesian-bootstrap weights of the experiments, because which member predicts better is itself
    uncertain (Yao et al., Bayesian Analysis 13 (2018) 917).
    """
    density = log_density.detach().numpy()
    density = np.where(np.isfinite(density), density, -1e6)
    count = density.shape[1]
    draws = np.random.default_rng(0).dirichlet(np.ones(count), size=_BOOTSTRAP) * count
    shares = [softmax_weights(density @ draw - penalty) for draw in draws]
    weights: FloatArray = np.mean(shares, axis=0)
    return weights
