"""Discrepancy models to and from a stored model state: plain JSON and arrays, no pickle."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from labloop.records import FloatArray, Json, ModelState
from labloop.space import Feature
from labloop.surrogates.members.discrepancy.conditioned import DiscrepancyFit, ResidualGP
from labloop.surrogates.numerics import Hyperparameters, build_kernel

_SCHEMA = 1


def discrepancy_state_of(name: str, fits: Sequence[DiscrepancyFit]) -> ModelState:
    """Return the state of a member's fits; everything else follows from the data."""
    arrays: dict[str, FloatArray] = {}
    described: list[Json] = []
    for b, fit in enumerate(fits):
        kernels: list[Json] = [d.kernel.name for d in fit.discrepancies]
        described.append({"channels": list(fit.channels), "kernels": kernels})
        arrays[f"{b}/z"] = fit.z
        if fit.rival is not None:
            arrays[f"{b}/rival"] = fit.rival
        for c, d in enumerate(fit.discrepancies):
            arrays[f"{b}/{c}/lengthscales"] = d.hyper.lengthscales
            arrays[f"{b}/{c}/parts"] = d.hyper.weights
            arrays[f"{b}/{c}/noise_and_scale"] = np.array([d.hyper.noise, d.scale])
    return ModelState(
        kind="delta", schema=_SCHEMA, data={"name": name, "blocks": described}, arrays=arrays
    )


def discrepancy_models_of(
    state: ModelState, member: str, features: Sequence[Feature]
) -> list[DiscrepancyFit]:
    """Return the fits of ``member`` in the state of a mixture; an empty list where it has none."""
    held: Any = state.data.get(member)
    if not isinstance(held, Mapping):
        return []
    return [
        _fit(entry, state.arrays, f"{member}/{b}", features)
        for b, entry in enumerate(held["data"]["blocks"])
    ]


def _fit(
    entry: Any, arrays: Mapping[str, FloatArray], where: str, features: Sequence[Feature]
) -> DiscrepancyFit:
    made = []
    for c, kernel in enumerate(entry["kernels"]):
        noise, scale = (float(v) for v in arrays[f"{where}/{c}/noise_and_scale"])
        hyper = Hyperparameters(
            arrays[f"{where}/{c}/lengthscales"], arrays[f"{where}/{c}/parts"], noise
        )
        made.append(ResidualGP(build_kernel(kernel, features), hyper, scale))
    channels = tuple(int(c) for c in entry["channels"])
    rival = arrays.get(f"{where}/rival")
    return DiscrepancyFit(
        channels,
        np.asarray(arrays[f"{where}/z"]),
        tuple(made),
        None if rival is None else np.asarray(rival),
    )
