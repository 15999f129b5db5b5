"""What a GPU gives and takes: the same numbers, and how many solves of physics a second.

Usage: python -m benchmarks.physics.gpu [--seconds 240] [--rounds 30,100,300]

Needs torch (with CUDA), gpytorch, botorch, scipy and pint; neither Prefect nor
a database. Prints one JSON object. Without a CUDA device it says so, and measures the processor.
"""

import argparse
import json
import platform
import statistics
import time
import warnings
from collections.abc import Sequence
from itertools import product

import numpy as np
import torch
from torch import Tensor

from benchmarks.physics.blocks import BLOCKS, SPACE
from labloop.brain import PhysicsStrategy
from labloop.objectives import Maximize, Objectives
from labloop.physics import BoundPhysics, bind
from labloop.records import Dataset, Json, Observation
from labloop.space import Continuous, SearchSpace

SIZES = (1_000, 10_000, 100_000, 1_000_000)
TIMED = ("TwoSteps", "HeldBack", "Stirred", "Complexes", "multilayer", "anneal", "held")
SLOWEST = 10.0
"""Seconds that one batch may take, as the size before it foretells."""
REPEATS = 3
ROUND = SearchSpace(
    Continuous("temperature", 30, 120, unit="degC"),
    Continuous("minutes", 0.5, 60, unit="min", log=True),
    Continuous("amount", 0.05, 0.5, unit="mol/L"),
    Continuous("excess", 1, 5),
)
CPU = torch.device("cpu")


