"""All linear constraints of a space, mixtures included, as one system over the codes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from labloop.errors import SpaceError
from labloop.records import FloatArray
from labloop.space.constraints.conditions import BoolArray
from labloop.space.constraints.declarations import Linear, Mixture
from labloop.space.parameters import TOLERANCE, Numeric, Parameter
from labloop.units import convert, same_dimension


@dataclass(frozen=True, slots=True)
class LinearSystem:
    """``weights @ codes <= bounds``, or ``==`` in the rows where ``equal``.

    Each row is divided by the sum of the ranges of its terms, so that one tolerance fits all.
    """

    weights: FloatArray
    """``m x p``."""
    bounds: FloatArray
    equal: BoolArray
    labels: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)

    def legal(self, codes: FloatArray) -> BoolArray:
        """Return for each of ``n x p`` codes whether all rows hold."""
        return np.asarray(~self.broken(codes).any(axis=1))

    def broken(self, codes: FloatArray) -> BoolArray:
        """Return ``n x m``: which rows each point breaks."""
        excess = codes @ self.weights.T - self.bounds
        excess = np.where(self.equal, np.abs(excess), excess)
        return np.asarray(excess > TOLERANCE)

    def subset(self, rows: Sequence[int]) -> "LinearSystem":
        """Return the system of some of the rows."""
        chosen = list(rows)
        return LinearSystem(
            self.weights[chosen],
            self.bounds[chosen],
            self.equal[chosen],
            tuple(self.labels[row] for row in chosen),
        )


def build_linear_system(
    parameters: Sequence[Parameter], linears: Sequence[Linear], mixtures: Sequence[Mixture]
) -> LinearSystem:
    """Return the rows of all constraints.

    Raises:
        SpaceError: a constraint names no parameter, one of names, or another dimension.
    """
    columns = {parameter.name: index for index, parameter in enumerate(parameters)}
    weights, bounds, equal, labels = [], [], [], []
    for mixture in mixtures:
        row = np.zeros(len(parameters))
        row[[columns[name] for name in mixture.parts]] = 1.0
        weights.append(row)
        bounds.append(mixture.total)
        equal.append(True)
        labels.append(str(mixture))
    for linear in linears:
        row, bound = _row(linear, parameters, columns)
        sign = -1.0 if linear.sense == ">=" else 1.0
        weights.append(sign * row)
        bounds.append(sign * bound)
        equal.append(linear.sense == "==")
        labels.append(str(linear))
    matrix = np.array(weights, dtype=np.float64).reshape(len(labels), len(parameters))
    spans = np.array([_span(p) for p in parameters])
    scale = np.abs(matrix) @ spans
    return LinearSystem(
        matrix / scale[:, None], np.array(bounds) / scale, np.array(equal, bool), tuple(labels)
    )


def _span(parameter: Parameter) -> float:
    if not isinstance(parameter, Numeric):
        return 0.0
    low, high = parameter.span
    return high - low


def _row(
    linear: Linear, parameters: Sequence[Parameter], columns: dict[str, int]
) -> tuple[FloatArray, float]:
    row = np.zeros(len(parameters))
    bound = linear.bound
    for name, weight in linear.weights.items():
        if name not in columns:
            raise SpaceError(
                f"constraint '{linear}' names {name!r}, which is no parameter; "
                f"the space has {', '.join(columns)}"
            )
        parameter = parameters[columns[name]]
        if not isinstance(parameter, Numeric):
            raise SpaceError(
                f"constraint '{linear}' names {name!r}, whose values are names and cannot be added"
            )
        if not same_dimension(parameter.unit, linear.unit):
            raise SpaceError(
                f"constraint '{linear}' is in {linear.unit!r}, but {name!r} is in "
                f"{parameter.unit!r}, another dimension; give the constraint a unit such as "
                f"{parameter.unit!r}"
            )
        offset = convert(0.0, parameter.unit, linear.unit)
        row[columns[name]] = weight * (convert(1.0, parameter.unit, linear.unit) - offset)
        bound -= weight * offset
    return row, bound
