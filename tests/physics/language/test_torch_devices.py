"""Physics is solved beside its inputs, on whichever device they lie, with the same numbers."""

import numpy as np
import pytest
import torch

from benchmarks.physics.blocks import BLOCKS, SPACE
from labloop.physics import By, FunctionPhysics, Prior, bind
from labloop.testing.physics import elsewhere

cuda = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="no CUDA device here; it is compared where there is one"
)
POINTS = torch.tensor(np.asarray(SPACE.encode(SPACE.sample(40, 7))))


def drawn(bound):
    """Return parameters for each of POINTS, up to two prior standard deviations off."""
    generator = torch.Generator().manual_seed(3)
    z = torch.randn(len(POINTS), bound.dimension, generator=generator, dtype=torch.float64)
    return z.clamp(-2.0, 2.0)


def value_and_gradients(bound, device):
    """Return predictions, and their gradients by inputs and parameters, on the processor."""
    x, z = POINTS.clone().requires_grad_(), drawn(bound).requires_grad_()
    found = bound.predict_all(x.to(device), z.to(device))
    assert found.device.type == device.type
    assert found.dtype == torch.float64
    found = found.cpu()
    size = found.detach().abs().amax(0).clamp_min(1e-12)
    gradients = torch.autograd.grad((found / size).sum(), (x, z))
    return found.detach(), *gradients


@pytest.mark.parametrize("name", BLOCKS)
def test_every_block_runs_elsewhere_with_the_same_numbers(name):
    """No constant stays behind: all bits are equal, of values and of gradients."""
    bound = bind(BLOCKS[name], SPACE)
    with elsewhere() as there:
        moved = value_and_gradients(bound, there)
    # In tensors, as elsewhere: with gradients asked for no arrays stand in for them.
    here = value_and_gradients(bound, torch.device("cpu"))
    for ours, theirs in zip(moved, here, strict=True):
        if name == "Complexes":
            # Its start comes from LAPACK, whose last bits follow where memory happens to lie.
            assert torch.allclose(ours, theirs, rtol=1e-9, atol=1e-9)
        else:
            assert torch.equal(ours, theirs)


def test_elsewhere_refuses_what_cuda_refuses():
    """The emulated device is no proof unless it sees a constant that was left behind."""
    left = torch.ones(3, dtype=torch.float64)
    with elsewhere() as there:
        moved = left.to(there)
        with pytest.raises(RuntimeError, match="on the same device"):
            moved + left
        with pytest.raises(RuntimeError, match="on the same device"):
            torch.stack([moved, left])
        with pytest.raises(RuntimeError, match="on the same device"):
            torch.stack([moved[0], torch.tensor(1.0, dtype=torch.float64)])
        with pytest.raises((RuntimeError, TypeError)):
            moved.numpy()
        # Single numbers may be mixed in, and what is picked may be told from here.
        assert float((moved * torch.tensor(2.0)).sum()) == 6.0
        assert moved[torch.tensor([0, 2])].device == there


def test_a_users_function_is_solved_elsewhere_with_what_it_makes_itself():
    """New tensors in a function that was written for the processor lie beside its inputs."""
    model = FunctionPhysics(
        lambda x, theta: (
            torch.linspace(0.0, 1.0, 5, dtype=torch.float64) @ torch.ones(5, dtype=torch.float64)
            + torch.tensor([0.5, 1.5], dtype=torch.float64)[1] * theta["k"] * x["amount"]
        ),
        {"k": By("solvent", {s: Prior(1, fold=2) for s in ("DMF", "MeCN", "THF")})},
        {"amount": "mol/L"},
        "y",
        name="own",
    )
    bound = bind(model, SPACE)
    with elsewhere() as there:
        moved = bound.predict(POINTS.to(there), drawn(bound).to(there)).cpu()
    assert torch.equal(moved, bound.predict(POINTS, drawn(bound)))


def test_one_experiment_elsewhere_is_like_many():
    """Broadcast batches go the same way."""
    bound = bind(BLOCKS["MassAction"], SPACE)
    z = drawn(bound)[:3]
    with elsewhere() as there:
        moved = bound.predict_all(POINTS[:4, None].to(there), z.to(there)).cpu()
    assert torch.allclose(moved, bound.predict_all(POINTS[:4, None], z), rtol=1e-12)


@cuda
@pytest.mark.parametrize("name", BLOCKS)
def test_a_gpu_gives_what_the_processor_gives(name):
    """To 1e-9 of each output, and of the gradients."""
    bound = bind(BLOCKS[name], SPACE)
    there = value_and_gradients(bound, torch.device("cuda"))
    here = value_and_gradients(bound, torch.device("cpu"))
    for ours, theirs in zip(there, here, strict=True):
        size = theirs.abs().amax(0).clamp_min(1e-9)
        assert float(((ours - theirs).abs() / size).max()) <= 1e-9
