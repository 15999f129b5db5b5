"""A physics model bound to a space: encoded points and whitened parameters to outputs."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Protocol

import torch
from torch import Tensor

from labloop.errors import PhysicsError
from labloop.physics.language.curves import CurveAxis, curves_of
from labloop.physics.language.model import PhysicsInput, PhysicsModel
from labloop.physics.language.prior import Whitening
from labloop.physics.language.torch_devices import on_device_of
from labloop.physics.language.units import si_conversion
from labloop.space import Feature, SearchSpace
from labloop.units import same_dimension

_NEAREST = 1e-24


class _Decoder(Protocol):
    """Decodes encoded points ``[..., d]`` into an SI value ``[...]``."""

    @property
    def name(self) -> str: ...

    def si(self, encoded: Tensor) -> Tensor: ...


@dataclass(frozen=True, slots=True)
class _NumberDecoder:
    """A number of the space, whose encoded column u is an SI value ``factor v + offset``.

    With ``v = a + b u``, or ``exp(a + b u)`` where the parameter is on a logarithmic scale.
    """

    name: str
    column: int
    log: bool
    a: float
    b: float
    factor: float
    offset: float

    def si(self, encoded: Tensor) -> Tensor:
        value = self.a + self.b * encoded[..., self.column]
        if self.log:
            value = torch.exp(value)
        return self.factor * value + self.offset


@dataclass(frozen=True, slots=True)
class _CategoryDecoder:
    """A number by category, from the encoded columns of the category."""

    name: str
    first: int
    end: int
    onehot: bool
    rows: Tensor
    """Encoded columns of every category, L x width."""
    values: Tensor

    def si(self, encoded: Tensor) -> Tensor:
        given = encoded[..., self.first : self.end]
        if self.onehot:
            weight = given.clamp_min(0.0) + _NEAREST
            weight = weight / weight.sum(-1, keepdim=True)
        else:
            # Inverse squared distance (Shepard, 1968): exact at a category, smooth between.
            rows = self.rows.to(given.device)
            distance = (given.unsqueeze(-2) - rows).square().sum(-1)
            weight = torch.softmax(-torch.log(distance.clamp_min(_NEAREST)), dim=-1)
        return (weight * self.values.to(given.device)).sum(-1)


class BoundPhysics:
    """A physics model whose inputs are columns of the unit cube, with whitened parameters.

    Attributes:
        model: the physics model.
        units: input -> the unit in which the space has it.
        dimension: how many parameters are learned.
        curves: curve -> its axis; empty where the model predicts scalars only.
    """

    def __init__(self, model: PhysicsModel, space: SearchSpace) -> None:
        units: dict[str, str] = {}
        columns: list[_Decoder] = []
        for wanted in model.inputs:
            feature = _feature(model, wanted, space)
            if wanted.category is None:
                columns.append(_number_decoder(model.name, wanted, feature))
                units[wanted.name] = feature.unit
            else:
                columns.append(_category_decoder(model.name, wanted, feature, space))
                units[wanted.name] = wanted.unit or "1"
        model.check_units(units)
        self.model = model
        self.units: Mapping[str, str] = MappingProxyType(units)
        self.dimension = len(model.parameters)
        self.curves: Mapping[str, CurveAxis] = MappingProxyType(dict(curves_of(model)))
        self._columns = tuple(columns)
        self._whitening = Whitening(model.parameters)

    @property
    def outputs(self) -> tuple[str, ...]:
        """The scalar outputs that the model predicts."""
        return self.model.outputs

    @cached_property
    def curve_columns(self) -> Mapping[str, slice]:
        """Return curve -> its columns in :meth:`predict_all`."""
        found, first = {}, len(self.outputs)
        for name, axis in self.curves.items():
            found[name] = slice(first, first + len(axis.values))
            first += len(axis.values)
        return MappingProxyType(found)

    def inputs_si(self, encoded: Tensor) -> dict[str, Tensor]:
        """Return the SI inputs of encoded points ``[..., d]``."""
        return {column.name: column.si(encoded) for column in self._columns}

    def inputs_in_words(self, encoded: Tensor) -> str:
        """Return the inputs of one encoded point ``d`` as a person declared them, with units."""
        told = []
        for name, value in self.inputs_si(encoded).items():
            unit = self.units[name]
            factor, offset = si_conversion(unit)
            shown = "" if unit == "1" else f" {unit}"
            told.append(f"{name} = {(float(value) - offset) / factor:.4g}{shown}")
        return ", ".join(told)

    def theta(self, z: Tensor) -> Tensor:
        """Return the SI parameters of whitened ``z [..., p]``."""
        return self._whitening.si(z)

    def predict(self, encoded: Tensor, z: Tensor) -> Tensor:
        """Return outputs ``[..., m]`` at encoded ``[..., d]`` and whitened ``z [..., p]``."""
        found = self.predict_all(encoded, z)
        return found[..., : len(self.outputs)] if self.curves else found

    def predict_all(self, encoded: Tensor, z: Tensor) -> Tensor:
        """Return the outputs and after them the points of every curve, ``[..., m + sum n]``.

        Solved on the device on which ``encoded`` and ``z`` lie.
        """
        with on_device_of(encoded):
            return self.model.predict(self.inputs_si(encoded), self.theta(z))


def _feature(model: PhysicsModel, wanted: PhysicsInput, space: SearchSpace) -> Feature:
    """Return the first column of the parameter that is read; raises PhysicsError."""
    name = wanted.category or wanted.name
    for feature in space.features:
        if feature.parameter == name:
            return feature
    solved = list(getattr(model, "quantities", ()))
    solves = f"; the model itself solves for {', '.join(solved)}" if solved else ""
    raise PhysicsError(
        f"physics {model.name!r} reads {name!r}, which the space lacks; "
        f"it has {', '.join(space.names) or 'no parameters'}{solves}"
    )


def _number_decoder(model: str, wanted: PhysicsInput, feature: Feature) -> _NumberDecoder:
    if feature.kind not in {"linear", "log"}:
        raise PhysicsError(
            f"physics {model!r} reads {wanted.name!r}, which is a category in the space; "
            f"say what each category means: By({wanted.name!r}, {{'name': number, ...}})"
        )
    if wanted.unit is not None and not same_dimension(feature.unit, wanted.unit):
        raise PhysicsError(
            f"physics {model!r} reads {wanted.name!r} as a quantity like {wanted.unit!r}, "
            f"but the space gives it in {feature.unit!r}"
        )
    factor, offset = si_conversion(feature.unit)
    log = feature.kind == "log"
    low, high = feature.low, feature.high
    if log:
        low, high = math.log(low), math.log(high)
    return _NumberDecoder(wanted.name, feature.column, log, low, high - low, factor, offset)


def _category_decoder(
    model: str, wanted: PhysicsInput, feature: Feature, space: SearchSpace
) -> _CategoryDecoder:
    levels = wanted.levels or {}
    parameter = next(p for p in space.parameters if p.name == wanted.category)
    names = getattr(parameter, "values", None)
    if feature.kind not in {"onehot", "descriptor"} or names is None:
        raise PhysicsError(
            f"physics {model!r} looks {wanted.name!r} up by {wanted.category!r}, which is a "
            "number in the space; use the number itself"
        )
    missing = [str(name) for name in names if name not in levels]
    if missing:
        raise PhysicsError(
            f"physics {model!r} has no {wanted.name!r} for {wanted.category} = "
            f"{', '.join(missing)}; add it to By({wanted.category!r}, ...), which has "
            f"{', '.join(levels)}"
        )
    codes = parameter.codes_of(list(names))
    rows = torch.as_tensor(parameter.encode(codes), dtype=torch.float64)
    values = torch.tensor([levels[name] for name in names], dtype=torch.float64)
    first, onehot = feature.column, feature.kind == "onehot"
    return _CategoryDecoder(wanted.name, first, first + rows.shape[1], onehot, rows, values)


def bind(model: PhysicsModel, space: SearchSpace) -> BoundPhysics:
    """Return ``model`` on ``space``; every unit is checked here, once.

    Raises:
        PhysicsError: an input that the space lacks, a category read as a number, a category
            without its number, or a unit of another dimension.
    """
    return BoundPhysics(model, space)
