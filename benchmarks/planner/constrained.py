"""Problems with outcome constraints, ours and the peers that know them from the same starts.

Usage: python -m benchmarks.planner.constrained [--problems NAME ...] [--methods NAME ...]
[--seeds N] [--first SEED] [--fresh] [--read] [--until-near] [--seconds S]

Regret is the distance of the best allowed result from the best that is known to be allowed, as a
share of the way from an ordinary result. Problems of ``constrained_tuning``, by which settings are
chosen, run where they are named; the others are reported. With ``--until-near`` a run ends once it
is within 1 %. Seeds are the outer loop, so that what there is after an interruption compares like
with like. Runs until near are kept in ``constrained.jsonl`` beside this file, whole ones in
.figures; ``--fresh`` measures ours anew. The last line is JSON: problem -> method -> the runs.
"""

import argparse
import json
import sys
import time
import warnings
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from statistics import median

from benchmarks.figures import KEPT
from benchmarks.planner.constrained_problems import Constrained, constrained_problems
from benchmarks.planner.constrained_tuning import tuning_problems
from benchmarks.planner.kept_runs import Run, append, drop, read
from labloop.brain import resolve_strategy
from labloop.objectives import Objectives
from labloop.records import Dataset, Observation, Point, derive_seed

WHOLE = KEPT / "planner" / "constrained.jsonl"
NEAR = Path(__file__).with_name("constrained.jsonl")
OURS = "labloop"
METHODS = {OURS: "auto", "ax": "ax", "bofire": "bofire", "optuna": "optuna"}
"""BayBE and a plain loop know no outcome constraints."""
NEVER = 1.0
"""The regret of a run without a feasible result."""
WITHIN = 0.01


def carry_out(problem: Constrained, method: str, seed: int, *, until_near: bool) -> Run:
    """Return one campaign, begun with as many random points as inputs and one more.

    Its ``trace`` is the regret after each experiment, ``first`` the number (from 1) of the first
    allowed one, ``near`` that of the first within 1 % of the best, ``broken`` how many proposals
    up to there broke a constraint, ``seconds`` the time of all proposals by the clock.
    """
    wanted = Objectives.of(problem.aim, problem.constraints)
    space, strategy = problem.space, resolve_strategy(METHODS[method])
    points: list[Point] = list(space.sample(len(space.names) + 1, 1000 + seed))
    start = len(points)
    measured, seconds = [problem.measure(point) for point in points], 0.0
    while len(measured) < problem.budget:
        if until_near and regrets(problem, measured)[-1] <= WITHIN:
            break
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
    trace = regrets(problem, measured)
    near = next((i for i, regret in enumerate(trace, start=1) if regret <= WITHIN), None)
    return {
        "problem": problem.name,
        "method": method,
        "seed": seed,
        "budget": problem.budget,
        "near": near,
        "broken": sum(not problem.feasible(o) for o in measured[start:near]),
        "first": next((i for i, o in enumerate(measured, start=1) if problem.feasible(o)), None),
        "trace": [round(regret, 6) for regret in trace],
        "seconds": round(seconds, 2),
    }


def regrets(problem: Constrained, measured: Sequence[Mapping[str, float]]) -> list[float]:
    """Return the regret of the best feasible result after each experiment."""
    best, found = NEVER, []
    for outputs in measured:
        if problem.feasible(outputs):
            best = min(best, problem.regret(outputs[problem.aim.output]))
        found.append(best)
    return found


def told(run: Run) -> str:
    """Return one run in words."""
    return (
        f"{run['problem']} {run['method']} seed {run['seed']}: regret {run['trace'][-1]:.4f}, "
        f"first allowed {run['first']}, near {run['near']}, {run['broken']} broke a constraint, "
        f"{run['seconds']:.0f} s"
    )


def main() -> None:
    """Run what is asked for and is not there, then print what came out."""
    reported = constrained_problems()
    every = {**reported, **tuning_problems()}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--problems", nargs="+", choices=list(every), default=list(reported))
    parser.add_argument("--methods", nargs="+", choices=list(METHODS), default=[OURS])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--fresh", action="store_true", help="measure ours anew")
    parser.add_argument("--until-near", action="store_true", help="end a run within 1 %%")
    parser.add_argument("--read", action="store_true", help="print what is there, run nothing")
    parser.add_argument("--seconds", type=float, help="begin no run after so many")
    asked = parser.parse_args()
    warnings.filterwarnings("ignore")
    file = NEAR if asked.until_near else WHOLE
    if asked.fresh:
        drop(file, [OURS])
    known, began = read(file), time.monotonic()
    seeds = range(asked.first, asked.first + asked.seeds)
    wanted = [(p, m, s) for s, p, m in product(seeds, asked.problems, asked.methods)]
    for problem, method, seed in wanted:
        late = asked.seconds is not None and time.monotonic() - began > asked.seconds
        if (problem, method, seed) in known or late or asked.read:
            continue
        run = carry_out(every[problem], method, seed, until_near=asked.until_near)
        append(file, run)
        print(told(run), file=sys.stderr, flush=True)
    found: dict[str, dict[str, list[Run]]] = {}
    for key, run in sorted(read(file).items()):
        if key in wanted:
            found.setdefault(key[0], {}).setdefault(key[1], []).append(run)
    for problem, methods in found.items():
        for method, runs in methods.items():
            last = [run["trace"][-1] for run in runs]
            print(f"{problem:10s} {method:8s} n={len(runs)} median regret {median(last):.4f}")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
