"""Least squares from many starts at once."""

import pytest
import torch
from decay_samples import PHYSICS, SPACE, TRUE, data

from labloop.physics import bind
from labloop.surrogates.numerics.levenberg_marquardt import least_squares
from labloop.surrogates.solving.channels import Channels


def test_least_squares_finds_known_parameters():
    """From far starts, to 1e-4, where the data leave no doubt."""
    training = data(noise=0.0)
    channels = Channels(bind(PHYSICS, SPACE), training)
    starts = torch.tensor([[0.0, 0.0], [-2.0, 2.0], [3.0, 1.0]], dtype=torch.float64)
    eye = 1e6 * torch.eye(12, dtype=torch.float64).expand(3, 2, 12, 12)
    found = least_squares(channels.at_parameter_sets, channels.values, eye, starts, 60)
    assert torch.allclose(found.z, TRUE.expand(3, 2), atol=1e-4)


def test_a_start_without_finite_values_does_not_spoil_the_others():
    """Its cost is infinite, the others arrive."""

    def model(z):
        value = torch.where(z[:, :1] < -1, torch.nan, z[:, :1])[:, :, None].expand(-1, 3, 1)
        return value, torch.ones(len(z), 3, 1, 1, dtype=torch.float64)

    measured = torch.full((3, 1), 0.5, dtype=torch.float64)
    whitener = 1e3 * torch.eye(3, dtype=torch.float64).expand(2, 1, 3, 3)
    starts = torch.tensor([[-2.0], [2.0]], dtype=torch.float64)
    found = least_squares(model, measured, whitener, starts, 20)
    assert torch.isinf(found.cost[0])
    assert float(found.z[1, 0]) == pytest.approx(0.5, abs=1e-3)
