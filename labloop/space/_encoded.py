"""Linear constraints over encoded columns, as BoTorch takes them."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from labloop.space.parameters import Numeric
from labloop.space.sampling import SpaceStructure


@dataclass(frozen=True, slots=True)
class EncodedConstraint:
    """``coefficients @ u[columns] >= rhs``, or ``==``, over columns ``u`` of the unit cube.

    The form in which BoTorch takes inequality and equality constraints.
    """

    columns: tuple[int, ...]
    coefficients: tuple[float, ...]
    kind: Literal[">=", "=="]
    rhs: float


def encoded_constraints(structure: SpaceStructure) -> list[EncodedConstraint] | None:
    """Return mixtures and linear constraints; None where one is not linear over the columns."""
    if structure.rules:
        return None
    system = structure.system
    found = []
    for row, bound, equal in zip(system.weights, system.bounds, system.equal, strict=True):
        touched = np.flatnonzero(row)
        numbers = [p for c in touched if isinstance(p := structure.parameters[c], Numeric)]
        if any(p.log for p in numbers):
            return None
        low = np.array([p.span[0] for p in numbers])
        weights = row[touched] * (np.array([p.span[1] for p in numbers]) - low)
        rest = bound - row[touched] @ low
        sign = 1.0 if equal else -1.0
        found.append(
            EncodedConstraint(
                tuple(structure.slices[c].start for c in touched),
                tuple(float(w) for w in sign * weights),
                "==" if equal else ">=",
                float(sign * rest),
            )
        )
    return found
