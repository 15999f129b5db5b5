"""Central differences are as near as they promise, also at the edge of what a function takes."""

import pytest
import torch

from labloop.physics.models.central_differences import CentralDifferences


def slope(function, *values):
    """Return the gradients of the sum of what a function without gradients gives."""
    leaves = [v.clone().requires_grad_() for v in values]
    shape = torch.broadcast_shapes(*(v.shape for v in values))
    (found,) = CentralDifferences.apply(
        lambda given: (function(*(v.detach() for v in given)),), len(shape), *leaves
    )
    return torch.autograd.grad(found.sum(), leaves)


@pytest.mark.parametrize("size", [1e-9, 1e-3, 1.0, 1e6])
def test_a_gradient_has_nine_digits_whatever_the_unit(size):
    """The step follows the size of the values, nanometres written in metres among them."""
    x = size * torch.tensor([0.5, 1.0, 3.0], dtype=torch.float64)
    (found,) = slope(lambda v: torch.sin(v / size), x)
    torch.testing.assert_close(found, torch.cos(x / size) / size, rtol=1e-8, atol=1e-9 / size)


def test_a_value_that_many_experiments_share_gets_the_sum():
    """As gradients of torch do: the gradient has the shape of the value."""
    k, t = torch.tensor([[2.0], [3.0]]).double(), torch.tensor([1.0, 2.0, 4.0]).double()
    by_k, by_t = slope(lambda a, b: a * b.square(), k, t)
    torch.testing.assert_close(by_k, torch.full((2, 1), 21.0).double())
    torch.testing.assert_close(by_t, 10.0 * t)


def test_at_the_edge_of_its_domain_one_side_is_taken():
    """The root of less than nothing is no number; nor is what it would do to a gradient."""
    x = torch.tensor([0.0, 4.0], dtype=torch.float64)
    (found,) = slope(lambda v: torch.sqrt(v) ** 3, x)
    assert float(found[0]) == pytest.approx(0.0, abs=0.1)
    assert float(found[1]) == pytest.approx(3.0, rel=1e-8)


def test_all_zeros_have_a_gradient():
    """No size to go by: the unit itself is taken."""
    (found,) = slope(lambda v: 5.0 * v, torch.zeros(3, dtype=torch.float64))
    torch.testing.assert_close(found, torch.full((3,), 5.0).double())
