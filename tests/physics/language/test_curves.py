"""Scalars are read off curves."""

import numpy as np
import pytest
import torch

from labloop.physics import (
    At,
    CurveAxis,
    Mean,
    Peak,
    PeakAt,
    Rms,
)


def test_scalars_of_a_curve():
    """Interpolation, means, troughs, places of peaks at the ends, distances."""
    axis = CurveAxis((0.0, 1.0, 3.0, 4.0), "min", y_unit="V")
    y = torch.tensor([[0.0, 1.0, 3.0, 2.0], [5.0, 4.0, 1.0, 0.0]], dtype=torch.float64)
    assert At("c", 120, "s").of(axis, y).tolist() == [2.0, 2.5]
    assert Mean("c").of(axis, y).tolist() == [1.5, 2.5]
    assert Mean("c", 30, 200, "s").of(axis, y).tolist() == [2.0, 2.5]
    assert Peak("c", low=True).of(axis, y).tolist() == [0.0, 0.0]
    assert PeakAt("c").of(axis, y).tolist() == pytest.approx([2.75, 0.0])
    assert Rms("c", [0, 1, 3, 0]).of(axis, y).tolist() == pytest.approx([1.0, np.sqrt(38 / 4)])
    assert (At("c", 4, "min").of(axis, y)).tolist() == [2.0, 0.0]
