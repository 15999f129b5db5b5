"""The hybrid as an optional member of a mixture; left out with an alarm where it fails."""

import time
from collections.abc import Sequence
from dataclasses import replace

import torch

from labloop.physics import BoundPhysics
from labloop.records import Alarm, Json, ModelState, Severity
from labloop.surrogates._base import FittedSurrogate, TrainingData
from labloop.surrogates.members import (
    HybridFit,
    HybridPosterior,
    fit_hybrid,
    hybrid_of,
    hybrid_state_of,
)
from labloop.surrogates.mixture.physics_members import fitted_member, known_variance, member_name
from labloop.surrogates.solving import (
    Channels,
    DeviceSolver,
    PhysicsFailureError,
    SingularMatrixError,
)

HYBRID = "hybrid"
_FEWEST, _MOST = 5, 100
"""Number of experiments from which, and up to which, networks are trained: fewer give no folds to
cross-validate with, more take too long."""


def learns_from(count: int) -> bool:
    """Return whether a hybrid is trained on so many results."""
    return _FEWEST <= count <= _MOST


def fit_hybrid_member(
    bound: BoundPhysics, data: TrainingData, solver: DeviceSolver | None = None
) -> tuple[Sequence[FittedSurrogate], Sequence[Alarm]]:
    """Return the hybrid of a physics; or none, with an alarm where it failed.

    There is none before five results, and none of a physics without constants.
    """
    if len(data.outputs) < _FEWEST or not bound.dimension:
        return (), ()
    if len(data.outputs) > _MOST:
        return (), (_left_out(bound.model.name, f"it learns from up to {_MOST} results"),)
    began = time.perf_counter()
    # Channels of its own, so that its CPU time does not count against the other members.
    channels = Channels(bound, data, solver)
    try:
        with torch.no_grad():
            hybrid = fit_hybrid(channels, data.features, known_variance(channels, data), data.seed)
        return (_member(channels, hybrid, data, began),), ()
    except PhysicsFailureError as error:
        return (), (_left_out(bound.model.name, str(error)),)
    except SingularMatrixError:
        return (), (_left_out(bound.model.name, "its covariance is singular"),)


def restore_hybrid_member(
    state: ModelState, bound: BoundPhysics, data: TrainingData, solver: DeviceSolver | None = None
) -> Sequence[FittedSurrogate]:
    """Return the hybrid that ``state`` has of a physics, without learning again, or none."""
    began = time.perf_counter()
    channels = Channels(bound, data, solver)
    hybrid = hybrid_of(state, member_name(channels, HYBRID), data.features)
    return () if hybrid is None else (_member(channels, hybrid, data, began),)


def _member(
    channels: Channels, hybrid: HybridFit, data: TrainingData, began: float
) -> FittedSurrogate:
    name = member_name(channels, HYBRID)
    with torch.no_grad():
        solved = HybridPosterior(channels, hybrid, known_variance(channels, data))
    member = fitted_member(name, [solved], channels, data, hybrid_state_of(name, hybrid))
    report: dict[str, Json] = {
        **member.report,
        "networks": len(hybrid.ensemble.members),
        "hidden": hybrid.ensemble.net.hidden,
        "folds": len(hybrid.ensemble.folded),
        "seconds": time.perf_counter() - began,
    }
    return replace(member, report=report)


def _left_out(name: str, reason: str) -> Alarm:
    return Alarm(
        kind="hybrid-left-out",
        message=f"the hybrid of physics {name!r} was left out of this round: {reason}",
        severity=Severity.INFO,
    )
