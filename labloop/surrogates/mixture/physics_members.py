"""The members of a mixture that one physics model gives, fitted together and restored."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from labloop.records import Json, ModelState
from labloop.surrogates._base import FittedSurrogate, TrainingData
from labloop.surrogates.members import (
    SolvedBlock,
    SolvedField,
    blocks_of,
    field_of,
    field_state_of,
    fit_blocks,
    fit_field,
    state_of,
)
from labloop.surrogates.posteriors import (
    Block,
    PhysicsGPModel,
    log_density_of_channel,
    log_density_of_scores,
)
from labloop.surrogates.solving import Channels

SCALAR, VECTOR, FIELD = "each output by itself", "all outputs together", "constants that vary"


def member_name(channels: Channels, what: str) -> str:
    """Return what reports and states call a member of a physics model."""
    return f"{channels.bound.model.name}, {what}"


def fit_family(channels: Channels, data: TrainingData) -> list[FittedSurrogate]:
    """Return the Delta-GPs and the FieldGP of a physics model.

    Raises:
        PhysicsFailureError: the physics failed at the experiments.
    """
    deltas = fit_deltas(channels, _groups(channels), data)
    together = deltas[-1].model
    if not channels.bound.dimension or not isinstance(together, PhysicsGPModel):
        return deltas
    with torch.no_grad():
        known = known_variance(channels, data)
        field = fit_field(channels, data.features, known, together.blocks[0].z)
        solved = SolvedField(channels, field, known)
    name = member_name(channels, FIELD)
    return [*deltas, fitted_member(name, [solved], channels, data, field_state_of(name, field))]


def restore_family(
    state: ModelState, channels: Channels, data: TrainingData
) -> list[FittedSurrogate]:
    """Return the members that ``state`` has of a physics model, without learning again."""
    made = []
    known = known_variance(channels, data)
    with torch.no_grad():
        for what in (SCALAR, VECTOR):
            name = member_name(channels, what)
            blocks = blocks_of(state, name, data.features)
            if blocks:
                solved = [SolvedBlock(channels, block, known) for block in blocks]
                made.append(fitted_member(name, solved, channels, data, state_of(name, blocks)))
        name = member_name(channels, FIELD)
        field = field_of(state, name, data.features)
        if field is not None:
            again = [SolvedField(channels, field, known)]
            made.append(fitted_member(name, again, channels, data, field_state_of(name, field)))
    return made


def fit_deltas(
    channels: Channels, groups: Mapping[str, list[tuple[int, ...]]], data: TrainingData
) -> list[FittedSurrogate]:
    """Return a Delta-GP for each of ``groups``: name -> channels that share parameters."""
    flat = [group for members in groups.values() for group in members]
    known = known_variance(channels, data)
    with torch.no_grad():
        blocks = fit_blocks(channels, flat, data.features, known, data.seed)
        solved = [SolvedBlock(channels, block, known) for block in blocks]
    made, at = [], 0
    for what, members in groups.items():
        name, mine = member_name(channels, what), slice(at, at + len(members))
        made.append(fitted_member(name, solved[mine], channels, data, state_of(name, blocks[mine])))
        at += len(members)
    return made


def delta_groups(channels: Channels, *, together: bool) -> dict[str, list[tuple[int, ...]]]:
    """Return the groups of one Delta-GP: all channels share parameters, or none do."""
    if together:
        return {VECTOR: [tuple(range(len(channels.names)))]}
    return {SCALAR: [(c,) for c in range(channels.count)]}


def _groups(channels: Channels) -> dict[str, list[tuple[int, ...]]]:
    scalar = delta_groups(channels, together=False)
    if len(channels.names) == 1:
        return scalar
    return {**scalar, **delta_groups(channels, together=True)}


def known_variance(channels: Channels, data: TrainingData) -> Tensor:
    """Return the known variances of the measurements, ``n x C``, zero where unknown."""
    known = torch.zeros_like(channels.values)
    if data.variance is not None:
        known[:, : channels.count] = torch.nan_to_num(data.variance, nan=0.0)
    return known


def fitted_member(
    name: str,
    solved: Sequence[Block],
    channels: Channels,
    data: TrainingData,
    state: ModelState,
) -> FittedSurrogate:
    """Return a member of solved blocks, with its errors and its leave-one-out density."""
    model = PhysicsGPModel(solved)
    with torch.no_grad():
        left = torch.cat([block.left_over() for block in solved], -1)
        left = left[:, _columns([block.channels for block in solved], range(channels.count))]
        told = [block.leave_one_out() for block in solved]
        mean, variance = (torch.cat(parts, -1) for parts in zip(*told, strict=True))
        sd = variance.clamp_min(1e-300).sqrt()
        learned_from = [block.learned_from for block in solved]
        read = _columns(learned_from, range(channels.count))
        beside = [c for part in learned_from for c in part if c >= channels.count]
        elsewhere = {
            channels.names[c]: log_density_of_channel(
                channels.values[:, c] / channels.scale[c],
                mean[:, column] / channels.scale[c],
                sd[:, column] / channels.scale[c],
            )
            for c, column in zip(beside, _columns(learned_from, beside), strict=True)
        }
    error = {"train": left, "leave_one_out": data.outputs - mean[:, read]}
    report: dict[str, Json] = {
        what: {
            output: float(found[:, i].square().mean().sqrt()) for i, output in enumerate(data.names)
        }
        for what, found in error.items()
    }
    return FittedSurrogate(
        model=model,
        name=name,
        loo_log_density=log_density_of_scores(data, mean[:, read], sd[:, read]),
        elsewhere=elsewhere,
        report=report,
        state=state,
    )


def _columns(parts: Sequence[Sequence[int]], wanted: Sequence[int]) -> list[int]:
    """Return where the channels ``wanted`` stand when ``parts`` are put side by side."""
    place = [c for part in parts for c in part]
    return [place.index(c) for c in wanted]
