"""Error of a model's time steps, and the speed of its solves, told in sentences."""

import time
from collections.abc import Mapping
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from labloop.physics.checks.finding import Finding
from labloop.physics.checks.sample_points import repeated_points, spread_points
from labloop.physics.language import BoundPhysics
from labloop.space import SearchSpace

_POINTS = 32
_WANTED = 1e-6
_BAD = 1e-2
_FINER = (2, 4, 8, 16)
_SOLVES = 1000
_SLOW = 1.0
_QUICK = 0.5


@runtime_checkable
class Stepped(Protocol):
    """A model that is solved in steps, whose number may be changed.

    Attributes:
        integration_steps: how many it takes.
    """

    integration_steps: int

    def refined(self, x: Mapping[str, Tensor], theta: Tensor, steps: int) -> Tensor:
        """Return what the solution ends with, dimensionless and of size 1, ``[..., s]``."""
        ...

    def time_scales(self, x: Mapping[str, Tensor], theta: Tensor) -> Tensor:
        """Return how fast each process runs, 1/s, ``[..., r]``."""
        ...


def stepped_part(model: object) -> Stepped | None:
    """Return the part of a model that is solved in steps, where there is one."""
    for part in getattr(model, "submodels", (model,)):
        if isinstance(part, Stepped) and part.integration_steps > 0:
            return part
    return None


def stiffness(bound: BoundPhysics, part: Stepped, encoded: Tensor, z: Tensor) -> Finding:
    """Return whether the steps of ``part`` are fine enough, against sixteen times as many."""
    with torch.no_grad():
        x, theta = bound.inputs_si(encoded[:_POINTS]), bound.theta(z[:_POINTS])
        pace = part.time_scales(x, theta).clamp_min(1e-300)
        ratio = float((pace.amax(-1) / pace.amin(-1)).max())
        steps = part.integration_steps
        exact = part.refined(x, theta, steps * _FINER[-1])
        error = (part.refined(x, theta, steps) - exact).abs().amax(-1)
        worst, usual = float(error.max()), float(error.median())
        told = f"time scales differ by up to {ratio:.0e}; " if pace.shape[-1] > 1 else ""
        told += f"{steps} steps are within {worst:.0e} of a refined solve (usually {usual:.0e})"
        if worst > _WANTED:
            told += _enough(part, x, theta, exact)
    return Finding("stiffness", holds=worst <= _BAD, sentence=told)


def _enough(part: Stepped, x: Mapping[str, Tensor], theta: Tensor, exact: Tensor) -> str:
    """Return how many steps would keep a millionth."""
    for finer in _FINER[:-1]:
        steps = part.integration_steps * finer
        if float((part.refined(x, theta, steps) - exact).abs().max()) <= _WANTED:
            return f"; steps={steps} would keep 1e-06"
    return f"; steps={part.integration_steps * _FINER[-1]} would be nearer"


def speed(bound: BoundPhysics, space: SearchSpace, seed: int = 0) -> Finding:
    """Return how long a thousand solves take in one batch on this machine; it always holds."""
    encoded = repeated_points(spread_points(space, 50, seed), _SOLVES)
    generator = torch.Generator().manual_seed(seed)
    z = torch.randn(len(encoded), bound.dimension, generator=generator, dtype=torch.float64)
    with torch.no_grad():
        bound.predict(encoded[:10], z[:10])
        taken: list[float] = []
        # The best of three, where that costs nothing: other programs run on this machine too.
        while not taken or (len(taken) < 3 and sum(taken) < _QUICK):
            began = time.perf_counter()
            bound.predict(encoded, z)
            taken.append(time.perf_counter() - began)
    per = min(taken)
    told = f"1000 solves in one batch take {per:.2g} s"
    if per > _SLOW:
        told += (
            "; a proposal needs some thousands of them, so take fewer steps, cells or points, or "
            "let one call work on the whole batch"
        )
    return Finding("speed", holds=True, sentence=told)
