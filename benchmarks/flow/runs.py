"""What physics buys in the flow lab: experiments to 95 % of the optimum, with and without it.

The lab is the hidden truth of the flow reactor's world (offline, with its noise); the physics
is what the example ``flow_snar`` believes. Strategy ``auto`` is asked for one experiment after
another, 30 in all, once with the physics and once without, over the same seeds.

Score of an experiment: how far its noise-free yield lies on the way from the median of the
space to its optimum. "Experiments to 95 %": the first number of experiments after which the
one with the best MEASURED yield has a score of at least 0.95; 31 where none of 30 had
("restricted"). The ratio is that of the means over seeds, with a 90 % bootstrap interval over
paired seeds.

    OMP_NUM_THREADS=1 nice -n 10 python benchmarks/flow/runs.py --seeds 30

With ``--vary`` every seed has a chemistry of its own, all constants varied: what no choice of a
setting can have been fitted to.

Every run is one line of JSON in ``--out``; runs that are there already are not done again.
"""

import argparse
import importlib.util
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from labloop.brain import resolve_strategy
from labloop.objectives import Maximize, Objectives
from labloop.records import Dataset, Observation, derive_seed
from labloop.space import Continuous, SearchSpace
from labloop_simulators.worlds.flow_reactor import FlowReactor

ROOT = Path(__file__).resolve().parents[2]
EXPERIMENTS = 30
SPACE = SearchSpace(
    Continuous("temperature", 30, 120, unit="degC"),
    Continuous("residence_time", 0.5, 5, unit="min", log=True),
    Continuous("equivalents", 1, 5),
    Continuous("concentration", 0.1, 0.5, unit="mol/L"),
)


def example_physics() -> object:
    """Return the physics that a user of the example writes."""
    path = ROOT / "examples" / "flow_snar" / "physics.py"
    spec = importlib.util.spec_from_file_location("flow_snar_physics", path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{path} is not there")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.SNAr


def truth(lab: FlowReactor, point: Mapping[str, Any]) -> float:
    """Return the noise-free yield."""
    return lab.ideal(point)["product_yield"]


def landmarks(lab: FlowReactor) -> tuple[float, float]:
    """Return median and optimum of the noise-free yield over the space."""
    values = np.array([truth(lab, p) for p in SPACE.sample(1024, 1)])
    rng = np.random.default_rng(0)
    best_row = SPACE.encode([SPACE.sample(1024, 1)[int(values.argmax())]])[0]
    best = float(values.max())
    for width in np.geomspace(0.2, 0.002, 12):
        for row in np.clip(best_row + width * rng.standard_normal((64, 4)), 0, 1):
            value = truth(lab, SPACE.decode(row[None])[0])
            if value > best:
                best, best_row = value, row
    return float(np.median(values)), best


def campaign(
    lab: FlowReactor,
    seed: int,
    physics: object | None,
    span: tuple[float, float],
    until: float,
) -> dict[str, Any]:
    """Return scores of the best measured experiment after 1, 2, ..., 30 experiments."""
    strategy, objective = (
        resolve_strategy("auto", physics),
        Objectives.of(Maximize("product_yield")),
    )
    random, (median, best) = np.random.default_rng([seed, 17]), span
    done: list[Observation] = []
    trace, seconds, batch = [], [], None
    for number in range(EXPERIMENTS):
        began = time.perf_counter()
        batch = strategy.propose(
            SPACE, objective, Dataset(tuple(done)), [], 1, derive_seed(f"flow-{seed}", number)
        )
        seconds.append(time.perf_counter() - began)
        point = batch.proposals[0].point
        outputs = lab.yield_of(**{n: float(v) for n, v in point.items()}, random=random)
        done.append(Observation(f"e{number:02d}", point, outputs))
        chosen = max(done, key=lambda o: o.outputs["product_yield"])
        trace.append(round((truth(lab, chosen.point) - median) / (best - median), 4))
        if trace[-1] >= until:
            break
    report: Any = batch.fit_report if batch else {}
    return {
        "seed": seed,
        "physics": physics is not None,
        "trace": trace,
        "seconds": round(float(np.median(seconds[3:] or seconds)), 4),
        "weights": dict(report.get("weights", {})),
        "alarms": [a.kind for a in batch.alarms] if batch else [],
    }


def first(trace: Sequence[float], level: float) -> int:
    """Return the number of experiments to a level, 31 where it was missed."""
    return next((i + 1 for i, score in enumerate(trace) if score >= level), EXPERIMENTS + 1)


def summary(runs: Sequence[Mapping[str, Any]]) -> str:
    """Return the table in words."""
    lines = []
    by = {flag: {r["seed"]: r for r in runs if r["physics"] is flag} for flag in (True, False)}
    seeds = sorted(by[True].keys() & by[False].keys())
    for level in (0.95, 0.99):
        counts = {f: np.array([first(by[f][s]["trace"], level) for s in seeds]) for f in by}
        means = {f: float(c.mean()) for f, c in counts.items()}
        rng = np.random.default_rng(0)
        picks = rng.integers(len(seeds), size=(10_000, len(seeds)))
        ratios = counts[True][picks].mean(1) / counts[False][picks].mean(1)
        low, high = np.quantile(ratios, [0.05, 0.95])
        told = ", ".join(
            f"{'with' if f else 'without'} physics {means[f]:.1f} (median {np.median(c):.1f}, "
            f"{int((c > EXPERIMENTS).sum())} missed)"
            for f, c in counts.items()
        )
        lines.append(
            f"to {100 * level:.0f} %, {len(seeds)} seeds: {told}; "
            f"ratio {means[True] / means[False]:.2f} [{low:.2f}, {high:.2f}]"
        )
    for flag, rows in by.items():
        end = np.median([1 - rows[s]["trace"][-1] for s in seeds])
        pace = np.median([rows[s]["seconds"] for s in seeds])
        what = "with" if flag else "without"
        lines.append(f"{what} physics: regret at the end {end:.4f}, {pace:.3f} s a proposal (wall)")
    return "\n".join(lines)


def main() -> None:
    """Run what is missing and print the table."""
    parser = argparse.ArgumentParser(description="physics against none in the flow lab")
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/flow/runs.jsonl"))
    parser.add_argument("--vary", action="store_true", help="another chemistry for every seed")
    parser.add_argument("--until", type=float, default=2.0, help="stop a run at this score")
    options = parser.parse_args()
    torch.set_num_threads(1)
    runs = [json.loads(line) for line in options.out.open()] if options.out.exists() else []
    known = {(r["seed"], r["physics"]) for r in runs}
    lab = FlowReactor()
    span = landmarks(lab)
    print(f"median of the space {span[0]:.4f}, optimum {span[1]:.4f}", flush=True)
    for seed in range(options.seeds):
        if options.vary:
            lab = FlowReactor(seed, truth=seed + 1)
            span = landmarks(lab)
        for physics in (example_physics(), None):
            if (seed, physics is not None) in known:
                continue
            run = campaign(lab, seed, physics, span, options.until)
            runs.append(run)
            with options.out.open("a") as file:
                file.write(json.dumps(run) + "\n")
            reached = first(run["trace"], 0.95)
            print(seed, "physics" if run["physics"] else "plain", reached, flush=True)
    print(summary(runs))


if __name__ == "__main__":
    main()
