"""Lab hours to 95 % of the optimum in the flow lab, with and without an eye on the time.

The lab is the hidden truth of the flow reactor's world with its noise; its bath is the world's own
bath, so that an experiment takes what the procedure of ``examples/flow_snar`` takes there: the bath
within 0.3 K for 30 s, 3.5 residence times, a chromatogram. Every seed has a chemistry of its own,
all constants varied, the same for both planners, which begin with the same five points. "Hours to
95 %": the lab hours after which the experiment with the best measured yield has a noise-free yield
of at least 0.95 of the way from the median of the space to its optimum; the hours of all 40
experiments where none had.

    OMP_NUM_THREADS=1 nice -n 10 python -m benchmarks.batches.cost --seeds 10

``--first`` is the first seed: those below 100 are for choosing settings, those from 100 on report.
The last line is JSON, for the figures.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.flow.runs import SPACE, landmarks, truth
from labloop.brain import AutoStrategy, EffortRule, Strategy
from labloop.objectives import Maximize, Objectives
from labloop.records import Dataset, Observation, Point, derive_seed
from labloop_simulators.bodies.bath import Bath
from labloop_simulators.worlds.flow_reactor import FlowReactor

EXPERIMENTS, START = 40, 5
_TOLERANCE, _HOLD, _POLL, _SCAN = 0.3, 30.0, 2.0, 240.0


class Lab:
    """The flow lab without wires: yields with noise, and the seconds that experiments take."""

    def __init__(self, seed: int) -> None:
        self.world = FlowReactor(seed, truth=seed + 1)
        self._random = np.random.default_rng([seed, 7])
        self._bath, self._now = Bath(), 0.0

    def carry_out(self, point: Point) -> tuple[float, float]:
        """Return the measured yield of an experiment and how many seconds it took."""
        began, wanted = self._now, float(point["temperature"])
        self._bath.approach(began, wanted)
        since = None
        while since is None or self._now - since < _HOLD:
            near = abs(self._bath.at(self._now) - wanted) <= _TOLERANCE
            since = (since if since is not None else self._now) if near else None
            self._now += _POLL
        self._now += 3.5 * 60.0 * float(point["residence_time"]) + _SCAN
        found = self.world.yield_of(
            float(point["temperature"]),
            float(point["residence_time"]),
            float(point["equivalents"]),
            float(point["concentration"]),
            self._random,
        )
        return found["product_yield"], self._now - began


def run(seed: int, strategy: Strategy) -> dict[str, Any]:
    """Return the hours and the number of experiments to 95 %, and those of all experiments."""
    lab, objective = Lab(seed), Objectives.of(Maximize("product_yield"))
    median, best = landmarks(lab.world)
    seen: list[Observation] = []
    hours, reached = 0.0, None
    start = SPACE.sample(START, seed)
    for number in range(EXPERIMENTS):
        point = start[number] if number < START else None
        if point is None:
            asked = derive_seed(f"cost-{seed}", number)
            batch = strategy.propose(SPACE, objective, Dataset(tuple(seen)), (), 1, asked)
            point = batch.proposals[0].point
        value, seconds = lab.carry_out(point)
        hours += seconds / 3600.0
        seen.append(
            Observation(str(number), point, outputs={"product_yield": value}, seconds=seconds)
        )
        leader = max(seen, key=lambda one: one.outputs["product_yield"])
        score = (truth(lab.world, leader.point) - median) / (best - median)
        if score >= 0.95:
            reached = number + 1
            break
    return {"seed": seed, "hours": hours, "experiments": reached}


def planners() -> dict[str, Strategy]:
    """Return the planner that ignores time, and the one that does not."""
    timed = AutoStrategy()
    timed.effort = EffortRule()
    return {"per experiment": AutoStrategy(), "per hour": timed}


def main() -> None:
    """Run what is not in ``--out`` yet, print each run and, last, all as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=100)
    parser.add_argument("--out", type=Path, default=Path("build/planner-cost.jsonl"))
    args = parser.parse_args()
    args.out.parent.mkdir(parents=True, exist_ok=True)
    lines = args.out.read_text("utf-8").splitlines() if args.out.is_file() else []
    done = {(r["method"], r["seed"]): r for r in map(json.loads, lines)}
    wanted = range(args.first, args.first + args.seeds)
    for seed in wanted:
        for name, strategy in planners().items():
            if (name, seed) not in done:
                done[name, seed] = {"method": name, **run(seed, strategy)}
                with args.out.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(done[name, seed]) + "\n")
            print(done[name, seed], flush=True)
    print(json.dumps({name: [done[name, seed] for seed in wanted] for name in planners()}))


if __name__ == "__main__":
    main()
