"""Problems with outcome constraints, ours and Ax beside it from the same starts.

Usage: python -m benchmarks.planner.constrained [--problems NAME ...] [--methods labloop ax]
[--seeds N] [--budget N]. Runs are kept in .figures/planner as they end, so that it can be stopped
and taken up again. Ax needs the peers' environment (``make_peer_env.py``). The last line is JSON:
problem -> method -> the runs.
"""

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from statistics import median

from benchmarks.figures import KEPT
from benchmarks.planner.constrained_problems import Constrained, constrained_problems
from benchmarks.planner.peers import AxStrategy
from labloop.brain import Strategy, resolve_strategy
from labloop.objectives import Objectives
from labloop.records import Dataset, Observation, Point, derive_seed

FOLDER = KEPT / "planner"
NEVER = 1.0
"""The regret of a run without a feasible result."""


@dataclass(frozen=True)
class Run:
    """One campaign."""

    trace: Sequence[float]
    """Regret of the best feasible result after each experiment."""
    first: int | None
    """Number of the first feasible result, from 1."""
    seconds: float
    """Wall seconds of all proposals, on a machine that others use as well."""


@cache
def _ax() -> Strategy:
    return AxStrategy()


def strategy_of(method: str) -> Strategy:
    """Return a fresh strategy of ours, or the process of Ax that all runs share."""
    return _ax() if method == "ax" else resolve_strategy("auto")


def run(problem: Constrained, method: str, seed: int, budget: int) -> Run:
    """Return one campaign, begun with as many random points as inputs and one more."""
    wanted = Objectives.of(problem.aim, problem.constraints)
    space, strategy = problem.space, strategy_of(method)
    points: list[Point] = list(space.sample(len(space.names) + 1, 1000 + seed))
    measured, seconds = [problem.measure(point) for point in points], 0.0
    while len(measured) < budget:
        data = Dataset(
            tuple(
                Observation(f"e{i}", p, m)
                for i, (p, m) in enumerate(zip(points, measured, strict=True))
            )
        )
        began = time.monotonic()
        drawn = derive_seed(f"{problem.name}-{seed}", len(measured))
        batch = strategy.propose(space, wanted, data, (), 1, drawn)
        seconds += time.monotonic() - began
        points.append(batch.proposals[0].point)
        measured.append(problem.measure(points[-1]))
    first = next((i for i, o in enumerate(measured, start=1) if problem.feasible(o)), None)
    return Run(regrets(problem, measured), first, seconds)


def regrets(problem: Constrained, measured: Sequence[Mapping[str, float]]) -> list[float]:
    """Return the regret of the best feasible result after each experiment."""
    best, found = NEVER, []
    for outputs in measured:
        if problem.feasible(outputs):
            best = min(best, problem.regret(outputs[problem.aim.output]))
        found.append(best)
    return found


def kept(problem: Constrained, method: str, seed: int, budget: int) -> Run:
    """Return one run, measured now or kept from before."""
    path = FOLDER / f"{problem.name}-{method}-{seed}-{budget}.json"
    if path.is_file():
        return Run(**json.loads(path.read_text(encoding="utf-8")))
    made = run(problem, method, seed, budget)
    FOLDER.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(made)), encoding="utf-8")
    told = f"regret {made.trace[-1]:.4f}, first feasible {made.first}, {made.seconds:.0f} s"
    print(f"{problem.name} {method} seed {seed}: {told}", file=sys.stderr, flush=True)
    return made


def main() -> None:
    """Run what is asked for and print a line for each problem and method."""
    every = constrained_problems()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--problems", nargs="+", choices=list(every), default=list(every))
    parser.add_argument("--methods", nargs="+", choices=("labloop", "ax"), default=["labloop"])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--budget", type=int, help="experiments instead of the problem's own")
    asked = parser.parse_args()
    found: dict[str, dict[str, list[dict[str, object]]]] = {}
    for name in asked.problems:
        budget = asked.budget or every[name].budget
        for method in asked.methods:
            runs = [kept(every[name], method, seed, budget) for seed in range(asked.seeds)]
            found.setdefault(name, {})[method] = [asdict(one) for one in runs]
            last = [one.trace[-1] for one in runs]
            first = median(one.first or budget + 1 for one in runs)
            print(
                f"{name:10s} {method:8s} n={len(runs)} regret {median(last):.4f} (worst "
                f"{max(last):.4f}), first feasible {first:g}, {budget} experiments"
            )
    print(json.dumps(found))


if __name__ == "__main__":
    main()
