"""Training of an ensemble of networks in physics, all members in one batch.

Each member has Bayesian-bootstrap weights over the experiments (Rubin, Ann. Stat. 9 (1981)
130) and a random start. The most probable weights are found by damped Gauss-Newton, with the
physics' Jacobian by forward differences: about twenty batches of solves where gradient descent
takes hundreds, and no automatic gradient through the physics.

Beside the ensemble that predicts, a few members are trained without each fold of the
experiments. Their errors there estimate the error of the ensemble (cross-validation).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from labloop.surrogates.members.hybrid.network import Network
from labloop.surrogates.numerics import Minimum, ValueAndJacobian, least_squares
from labloop.surrogates.solving import Channels, PhysicsFailureError

MEMBERS = 6
_FOLDS, _PER_FOLD = 10, 3
_CONSTANT_STARTS, _CONSTANT_STEPS = 3, 8
_STEPS = (6, 5, 4)
_START_SD = 0.8
_NET_START_SD = 0.5
_FLOOR, _PSEUDO_COUNT = 0.05, 3.0
"""Pseudo-counts against too small a noise where many weights fit few experiments: three more
experiments, whose errors are 0.05 standard deviations of the channel."""


@dataclass(frozen=True, slots=True)
class Ensemble:
    """Trained networks."""

    net: Network
    members: Tensor
    """``K x P``: trained on all experiments, each with its bootstrap weights."""
    folded: Tensor
    """``F x M x P``: those of a fold were trained without its experiments."""
    fold: Tensor
    """``n`` whole numbers: the fold of each experiment."""


def train_ensemble(channels: Channels, known: Tensor, seed: int) -> Ensemble:
    """Return the trained ensemble and its folds.

    Args:
        channels: physics and measurements, used for nothing else.
        known: ``n x C`` known variances of measurements, zero where unknown.
        seed: of bootstrap weights, folds and starts.

    Raises:
        PhysicsFailureError: the physics took too long, or gave nothing finite.
    """
    generator = torch.Generator().manual_seed(seed % (1 << 62))
    net = Network(channels.encoded.shape[-1], channels.bound.dimension)
    n = len(channels.values)
    fold = torch.randperm(n, generator=generator) % min(n, _FOLDS)
    folds = int(fold.max()) + 1
    seen = (fold != torch.arange(folds).unsqueeze(-1)).to(torch.float64)  # F x n
    training = _Training(channels, known, net)
    groups = torch.cat([torch.ones(1, n, dtype=torch.float64), seen])
    constants = training.constants(groups, generator)
    picked = torch.tensor([0] * MEMBERS + [1 + f for f in range(folds) for _ in range(_PER_FOLD)])
    counted = bootstrap_weights(groups[picked], generator)
    starts = _NET_START_SD * torch.randn(
        len(picked), net.size, generator=generator, dtype=torch.float64
    )
    starts[:, : net.parameters] = constants[picked]
    weights = training.networks(counted, starts)
    return Ensemble(
        net, weights[:MEMBERS], weights[MEMBERS:].view(folds, _PER_FOLD, net.size), fold
    )


def bootstrap_weights(seen: Tensor, generator: torch.Generator) -> Tensor:
    """Return Bayesian-bootstrap weights ``B x n``, of mean 1 over the experiments that are seen.

    Args:
        seen: ``B x n``, 1 where a member sees an experiment and 0 where not.
        generator: what they are drawn from.
    """
    uniform = torch.rand(seen.shape, generator=generator, dtype=torch.float64)
    # Exponential draws over their sum are uniform on the simplex (Dirichlet(1, ..., 1)).
    drawn = -torch.log1p(-uniform).clamp_max(-1e-12) * seen
    weights: Tensor = drawn * seen.sum(-1, keepdim=True) / drawn.sum(-1, keepdim=True)
    return weights


class _Training:
    """What all rows of the batch share: data and physics."""

    def __init__(self, channels: Channels, known: Tensor, net: Network) -> None:
        self._channels = channels
        self._known = known
        self._net = net
        self._floor = (_FLOOR * channels.scale).square()

    def constants(self, groups: Tensor, generator: torch.Generator) -> Tensor:
        """Return the best constants ``G x p`` of the experiments that each group sees."""
        count = self._net.parameters
        spread = torch.tensor([0.0, *[_START_SD] * (_CONSTANT_STARTS - 1)], dtype=torch.float64)
        draws = torch.randn(_CONSTANT_STARTS, count, generator=generator, dtype=torch.float64)
        starts = (spread[:, None] * draws).repeat(len(groups), 1)
        counted = groups.repeat_interleave(_CONSTANT_STARTS, 0)
        at = self._least(
            self._by_constants, counted, self._floor.expand(len(counted), -1), starts,
            _CONSTANT_STEPS,
        )  # fmt: skip
        best = at.cost.view(len(groups), _CONSTANT_STARTS).argmin(1)
        return at.z.view(len(groups), _CONSTANT_STARTS, count)[torch.arange(len(groups)), best]

    def networks(self, counted: Tensor, starts: Tensor) -> Tensor:
        """Return the trained weights ``B x P`` for experiments that count ``B x n``."""
        variance = self._floor.expand(len(counted), -1)
        at: Tensor | Minimum = starts
        for steps in _STEPS:
            arrived = self._least(self._by_weights, counted, variance, at, steps)
            if not bool(torch.isfinite(arrived.cost).all()):
                raise PhysicsFailureError("the physics gave values that are not finite")
            missed = (self._channels.values - arrived.value).square()
            total = (counted.unsqueeze(-1) * missed).sum(-2) + _PSEUDO_COUNT * self._floor
            variance = total / (counted.sum(-1, keepdim=True) + _PSEUDO_COUNT)
            at = arrived
        return arrived.z

    def _least(
        self,
        model: ValueAndJacobian,
        counted: Tensor,
        variance: Tensor,
        starts: Tensor | Minimum,
        steps: int,
    ) -> Minimum:
        spread = variance.unsqueeze(-1) + self._known.T
        whitener = torch.diag_embed((counted.unsqueeze(-2) / spread).sqrt())
        return least_squares(model, self._channels.values, whitener, starts, steps)

    def _by_constants(self, z: Tensor) -> tuple[Tensor, Tensor]:
        return self._channels.at_parameter_sets(z)

    def _by_weights(self, weights: Tensor) -> tuple[Tensor, Tensor]:
        z, by_weights = self._net.z_and_jacobian(weights, self._channels.encoded)
        value, jacobian = self._channels.value_and_jacobian(self._channels.encoded, z)
        return value, jacobian @ by_weights
