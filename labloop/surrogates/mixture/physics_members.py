"""The members of a mixture that one physics model gives, fitted together and restored."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from labloop.records import Json, ModelState
from labloop.surrogates._base import FittedSurrogate, TrainingData
from labloop.surrogates.members import (
    DiscrepancyPosterior,
    VaryingPosterior,
    discrepancy_models_of,
    discrepancy_state_of,
    fit_discrepancy_models,
    fit_varying,
    varying_of,
    varying_state_of,
)
from labloop.surrogates.posteriors import (
    PhysicsGPModel,
    PhysicsPosterior,
    log_density_of_channel,
    log_density_of_scores,
)
from labloop.surrogates.solving import Channels

SCALAR, VECTOR, FIELD = "each output by itself", "all outputs together", "constants that vary"


def member_name(channels: Channels, what: str) -> str:
    """Return what reports and states call a member of a physics model."""
    return f"{channels.bound.model.name}, {what}"


def fit_candidate(channels: Channels, data: TrainingData) -> list[FittedSurrogate]:
    """Return the discrepancy models and the varying parameters of a physics model.

    Raises:
        PhysicsFailureError: the physics failed at the experiments.
    """
    deltas = fit_discrepancy_members(channels, _groups(channels), data)
    together = deltas[-1].model
    if not channels.bound.dimension or not isinstance(together, PhysicsGPModel):
        return deltas
    with torch.no_grad():
        known = known_variance(channels, data)
        field = fit_varying(channels, data.features, known, together.posteriors[0].z)
        solved = VaryingPosterior(channels, field, known)
    name = member_name(channels, FIELD)
    return [*deltas, fitted_member(name, [solved], channels, data, varying_state_of(name, field))]


def restore_candidate(
    state: ModelState, channels: Channels, data: TrainingData
) -> list[FittedSurrogate]:
    """Return the members that ``state`` has of a physics model, without a fit."""
    made = []
    known = known_variance(channels, data)
    with torch.no_grad():
        for what in (SCALAR, VECTOR):
            name = member_name(channels, what)
            posteriors = discrepancy_models_of(state, name, data.features)
            if posteriors:
                solved = [
                    DiscrepancyPosterior(channels, posterior, known) for posterior in posteriors
                ]
                made.append(
                    fitted_member(
                        name, solved, channels, data, discrepancy_state_of(name, posteriors)
                    )
                )
        name = member_name(channels, FIELD)
        field = varying_of(state, name, data.features)
        if field is not None:
            again = [VaryingPosterior(channels, field, known)]
            made.append(fitted_member(name, again, channels, data, varying_state_of(name, field)))
    return made


def fit_discrepancy_members(
    channels: Channels, groups: Mapping[str, list[tuple[int, ...]]], data: TrainingData
) -> list[FittedSurrogate]:
    """Return a discrepancy model for each of ``groups``: name -> channels that share parameters."""
    flat = [group for members in groups.values() for group in members]
    known = known_variance(channels, data)
    with torch.no_grad():
        posteriors = fit_discrepancy_models(channels, flat, data.features, known, data.seed)
        solved = [DiscrepancyPosterior(channels, posterior, known) for posterior in posteriors]
    made, at = [], 0
    for what, members in groups.items():
        name, mine = member_name(channels, what), slice(at, at + len(members))
        made.append(
            fitted_member(
                name, solved[mine], channels, data, discrepancy_state_of(name, posteriors[mine])
            )
        )
        at += len(members)
    return made


def channel_groups(channels: Channels, *, together: bool) -> dict[str, list[tuple[int, ...]]]:
    """Return the groups of a discrepancy model: all channels share parameters, or none do."""
    if together:
        return {VECTOR: [tuple(range(len(channels.names)))]}
    return {SCALAR: [(c,) for c in range(channels.count)]}


def _groups(channels: Channels) -> dict[str, list[tuple[int, ...]]]:
    scalar = channel_groups(channels, together=False)
    if len(channels.names) == 1:
        return scalar
    return {**scalar, **channel_groups(channels, together=True)}


def known_variance(channels: Channels, data: TrainingData) -> Tensor:
    """Return the known variances of the measurements, ``n x C``, zero where unknown."""
    known = torch.zeros_like(channels.values)
    if data.variance is not None:
        known[:, : channels.count] = torch.nan_to_num(data.variance, nan=0.0)
    return known


def fitted_member(
    name: str,
    solved: Sequence[PhysicsPosterior],
    channels: Channels,
    data: TrainingData,
    state: ModelState,
) -> FittedSurrogate:
    """Return a member with its training and leave-one-out errors and densities."""
    model = PhysicsGPModel(solved)
    with torch.no_grad():
        left = torch.cat([posterior.residuals() for posterior in solved], -1)
        left = left[
            :, _columns([posterior.channels for posterior in solved], range(channels.count))
        ]
        told = [posterior.leave_one_out() for posterior in solved]
        mean, variance = (torch.cat(parts, -1) for parts in zip(*told, strict=True))
        sd = variance.clamp_min(1e-300).sqrt()
        training_channels = [posterior.training_channels for posterior in solved]
        read = _columns(training_channels, range(channels.count))
        others = [c for part in training_channels for c in part if c >= channels.count]
        other_loo_log_density = {
            channels.names[c]: log_density_of_channel(
                channels.values[:, c] / channels.scale[c],
                mean[:, column] / channels.scale[c],
                sd[:, column] / channels.scale[c],
            )
            for c, column in zip(others, _columns(training_channels, others), strict=True)
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
        other_loo_log_density=other_loo_log_density,
        report=report,
        state=state,
    )


def _columns(parts: Sequence[Sequence[int]], wanted: Sequence[int]) -> list[int]:
    """Return where the channels ``wanted`` stand when ``parts`` are put side by side."""
    place = [c for part in parts for c in part]
    return [place.index(c) for c in wanted]
