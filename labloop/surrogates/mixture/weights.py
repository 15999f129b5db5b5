"""How much each member of a mixture counts: by how well it predicts what was left out."""

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
"""With more than this the surrogate without physics is alone in the mixture's predictions."""
_DEMANDED = 4.0
"""By so much must the leave-one-out log density of varying constants lead. They bend to any results
with dozens of hyper-parameters that the same results chose, so they lead over no physics in many
campaigns whose physics is badly wrong, though rarely by more. Networks owe nothing: they are
judged by results that they never saw."""
_BOOTSTRAP = 256


@dataclass(frozen=True, slots=True)
class Weights:
    """What the members of a mixture count, the one without physics first."""

    counted: FloatArray
    """M, adding up to 1."""
    evidence: FloatArray
    """The same before anything is demanded of anybody: what the results say."""


def weigh_members(
    members: Sequence[FittedSurrogate],
    candidates: Sequence[CandidatePhysics],
    features: Sequence[Feature],
) -> Weights:
    """Return the weights of all members, the first of which knows no physics.

    The objective decides. Where it rejects all physics, the other measured outputs are asked
    for a second opinion: where all results are alike, such as no product yet, the objective
    cannot tell anything, and a physics that predicts what else was measured may be right.
    """
    densities = torch.stack([m.loo_log_density for m in members])
    demanded = np.array([_DEMANDED if is_varying(m) else 0.0 for m in members])
    counted = member_weights(densities, demanded)
    if counted[0] > MAJORITY:
        leads = torch.zeros_like(densities)
        rows = {member.name: row for row, member in enumerate(members)}
        for candidate in candidates:
            plain = _without_physics(candidate.channels, features)
            for member in candidate.members:
                leads[rows[member.name]] = _lead(member, plain, leads[0])
        densities = densities + leads
        counted = member_weights(densities, demanded)
    return Weights(counted, member_weights(densities, np.zeros(len(members))))


def _lead(member: FittedSurrogate, plain: dict[str, Tensor], none: Tensor) -> Tensor:
    """Return by how much ``n`` log densities of the other channels exceed those without physics."""
    every = [member.elsewhere[name] - plain[name] for name in plain if name in member.elsewhere]
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


def member_weights(log_density: Tensor, demanded: FloatArray) -> FloatArray:
    """Return weights of M members from leave-one-out log densities ``M x n`` (pseudo-BMA+).

    The softmax of the sums less what is ``demanded`` of each member (``M``), averaged over
    Bayesian-bootstrap weights of the experiments (Yao et al., Bayesian Analysis 13 (2018) 917):
    which member is better is itself uncertain, and one surprising experiment must not silence
    another member.
    """
    density = log_density.detach().numpy()
    density = np.where(np.isfinite(density), density, -1e6)
    count = density.shape[1]
    draws = np.random.default_rng(0).dirichlet(np.ones(count), size=_BOOTSTRAP) * count
    shares = [softmax_weights(density @ draw - demanded) for draw in draws]
    weights: FloatArray = np.mean(shares, axis=0)
    return weights
