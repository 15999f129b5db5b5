"""A physics model on a search space: from encoded columns and whitened parameters to outputs."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from labloop.errors import PhysicsError
from labloop.physics._model import PhysicsInput, PhysicsModel
from labloop.physics._prior import Whitening
from labloop.physics._units import si_line
from labloop.space import Feature, SearchSpace
from labloop.units import same_dimension


@dataclass(frozen=True, slots=True)
class _Column:
    """How one encoded column becomes an SI value: a + b u, or factor * exp(a + b u) + offset."""

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


class BoundPhysics:
    """A physics model whose inputs are columns of the unit cube, with whitened parameters.

    Attributes:
        model: the physics model.
        dimension: how many parameters are learned.
    """

    def __init__(self, model: PhysicsModel, space: SearchSpace) -> None:
        features = {feature.parameter: feature for feature in space.features}
        counts = [feature.parameter for feature in space.features]
        units: dict[str, str] = {}
        columns: list[_Column] = []
        for wanted in model.inputs:
            feature = features.get(wanted.name)
            if feature is None:
                raise PhysicsError(
                    f"physics {model.name!r} reads {wanted.name!r}, which the space lacks; "
                    f"it has {', '.join(dict.fromkeys(counts)) or 'no parameters'}"
                )
            columns.append(_column(model.name, wanted, feature))
            units[wanted.name] = feature.unit
        model.check_units(units)
        self.model = model
        self.dimension = len(model.parameters)
        self._columns = tuple(columns)
        self._whitening = Whitening(model.parameters)

    @property
    def outputs(self) -> tuple[str, ...]:
        """The outputs that the model predicts."""
        return self.model.outputs

    def inputs_si(self, encoded: Tensor) -> dict[str, Tensor]:
        """Return the SI inputs of encoded points ``[..., d]``."""
        return {column.name: column.si(encoded) for column in self._columns}

    def theta(self, z: Tensor) -> Tensor:
        """Return the SI parameters of whitened ``z [..., p]``."""
        return self._whitening.si(z)

    def predict(self, encoded: Tensor, z: Tensor) -> Tensor:
        """Return outputs ``[..., m]`` at encoded ``[..., d]`` and whitened ``z [..., p]``."""
        return self.model.predict(self.inputs_si(encoded), self.theta(z))


def _column(model: str, wanted: PhysicsInput, feature: Feature) -> _Column:
    if feature.kind not in {"linear", "log"}:
        raise PhysicsError(
            f"physics {model!r} reads {wanted.name!r}, which is a category in the space; "
            "physics can read numbers only"
        )
    if wanted.unit is not None and not same_dimension(feature.unit, wanted.unit):
        raise PhysicsError(
            f"physics {model!r} reads {wanted.name!r} as a quantity like {wanted.unit!r}, "
            f"but the space gives it in {feature.unit!r}"
        )
    factor, offset = si_line(feature.unit)
    log = feature.kind == "log"
    low, high = feature.low, feature.high
    if log:
        low, high = math.log(low), math.log(high)
    return _Column(wanted.name, feature.column, log, low, high - low, factor, offset)


def bind(model: PhysicsModel, space: SearchSpace) -> BoundPhysics:
    """Return ``model`` on ``space``; every unit is checked here, once.

    Raises:
        PhysicsError: an input that the space lacks, a category, or a unit of another dimension.
    """
    return BoundPhysics(model, space)
