"""How long one round takes: fit and proposal after 30 experiments, four inputs, an ODE as physics.

Usage: python -m benchmarks.physics.speed [--repeats 9]

Ours with and without physics, a plain BoTorch loop, BayBE, Ax and Optuna in one run, on the same
data; seconds of CPU for ours (one thread), of the clock for all. Prints one JSON line.
"""

import argparse
import json
import statistics
import sys
import time
import warnings
from collections.abc import Sequence

import numpy as np
import torch

from benchmarks.physics.draws import MASTER
from benchmarks.physics.labs import LABS, OBJECTIVE, Lab
from benchmarks.physics.methods import LEAST, METHODS, MISMATCHED, OPTUNA, PEERS, PLAIN
from labloop.records import Dataset, Observation, Point, derive_seed

LAB = "snar"
BESIDE = {**METHODS, OPTUNA.name: OPTUNA}


def data_of(lab: Lab, seed: int, points: Sequence[Point]) -> Dataset:
    """Return the experiments at ``points``."""
    random = np.random.default_rng([MASTER, lab.number, seed])
    rows = []
    for i, point in enumerate(points):
        outputs, curves = lab.measure(point, random)
        rows.append(Observation(f"e{i + 1}", point, outputs, curves=curves))
    return Dataset(tuple(rows))


def pace(name: str, repeats: int) -> tuple[float, float]:
    """Return median seconds of CPU and of the clock of the round after 30 experiments.

    The round before it is carried out as well, as in any campaign, and not counted; nor is
    the first repeat.
    """
    lab, method = LABS[LAB], BESIDE[name]
    used, waited = [], []
    for seed in range(repeats + 1):
        strategy, _ = method.start(lab, seed)
        points = lab.space.sample(LEAST - 1, derive_seed("speed", seed))
        before = data_of(lab, seed, points)
        batch = strategy.propose(lab.space, OBJECTIVE, before, [], 1, derive_seed("speed", seed))
        data = data_of(lab, seed, [*points, batch.proposals[0].point])
        cpu, clock = time.process_time(), time.perf_counter()
        strategy.propose(lab.space, OBJECTIVE, data, [], 1, derive_seed("speed", seed + 1))
        used.append(time.process_time() - cpu)
        waited.append(time.perf_counter() - clock)
    return statistics.median(used[1:]), statistics.median(waited[1:])


def figures(found: dict[str, tuple[float, float]], repeats: int) -> Sequence[dict[str, object]]:
    """Return the two lines that were promised, peers beside."""
    beside = ", ".join(
        f"{name} {1e3 * found[name][1]:.0f}" for name in (*PEERS, OPTUNA.name) if name in found
    )
    made = []
    for name, what, most in ((MISMATCHED, "with an ODE as physics", 0.3), (PLAIN, "without", 0.1)):
        cpu, clock = found[name]
        made.append(
            {
                "name": f"round-{name}",
                "asked": f"one round (fit and proposal) after {LEAST} experiments, 4 inputs, "
                f"{what}: at most {1e3 * most:.0f} ms on one core",
                "measured": f"{1e3 * cpu:.0f} ms of CPU ({1e3 * clock:.0f} ms by the clock); "
                f"by the clock in the same run, ms: {beside}",
                "n": repeats,
                "passed": cpu <= most,
            }
        )
    return made


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=9)
    given = parser.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    found = {}
    for name in (MISMATCHED, PLAIN, *PEERS, OPTUNA.name):
        found[name] = pace(name, given.repeats)
        print(name, found[name], file=sys.stderr, flush=True)
    print(json.dumps({"figures": figures(found, given.repeats)}))


if __name__ == "__main__":
    main()
