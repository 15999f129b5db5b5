"""The weights of a mixture's members, by leave-one-out log densities (pseudo-BMA+)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from labloop.records import FloatArray
from labloop.space import Feature
from labloop.surrogates._base import FittedSurrogate, TrainingData
from labloop.surrogates.mixture.consequences import spread_places
from labloop.surrogates.mixture.physics_report import CandidatePhysics, is_varying
from labloop.surrogates.numerics import build_kernel, fit_gp
from labloop.surrogates.posteriors import log_density_of_channel, softmax_weights
from labloop.surrogates.solving import Channels, PhysicsFailureError

DEMAND, _UNSURE = 1.0, 0.5
"""By so much the log density of some physics must lead to be heard, and so many of its standard
errors: otherwise the surrogate without physics predicts alone."""
_PENALTY = 4.0
"""Subtracted from the leave-one-out log density of varying parameters. Their dozens of
hyper-parameters were fitted to the same results, so that they exceed the GP in many campaigns
whose physics is badly wrong, though rarely by more than this. Networks need no such penalty: they
are scored at experiments held out from their training."""
_BOOTSTRAP = 256
_ALIKE = 0.1
"""Scores are alike that differ by less than this share of what physics expects of the space."""


@dataclass(frozen=True, slots=True)
class Lead:
    """By how much a member predicts left-out results better than the one without physics.

    Attributes:
        total: the difference of the log densities, added up over the results; penalty taken off.
        error: its standard error, from how much the results differ (Vehtari, Gelman and Gabry,
            Statistics and Computing 27 (2017) 1413); 0 of one result.
    """

    total: float
    error: float

    @property
    def sure(self) -> float:
        """What is left of it when half of its error is taken off."""
        return self.total - _UNSURE * self.error

    @property
    def proven(self) -> bool:
        """Whether the results suffice to let the physics lead the search."""
        return self.sure > DEMAND


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights of a mixture's members, the one without physics first."""

    weights: FloatArray
    """M, adding up to 1."""
    evidence: FloatArray
    """The same without any penalty."""
    lead: Lead
    """Of the physics that leads most surely."""


def weigh_members(
    members: Sequence[FittedSurrogate],
    candidates: Sequence[CandidatePhysics],
    data: TrainingData,
) -> Weights:
    """Return the weights of all members, the first of which knows no physics.

    The densities of the objective's scores decide. Where these do not prove a physics, and all
    scores are alike, such as before the first product, the densities of the other measured
    channels are added: only they can tell whether it is right then.
    """
    densities = torch.stack([m.loo_log_density for m in members])
    penalty = np.array([_PENALTY if is_varying(m) else 0.0 for m in members])
    surest = surest_lead(densities, penalty)
    if not surest.proven:
        shares = member_weights(densities, penalty)
        share = {m.name: float(w) for m, w in zip(members, shares, strict=True)}
        rows = {member.name: row for row, member in enumerate(members)}
        leads = torch.zeros_like(densities)
        for candidate in candidates:
            if silent(candidate, share, data):
                plain = _without_physics(candidate.channels, data.features)
                for member in candidate.members:
                    leads[rows[member.name]] = _lead(member, plain, leads[0])
        densities = densities + leads
        surest = surest_lead(densities, penalty)
    return Weights(
        member_weights(densities, penalty),
        member_weights(densities, np.zeros(len(members))),
        surest,
    )


def surest_lead(log_density: Tensor, penalty: FloatArray) -> Lead:
    """Return the lead over the first member that exceeds its own standard error most.

    Args:
        log_density: leave-one-out log densities, ``M x n``, those without physics first.
        penalty: what is taken off each member's sum, ``M``.
    """
    density = log_density.detach().numpy()
    density = np.where(np.isfinite(density), density, -1e6)
    count = density.shape[1]
    differences = density[1:] - density[0]
    totals = differences.sum(1) - penalty[1:]
    errors = differences.std(1, ddof=1) * np.sqrt(count) if count > 1 else 0.0 * totals
    leads = [Lead(float(t), float(e)) for t, e in zip(totals, errors, strict=True)]
    return max(leads, key=lambda lead: lead.sure, default=Lead(0.0, 0.0))


def silent(candidate: CandidatePhysics, share: Mapping[str, float], data: TrainingData) -> bool:
    """Return whether all scores are alike, if the physics is right about how they may differ.

    Such as before the first product.
    """
    channels = candidate.channels
    with torch.no_grad():
        z = candidate.constant_posteriors(share)[0].z
        try:
            expected = channels.described(spread_places(data), z)[:, : channels.count]
        except PhysicsFailureError:
            return False
        spread = torch.nan_to_num(data.objective.scores(expected)).std(0)
    return bool((data.scores.std(0, correction=0) < _ALIKE * spread).all())


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
