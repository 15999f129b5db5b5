"""Hybrids to and from a stored model state: plain JSON and arrays, no pickle."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from labloop.records import FloatArray, ModelState
from labloop.space import Feature
from labloop.surrogates.members.discrepancy import ResidualGP
from labloop.surrogates.members.hybrid.network import Network
from labloop.surrogates.members.hybrid.posterior import HybridFit
from labloop.surrogates.members.hybrid.training import Ensemble
from labloop.surrogates.numerics import Hyperparameters, build_kernel

_SCHEMA = 1


def hybrid_state_of(name: str, hybrid: HybridFit) -> ModelState:
    """Return the state of a hybrid; everything else follows from the data."""
    ensemble = hybrid.ensemble
    net = ensemble.net
    arrays: dict[str, FloatArray] = {
        "members": ensemble.members.numpy().copy(),
        "folded": ensemble.folded.numpy().copy(),
        "fold": ensemble.fold.numpy().astype(np.float64),
    }
    for c, d in enumerate(hybrid.discrepancies):
        arrays[f"{c}/lengthscales"] = d.hyper.lengthscales
        arrays[f"{c}/parts"] = d.hyper.weights
        arrays[f"{c}/noise_and_scale"] = np.array([d.hyper.noise, d.scale])
    return ModelState(
        kind="hybrid",
        schema=_SCHEMA,
        data={
            "name": name,
            "inputs": net.inputs,
            "parameters": net.parameters,
            "hidden": net.hidden,
            "kernels": [d.kernel.name for d in hybrid.discrepancies],
        },
        arrays=arrays,
    )


def hybrid_of(state: ModelState, member: str, features: Sequence[Feature]) -> HybridFit | None:
    """Return the hybrid of ``member`` in the state of a mixture; None where it had none."""
    held: Any = state.data.get(member)
    if not isinstance(held, Mapping):
        return None
    told = held["data"]
    net = Network(int(told["inputs"]), int(told["parameters"]), int(told["hidden"]))
    ensemble = Ensemble(
        net,
        _tensor(state, f"{member}/members"),
        _tensor(state, f"{member}/folded"),
        _tensor(state, f"{member}/fold").long(),
    )
    made = []
    for c, kernel in enumerate(told["kernels"]):
        noise, scale = (float(v) for v in state.arrays[f"{member}/{c}/noise_and_scale"])
        lengthscales, parts = (
            np.asarray(state.arrays[f"{member}/{c}/{key}"]) for key in ("lengthscales", "parts")
        )
        hyper = Hyperparameters(lengthscales, parts, noise)
        made.append(ResidualGP(build_kernel(str(kernel), features), hyper, scale))
    return HybridFit(ensemble, tuple(made))


def _tensor(state: ModelState, key: str) -> Tensor:
    return torch.tensor(np.asarray(state.arrays[key]), dtype=torch.float64)
