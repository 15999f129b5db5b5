"""The mixture of surrogates with and without physics, weighted by leave-one-out.

The plain process is always in it: wrong physics costs a few experiments, never the campaign.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from labloop.physics import PhysicsModel, as_physics, bind
from labloop.records import Alarm, FloatArray, Json, ModelState
from labloop.surrogates._base import FittedSurrogate, SurrogateFactory, TrainingData
from labloop.surrogates._delta import SolvedBlock, fit_blocks
from labloop.surrogates._delta_model import DeltaModel
from labloop.surrogates._delta_state import blocks_of, state_of
from labloop.surrogates._gp import GPFactory
from labloop.surrogates._mixture_model import MixtureModel
from labloop.surrogates._physics_inputs import Channels, PhysicsFailureError
from labloop.surrogates._physics_report import early_alarms, failure_alarm, learned, pinned_alarms
from labloop.surrogates._scores import log_density_of_scores, softmax_weights

_SMALLEST_WEIGHT = 1e-3
_BOOTSTRAP = 256
_SCHEMA = 1
SCALAR, VECTOR = "physics, each output by itself", "physics, all outputs together"


@dataclass(frozen=True, slots=True)
class DeltaFactory:
    """Fits the two Delta-GPs of a physics model: outputs one by one, and all together.

    Alone it is for comparisons; :class:`MixtureFactory` is what a campaign uses.
    """

    physics: PhysicsModel
    together: bool = True
    name: str = "delta"

    def fit(self, data: TrainingData) -> FittedSurrogate:
        """Return one Delta-GP, with shared parameters where ``together``.

        Raises:
            PhysicsError: the physics does not fit the space, or failed at the experiments.
        """
        channels = Channels(bind(as_physics(self.physics), data.space), data)
        wanted = VECTOR if self.together else SCALAR
        groups = _groups(channels)
        return _fit_members(channels, {wanted: groups.get(wanted, groups[SCALAR])}, data)[0]


@dataclass(frozen=True, slots=True)
class MixtureFactory:
    """Fits ``physics`` beside a plain surrogate: ``BotorchStrategy(model=MixtureFactory(p))``.

    Args:
        physics: a physics model; anything :func:`labloop.physics.as_physics` takes.
        plain: the surrogate without physics.
    """

    physics: PhysicsModel
    plain: SurrogateFactory = field(default_factory=GPFactory)
    name: str = "mixture"

    def __post_init__(self) -> None:
        as_physics(self.physics)

    def fit(self, data: TrainingData) -> FittedSurrogate:
        """Return the mixture; without the physics, and with an alarm, where that fails.

        Raises:
            PhysicsError: the physics does not fit the space (nothing that data could change).
        """
        began = time.perf_counter()
        channels = Channels(bind(self.physics, data.space), data)
        members = [self.plain.fit(data)]
        alarms: list[Alarm] = []
        try:
            members += _fit_members(channels, _groups(channels), data)
        except PhysicsFailureError as error:
            alarms.append(failure_alarm(str(error)))
        return self._mixed(data, channels, members, alarms, began)

    def restore(self, state: ModelState, data: TrainingData) -> FittedSurrogate:
        """Return the mixture that ``state`` describes, bit-equal, without learning again.

        ``data`` must be what the state was fitted to.
        """
        began = time.perf_counter()
        channels = Channels(bind(self.physics, data.space), data)
        members = [self.plain.fit(data)]
        for name in (SCALAR, VECTOR):
            blocks = blocks_of(state, name, data.features)
            if blocks:
                solved = [SolvedBlock(channels, b, _known(channels, data)) for b in blocks]
                members.append(_fitted(name, solved, channels, data))
        return self._mixed(data, channels, members, [], began)

    def _mixed(
        self,
        data: TrainingData,
        channels: Channels,
        members: Sequence[FittedSurrogate],
        alarms: list[Alarm],
        began: float,
    ) -> FittedSurrogate:
        weights = member_weights(torch.stack([m.loo_log_density for m in members]))
        kept = [i for i, w in enumerate(weights) if w >= _SMALLEST_WEIGHT]
        share = weights[kept] / weights[kept].sum()
        logs = torch.stack([members[i].loo_log_density for i in kept])
        loo = torch.logsumexp(logs + torch.tensor(np.log(share))[:, None], dim=0)
        physical = float(weights[1:].sum())
        if len(members) > 1:
            blocks = _blocks(members[1 + int(np.argmax(weights[1:]))])
            alarms += pinned_alarms(channels.bound.model, blocks)
            alarms += early_alarms(channels.bound.model.name, len(data.outputs), physical)
        report: dict[str, Json] = {
            "weights": {m.name: float(w) for m, w in zip(members, weights, strict=True)},
            "members": {m.name: dict(m.report) for m in members},
            "seconds": time.perf_counter() - began,
        }
        if len(members) > 1:
            report["parameters"] = learned(channels.bound.model, blocks)
        return FittedSurrogate(
            model=MixtureModel([members[i].model for i in kept], [float(w) for w in share]),
            name=self.name,
            loo_log_density=loo,
            report=report,
            state=_joined(members, weights),
            alarms=tuple(alarms),
        )


def member_weights(log_density: Tensor) -> FloatArray:
    """Return weights of M members from leave-one-out log densities ``M x n`` (pseudo-BMA+).

    The softmax of the sums, averaged over Bayesian-bootstrap weights of the experiments (Yao
    et al., Bayesian Analysis 13 (2018) 917): which member is better is itself uncertain, and
    one surprising experiment must not silence another member.
    """
    density = log_density.detach().numpy()
    density = np.where(np.isfinite(density), density, -1e6)
    count = density.shape[1]
    draws = np.random.default_rng(0).dirichlet(np.ones(count), size=_BOOTSTRAP) * count
    shares = [softmax_weights(density @ draw) for draw in draws]
    weights: FloatArray = np.mean(shares, axis=0)
    return weights


def _blocks(member: FittedSurrogate) -> Sequence[SolvedBlock]:
    model = member.model
    return model.blocks if isinstance(model, DeltaModel) else ()


def _groups(channels: Channels) -> dict[str, list[tuple[int, ...]]]:
    """Return the members worth fitting: name -> groups of channels that share parameters."""
    groups: dict[str, list[tuple[int, ...]]] = {SCALAR: [(c,) for c in range(channels.count)]}
    if len(channels.names) > 1:
        groups[VECTOR] = [tuple(range(len(channels.names)))]
    return groups


def _known(channels: Channels, data: TrainingData) -> Tensor:
    known = torch.zeros_like(channels.values)
    if data.variance is not None:
        known[:, : channels.count] = torch.nan_to_num(data.variance, nan=0.0)
    return known


def _fit_members(
    channels: Channels, groups: Mapping[str, list[tuple[int, ...]]], data: TrainingData
) -> list[FittedSurrogate]:
    flat = [group for members in groups.values() for group in members]
    known = _known(channels, data)
    with torch.no_grad():
        blocks = fit_blocks(channels, flat, data.features, known, data.seed)
        solved = [SolvedBlock(channels, block, known) for block in blocks]
        made, at = [], 0
        for name, members in groups.items():
            made.append(_fitted(name, solved[at : at + len(members)], channels, data))
            at += len(members)
    return made


def _fitted(
    name: str, solved: Sequence[SolvedBlock], channels: Channels, data: TrainingData
) -> FittedSurrogate:
    model = DeltaModel(solved)
    with torch.no_grad():
        mean, variance = _in_order(solved)
        train, _ = model.marginals(channels.encoded)
    error = {"train": train, "leave_one_out": mean}
    report: dict[str, Json] = {
        what: {
            output: float((found[:, i] - data.outputs[:, i]).square().mean().sqrt())
            for i, output in enumerate(data.names)
        }
        for what, found in error.items()
    }
    return FittedSurrogate(
        model=model,
        name=name,
        loo_log_density=log_density_of_scores(data, mean, variance.clamp_min(1e-300).sqrt()),
        report=report,
        state=state_of(name, [s.block for s in solved]),
    )


def _in_order(solved: Sequence[SolvedBlock]) -> tuple[Tensor, Tensor]:
    found = [block.leave_one_out() for block in solved]
    place = [b.block.channels[i] for b in solved for i in b.parts]
    order = [place.index(c) for c in range(len(place))]
    return (
        torch.cat([mean for mean, _ in found], -1)[:, order],
        torch.cat([variance for _, variance in found], -1)[:, order],
    )


def _joined(members: Sequence[FittedSurrogate], weights: FloatArray) -> ModelState:
    """Return one state of all members: their arrays under their names."""
    arrays: dict[str, FloatArray] = {"weights": weights}
    described: dict[str, Json] = {"members": [m.name for m in members]}
    for member in members:
        if member.state is not None:
            described[member.name] = {
                "kind": member.state.kind,
                "schema": member.state.schema,
                "data": dict(member.state.data),
            }
            arrays.update({f"{member.name}/{k}": a for k, a in member.state.arrays.items()})
    return ModelState(kind="mixture", schema=_SCHEMA, data=described, arrays=arrays)
