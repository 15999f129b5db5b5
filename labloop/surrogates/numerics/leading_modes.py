"""Measured curves as a few numbers each: scores of their leading principal components.

A spectrum of hundreds of points varies along a few directions; its scores along these are
channels like any scalar output (Higdon et al., J. Am. Stat. Assoc. 103 (2008) 570).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from labloop.physics import CurveAxis
from labloop.records import CurveData, FloatArray
from labloop.units import convert, same_dimension

_MOST = 4
_SMALLEST_SHARE = 0.01
"""Modes with less than this share of the first one's variance are dropped as noise."""


@dataclass(frozen=True, slots=True)
class CurveModes:
    """Principal components of the measured curves over the axis of the physics."""

    names: tuple[str, ...]
    centre: Tensor
    """``K`` points of the mean curve."""
    basis: Tensor
    """``K x m`` orthonormal directions."""

    def scores(self, curve: Tensor) -> Tensor:
        """Return ``... x m`` scores of curves ``... x K``."""
        found: Tensor = (curve - self.centre) @ self.basis
        return found


def curve_modes(
    name: str, curves: Sequence[CurveData], axis: CurveAxis
) -> tuple[CurveModes, Tensor] | None:
    """Return the modes of measured curves and their scores ``n x m``.

    None where there are fewer than three curves, where all are alike, or where a curve does
    not reach over the axis or has other dimensions: then it teaches nothing here.
    """
    if len(curves) < 3 or not all(_covers(curve, axis) for curve in curves):
        return None
    rows = torch.tensor(np.stack([_on_axis(curve, axis) for curve in curves]))
    centre = rows.mean(0)
    _, sizes, directions = torch.linalg.svd(rows - centre, full_matrices=False)
    share = sizes.square() / sizes[0].square().clamp_min(1e-300)
    count = min(_MOST, len(curves) - 1, int((share > _SMALLEST_SHARE).sum()))
    if not count or float(sizes[0]) <= 1e-12 * float(rows.norm()):
        return None
    basis = directions[:count].T
    # A direction and its opposite are the same mode; the sign is fixed for reproducibility.
    signs = torch.sign(basis[basis.abs().argmax(0), torch.arange(count)])
    modes = CurveModes(tuple(f"{name} mode {i + 1}" for i in range(count)), centre, basis * signs)
    return modes, modes.scores(rows)


def _covers(curve: CurveData, axis: CurveAxis) -> bool:
    alike = same_dimension(curve.x_unit, axis.unit) and same_dimension(curve.y_unit, axis.y_unit)
    if not alike or len(curve.x) < 2:
        return False
    x = _converted(curve.x, curve.x_unit, axis.unit)
    slack = 1e-6 * (axis.values[-1] - axis.values[0])
    return bool(x.min() <= axis.values[0] + slack and x.max() >= axis.values[-1] - slack)


def _on_axis(curve: CurveData, axis: CurveAxis) -> FloatArray:
    x = _converted(curve.x, curve.x_unit, axis.unit)
    y = _converted(curve.y, curve.y_unit, axis.y_unit)
    order = np.argsort(x, kind="stable")
    found: FloatArray = np.interp(np.array(axis.values), x[order], y[order])
    return found


def _converted(values: FloatArray, unit: str, wanted: str) -> FloatArray:
    zero, one = convert(0.0, unit, wanted), convert(1.0, unit, wanted)
    return zero + (one - zero) * values
