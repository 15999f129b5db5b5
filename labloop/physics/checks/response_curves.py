"""What a model predicts along each parameter of a space, and how surely before any result."""

from dataclasses import dataclass
from math import exp, log

import torch
from torch import Tensor

from labloop.physics.language import BoundPhysics, as_physics
from labloop.space import Feature, SearchSpace

_POINTS = 31
_DRAWS = 64
_LEVELS = (0.05, 0.95)
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class ResponseCurve:
    """One output along one parameter, all others at their middle.

    Attributes:
        output: of the model.
        output_unit: its unit.
        parameter: of the space.
        parameter_unit: its unit.
        log: whether the parameter is on a logarithmic scale.
        x: values of the parameter; categories by name.
        median: the output with every constant at its median.
        low: 5 % of the prior's draws lie below.
        high: 5 % lie above.
    """

    output: str
    output_unit: str
    parameter: str
    parameter_unit: str
    log: bool
    x: tuple[float | str, ...]
    median: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


def response_curves(model: object, space: SearchSpace, seed: int = 0) -> list[ResponseCurve]:
    """Return every output along every parameter that changes one, others at their middle.

    The middle is that of the parameter's scale; of a category it is the first one. The band is that
    of 64 draws of the prior, 5 to 95 %.

    Raises:
        PhysicsError: no model, or one that does not fit the space.
    """
    bound = BoundPhysics(as_physics(model), space)
    generator = torch.Generator().manual_seed(seed)
    draws = torch.randn(_DRAWS, bound.dimension, generator=generator, dtype=torch.float64)
    z = torch.cat([torch.zeros(1, bound.dimension, dtype=torch.float64), draws])
    middle = _middle(space)
    found = []
    for parameter in space.names:
        features = [f for f in space.features if f.parameter == parameter]
        x, encoded = _along(space, features, middle)
        with torch.no_grad():
            values = bound.predict(encoded[:, None], z[None]).expand(len(x), len(z), -1)
        band = torch.quantile(values, torch.tensor(_LEVELS, dtype=torch.float64), dim=1)
        for column, (output, unit) in enumerate(
            zip(bound.outputs, bound.model.output_units, strict=True)
        ):
            lines = [values[:, 0, column], band[0, :, column], band[1, :, column]]
            if all(_is_flat(line) for line in lines):
                continue
            median, low, high = (tuple(line.tolist()) for line in lines)
            first = features[0]
            is_log = first.kind == "log"
            found.append(
                ResponseCurve(output, unit, parameter, first.unit, is_log, x, median, low, high)
            )
    order = {output: i for i, output in enumerate(bound.outputs)}
    return sorted(found, key=lambda curve: order[curve.output])


def _is_flat(line: Tensor) -> bool:
    return bool((line - line[0]).abs().max() <= _ROUNDING * line.abs().max())


def _middle(space: SearchSpace) -> Tensor:
    """Return the encoded middle of a space, ``d``."""
    middle = torch.full((space.dimension,), 0.5, dtype=torch.float64)
    for parameter in space.names:
        columns = [f.column for f in space.features if f.parameter == parameter]
        levels = _levels(space, parameter)
        if levels is not None:
            middle[columns] = levels[1][0]
    return middle


def _levels(space: SearchSpace, parameter: str) -> tuple[tuple[str, ...], Tensor] | None:
    """Return the categories of a parameter and their encoded columns; None of a number."""
    kinds = {f.kind for f in space.features if f.parameter == parameter}
    if not kinds & {"onehot", "descriptor"}:
        return None
    given = next(p for p in space.parameters if p.name == parameter)
    names = list(getattr(given, "values", ()))
    rows = given.encode(given.codes_of(names))
    return tuple(map(str, names)), torch.as_tensor(rows, dtype=torch.float64)


def _along(
    space: SearchSpace, features: list[Feature], middle: Tensor
) -> tuple[tuple[float | str, ...], Tensor]:
    """Return values of a parameter, and encoded points through the middle, ``n x d``."""
    columns = [f.column for f in features]
    levels = _levels(space, features[0].parameter)
    if levels is not None:
        names, rows = levels
        points = middle.repeat(len(names), 1)
        points[:, columns] = rows
        return names, points
    feature = features[0]
    share = torch.linspace(0.0, 1.0, _POINTS, dtype=torch.float64)
    points = middle.repeat(_POINTS, 1)
    points[:, feature.column] = share
    low, high = feature.low, feature.high
    if feature.kind == "log":
        low, high = log(low), log(high)
    values = [low + float(u) * (high - low) for u in share]
    return tuple(exp(v) for v in values) if feature.kind == "log" else tuple(values), points
