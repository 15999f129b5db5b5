"""Varying parameters fitted by iterated linearisation (Gauss-Newton on the joint posterior)."""

from collections.abc import Sequence

from torch import Tensor

from labloop.space import Feature
from labloop.surrogates.members.varying.conditioned import ConditionedVarying, VaryingFit
from labloop.surrogates.members.varying.hyperparameters import (
    VaryingHyperparameters,
    fit_varying_hyperparameters,
    varying_log_posterior,
)
from labloop.surrogates.numerics import LIMIT, build_kernel
from labloop.surrogates.solving import Channels

_RELINEARISED = 3
_LONGEST_STEP = 0.7
_ITERATIONS = 25


def fit_varying(
    channels: Channels, features: Sequence[Feature], known: Tensor, start: Tensor
) -> VaryingFit:
    """Return the most probable varying parameters.

    Args:
        channels: physics and measurements.
        features: what the encoded columns mean.
        known: ``n x C`` known variances of measurements, zero where unknown.
        start: ``p`` whitened constant parameters to begin at.

    Raises:
        PhysicsFailureError: the physics gives nothing finite at the experiments.
    """
    kernel = build_kernel("rbf", features)
    x = channels.encoded.numpy()
    scale = channels.scale.numpy()
    z = start.expand(len(channels.values), -1)
    hyper: VaryingHyperparameters | None = None
    for _ in range(_RELINEARISED):
        value, jacobian = channels.value_and_jacobian(channels.encoded, z)
        channels.check_finite(value, jacobian)
        begin = channels.values - value + (jacobian * z.unsqueeze(1)).sum(-1)
        problem = varying_log_posterior(
            kernel,
            x,
            (jacobian.movedim(1, 0) / channels.scale[:, None, None]).numpy(),
            (begin / channels.scale).T.numpy(),
            (known / channels.scale.square()).T.numpy(),
        )
        hyper = fit_varying_hyperparameters(problem, hyper, _ITERATIONS)
        now = VaryingFit(kernel, hyper, z.numpy().copy(), scale)
        solved = ConditionedVarying(channels, now, known, (value, jacobian))
        wanted = solved.z + solved.varied(channels.encoded)
        z = (z + (wanted - z).clamp(-_LONGEST_STEP, _LONGEST_STEP)).clamp(-LIMIT, LIMIT)
    if hyper is None:  # pragma: no cover - at least one round
        raise AssertionError
    return VaryingFit(kernel, hyper, z.numpy().copy(), scale)
