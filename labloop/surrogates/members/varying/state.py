"""Varying parameters to and from a stored model state: plain JSON and arrays, no pickle."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from labloop.records import ModelState
from labloop.space import Feature
from labloop.surrogates.members.varying.conditioned import VaryingFit
from labloop.surrogates.members.varying.hyperparameters import VaryingHyperparameters
from labloop.surrogates.numerics import build_kernel

_SCHEMA = 1


def varying_state_of(name: str, field: VaryingFit) -> ModelState:
    """Return the state of a fit; everything else follows from the data."""
    hyper = field.hyper
    return ModelState(
        kind="field",
        schema=_SCHEMA,
        data={"name": name, "kernel": field.kernel.name},
        arrays={
            "lengthscales": hyper.lengthscales,
            "rho": hyper.rho,
            "noise": hyper.noise,
            "tau": hyper.tau,
            "at": field.at,
            "scale": field.scale,
        },
    )


def varying_of(state: ModelState, member: str, features: Sequence[Feature]) -> VaryingFit | None:
    """Return the fit of ``member`` in the state of a mixture; None where it has none."""
    held: Any = state.data.get(member)
    if not isinstance(held, Mapping):
        return None
    found = {
        key: np.asarray(state.arrays[f"{member}/{key}"])
        for key in ("lengthscales", "rho", "noise", "tau", "at", "scale")
    }
    hyper = VaryingHyperparameters(
        found["lengthscales"], found["rho"], found["noise"], found["tau"]
    )
    kernel = build_kernel(str(held["data"]["kernel"]), features)
    return VaryingFit(kernel, hyper, found["at"], found["scale"])