def drawn(bound: BoundPhysics, count: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Return ``count`` experiments with parameters of their own, on the processor."""
    rows = torch.tensor(np.asarray(SPACE.encode(SPACE.sample(min(count, 500), seed))))
    generator = torch.Generator().manual_seed(seed)
    z = torch.randn(count, bound.dimension, generator=generator, dtype=torch.float64)
    return rows.repeat(-(-count // len(rows)), 1)[:count], z.clamp(-2.0, 2.0)


def agreement(device: torch.device) -> dict[str, Json]:
    """Return block -> greatest difference of values and gradients, relative to each output."""
    return {name: _differences(name, device) for name in BLOCKS}


def _differences(name: str, device: torch.device) -> Json:
    bound = bind(BLOCKS[name], SPACE)
    points, z = drawn(bound, 200)
    try:
        there = _with_gradients(bound, points, z, device)
    except RuntimeError as error:
        return {"failed": f"{type(error).__name__}: {error}"[:300]}
    here = _with_gradients(bound, points, z, CPU)
    worst = [_difference(a, b) for a, b in zip(there, here, strict=True)]
    return dict(zip(("value", "by inputs", "by constants"), worst, strict=True))


def _difference(ours: Tensor, theirs: Tensor) -> float:
    """Return the greatest difference, over each column's size; none where neither is a number."""
    size = torch.nan_to_num(theirs).abs().amax(0).clamp_min(1e-9)
    away = (ours - theirs).abs() / size
    return float(torch.where(ours.isnan() & theirs.isnan(), 0.0, away).max())


def _with_gradients(
    bound: BoundPhysics, points: Tensor, z: Tensor, device: torch.device
) -> list[Tensor]:
    inputs = points.clone().requires_grad_(), z.clone().requires_grad_()
    found = bound.predict_all(*(t.to(device) for t in inputs)).cpu()
    total = (found / found.detach().abs().amax(0).clamp_min(1e-12)).sum()
    return [found.detach(), *torch.autograd.grad(total, inputs)]


def batch(name: str, device: torch.device, size: int, repeats: int) -> float:
    """Return the median seconds of a batch of ``size``, moved there and back."""
    bound = bind(BLOCKS[name], SPACE)
    points, z = drawn(bound, size)
    times: list[float] = []
    with torch.no_grad():
        for _ in range(repeats + 1):
            began = time.perf_counter()
            bound.predict_all(points.to(device), z.to(device)).cpu()
            times.append(time.perf_counter() - began)
    # The first one fetches kernels.
    return statistics.median(times[1:])


def batches(names: Sequence[str], until: float) -> dict[str, Json]:
    """Return block -> device -> size -> seconds; all blocks of a size before a larger size.

    What would take too long by the size before it is left out.
    """
    found: dict[str, dict[str, dict[str, Json]]] = {
        name: {device: {} for device in names} for name in TIMED
    }
    last: dict[tuple[str, str], float] = {}
    for size, (name, device) in product(SIZES, product(TIMED, names)):
        expected = 10.0 * last.get((name, device), 0.0)
        repeats = REPEATS if expected < 1.0 else 1
        if time.perf_counter() + expected * (repeats + 1) > until or expected > SLOWEST:
            last[name, device] = SLOWEST
            continue
        try:
            taken = batch(name, torch.device(device), size, repeats)
        except RuntimeError as error:
            found[name][device][str(size)] = f"{type(error).__name__}: {error}"[:200]
            last[name, device] = SLOWEST
            continue
        found[name][device][str(size)] = taken
        last[name, device] = taken
    return {name: dict(row) for name, row in found.items()}


def round_of(count: int, device: str) -> dict[str, Json]:
    """Return what one round costs after ``count`` experiments of two steps with temperature."""
    model = BLOCKS["TwoSteps"]
    points = ROUND.sample(count, 1)
    rows = torch.tensor(np.asarray(ROUND.encode(points)))
    bound = bind(model, ROUND)
    truth = 0.5 * torch.ones(1, bound.dimension, dtype=torch.float64)
    noise = 0.01 * np.random.default_rng(1).standard_normal(count)
    y = bound.predict(rows, truth)[:, 0].numpy() * (1.0 - 0.1 * rows[:, 0].numpy()) + noise
    data = Dataset(
        tuple(
            Observation(f"e{i}", point, {"y": float(value)})
            for i, (point, value) in enumerate(zip(points, y, strict=True))
        )
    )
    strategy = PhysicsStrategy(model, device=device)
    began = time.perf_counter()
    batch = strategy.propose(ROUND, Objectives.of(Maximize("y")), data, [], 1, 7)
    seconds = time.perf_counter() - began
    report = batch.fit_report or {}
    weights: Json = report.get("weights")
    return {
        "seconds": seconds,
        "solving": report.get("solving"),
        "weights": weights,
        "point": dict(batch.proposals[0].point),
    }


def rounds(counts: Sequence[int], devices: Sequence[str], until: float) -> dict[str, Json]:
    """Return experiments -> device -> what a second round of that kind costs."""
    found: dict[str, Json] = {}
    for count in counts:
        row: dict[str, Json] = {}
        for device in devices:
            if time.perf_counter() < until:
                if count == counts[0]:
                    round_of(count, device)
                row[device] = round_of(count, device)
        found[str(count)] = row
    return found


def measured(seconds: float, counts: Sequence[int]) -> dict[str, Json]:
    """Return everything, within about so many seconds."""
    until = time.perf_counter() + seconds
    there = torch.cuda.is_available()
    names = ["cpu", "cuda"] if there else ["cpu"]
    told: dict[str, Json] = {
        "device": torch.cuda.get_device_name() if there else "no CUDA device here",
        "torch": torch.__version__,
        "python": platform.python_version(),
        "threads": torch.get_num_threads(),
    }
    if there:
        told["agreement"] = agreement(torch.device("cuda"))
    told["rounds"] = rounds(counts, names, until - seconds / 3)
    told["batches"] = batches(names, until)
    return told


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=240.0, help="about how long, at most")
    parser.add_argument("--rounds", default="30,100,300", help="experiments before a round")
    given = parser.parse_args()
    warnings.filterwarnings("ignore")
    counts = [int(word) for word in given.rounds.split(",")]
    print(json.dumps(measured(given.seconds, counts), indent=1))


if __name__ == "__main__":
    main()
