"""How often 90 % intervals hold a new measurement: on fixed data sets, resumable.

Usage: python -m benchmarks.intervals.run [--seeds N] [--problems NAME ...] [--results N ...]
                                          [--fresh] [--read]

Asked is a new measurement, its noise included, as ``Brain.predict`` tells it from 10 and from 25
results: at 200 points at random, and at points whose noise-free value is in the best tenth of the
space. Those are chosen by what is true, so even a model that is right holds fewer of them than
0.90: what it expects there is nearer to the mean (``ideal``). Those in the best tenth by what the
model predicts (``promising``) it would hold as often as any others. The log score is that of
a normal of the told mean and sd, in standard deviations of the values; none is below -20. Prints
a line a problem and, as the last line, the figures as JSON.
"""

import argparse
import hashlib
import json
import sys
import warnings
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

import labloop
from benchmarks.intervals.designs import RESULTS, Kind, design, seeds_recorded
from benchmarks.intervals.problems import OBJECTIVE, OUTPUT, TOP, HeldOut, held_out, settings
from labloop.brain import Strategy, resolve_strategy
from labloop.brain._predict import predict
from labloop.records import Dataset, FloatArray
from labloop.space import SearchSpace

OUT = Path(__file__).resolve().parents[2] / ".figures" / "intervals" / "runs.jsonl"
KINDS: tuple[Kind, ...] = ("filling", "chosen")
WHERE: Mapping[Kind, str] = {
    "filling": "points that fill the space",
    "chosen": "points that a planner chose",
}
LEAST, MOST = 0.85, 0.95
_ROOMS = ("surrogates", "brain/acquisition")
_WORST = -20.0
MEASURES = ("share", "top", "promising", "log score", "width")
Run = dict[str, Any]


def judged(
    space: SearchSpace, data: Dataset, held: HeldOut, strategy: Strategy | None = None
) -> dict[str, float]:
    """Return how well the intervals told from some results hold new measurements.

    Args:
        space: of the problem.
        data: what is learned from.
        held: what is foretold.
        strategy: whose model it is, ``auto`` without physics if left out.
    """
    held = held.without([o.point for o in data.observations])
    chosen = strategy or resolve_strategy("auto", None)
    every = predict(chosen, space, OBJECTIVE, data, [*held.points, *held.top], 0)
    told = [p[OUTPUT] for p in every]
    low, high, mean, sd = np.array([(t.low, t.high, t.mean, t.sd) for t in told]).T
    count = len(held.points)
    inside = (low[:count] <= held.measured) & (held.measured <= high[:count])
    top = (low[count:] <= held.top_measured) & (held.top_measured <= high[count:])
    best = np.argsort(-mean[:count], kind="stable")[: max(1, round(TOP * count))]
    return {
        "share": float(inside.mean()),
        "top": float(top.mean()),
        "promising": float(inside[best].mean()),
        "log score": log_score(held.measured, mean[:count], sd[:count], held.spread),
        "width": float(np.median(high - low) / held.spread),
    }


def log_score(measured: FloatArray, mean: FloatArray, sd: FloatArray, spread: float) -> float:
    """Return the mean log density of what was measured, in units of ``spread``."""
    density = -0.5 * ((measured - mean) / sd) ** 2 - np.log(sd / spread) - 0.5 * np.log(2 * np.pi)
    return float(np.maximum(density, _WORST).mean())


def planner() -> str:
    """Return the hash of the code that tells intervals."""
    root = Path(labloop.__file__).parent
    files = [path for room in _ROOMS for path in sorted((root / room).rglob("*.py"))]
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:12]


def wanted(
    names: Sequence[str], seeds: int, counts: Sequence[int]
) -> Iterator[tuple[str, Kind, int, int]]:
    """Yield problem, design, seed and number of results of every fit."""
    for seed in range(seeds):
        for name in names:
            for kind in KINDS:
                recorded = kind == "chosen" and seed in seeds_recorded(name)
                for count in counts:
                    if kind == "filling" or (recorded and count <= max(RESULTS)):
                        yield name, kind, seed, count


def carry_out(
    names: Sequence[str], seeds: int, counts: Sequence[int], out: Path, *, fresh: bool
) -> None:
    """Do what is missing."""
    code = planner()
    kept = [] if fresh else read(out)
    done = {(r["problem"], r["design"], r["seed"], r["n"]) for r in kept if r["code"] == code}
    out.parent.mkdir(parents=True, exist_ok=True)
    for name, kind, seed, count in wanted(names, seeds, counts):
        if (name, kind, seed, count) in done:
            continue
        found = judged(settings()[name].space, design(name, kind, seed, count), held_out(name))
        row = {"problem": name, "design": kind, "seed": seed, "n": count, "code": code}
        with out.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(row | found) + "\n")
        print(f"{name} {kind} {seed} n={count}", file=sys.stderr, flush=True)


def read(out: Path) -> list[Run]:
    """Return the fits of a file; of equals the last, and of the newest code alone."""
    lines = out.read_text(encoding="utf-8").splitlines() if out.is_file() else []
    rows = [json.loads(line) for line in lines if line.endswith("}")]
    newest = [row for row in rows if row["code"] == rows[-1]["code"]]
    return list({(r["problem"], r["design"], r["seed"], r["n"]): r for r in newest}.values())


def by_problem(rows: Sequence[Run]) -> dict[tuple[str, str, int], dict[str, float]]:
    """Return the means over seeds: problem, design, number of results -> measure -> mean."""
    grouped: dict[tuple[str, str, int], list[Run]] = defaultdict(list)
    for row in rows:
        grouped[row["problem"], row["design"], row["n"]].append(row)
    return {
        key: {m: float(np.mean([row[m] for row in of])) for m in MEASURES}
        for key, of in grouped.items()
    }


def figures(rows: Sequence[Run]) -> list[dict[str, Any]]:
    """Return a figure for each group of problems and each design."""
    found = []
    known, means = settings(), by_problem(rows)
    for group in ("report", "tune"):
        for kind in KINDS:
            of = {k: v for k, v in means.items() if k[1] == kind and known[k[0]].group == group}
            if of:
                count = sum(
                    r["design"] == kind and known[r["problem"]].group == group for r in rows
                )
                asked = f"{group}, {WHERE[kind]}"
                found.append(figure_of(f"intervals-{group}-{kind}", asked, of, count))
    return found


def figure_of(
    name: str, asked: str, of: Mapping[tuple[str, str, int], Mapping[str, float]], count: int
) -> dict[str, Any]:
    """Return the figure of some problems' means, passed where each is within what is asked."""
    words, shares = [], []
    for n in sorted({key[2] for key in of}):
        some = [v for k, v in of.items() if k[2] == n]
        mean = {m: float(np.mean([v[m] for v in some])) for m in MEASURES}
        shares += [v[m] for v in some for m in ("share", "top")]
        held = sum(LEAST <= v["share"] <= MOST for v in some)
        words.append(
            f"n = {n}: {mean['share']:.2f} ({held} of {len(some)} problems within), top tenth "
            f"{mean['top']:.2f}, promising {mean['promising']:.2f}, log score "
            f"{mean['log score']:.2f}, width {mean['width']:.1f} sd"
        )
    return {
        "name": name,
        "asked": f"{asked}: 90 % intervals hold {LEAST} to {MOST} of new measurements, "
        "at random and in the top tenth, in every problem",
        "measured": "; ".join(words),
        "n": count,
        "passed": all(LEAST <= share <= MOST for share in shares),
    }


def ideal(count: int, draws: int = 40) -> dict[str, float]:
    """Return what intervals hold of functions drawn from the process itself, with its own numbers.

    Four inputs, Matern 5/2, no noise: nobody can know more than this model does.
    """
    inside, top = [], []
    for seed in range(draws):
        random = np.random.default_rng(seed)
        x = random.random((count + 1000, 4))
        apart = np.sqrt(5.0) * np.linalg.norm(x[:, None] - x[None], axis=-1) / 0.7
        covariance = (1.0 + apart + apart**2 / 3.0) * np.exp(-apart) + 1e-9 * np.eye(len(x))
        y = np.linalg.cholesky(covariance) @ random.standard_normal(len(x))
        gain = np.linalg.solve(covariance[:count, :count], covariance[:count, count:]).T
        mean = gain @ y[:count]
        sd = np.sqrt(1.0 - (gain * covariance[count:, :count]).sum(1))
        held = np.abs(y[count:] - mean) <= 1.6448536269514722 * sd
        inside.append(held.mean())
        top.append(held[y[count:] >= np.quantile(y[count:], 1.0 - TOP)].mean())
    return {"share": float(np.mean(inside)), "top": float(np.mean(top))}


def main() -> None:
    """Do what is missing, print what there is."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--problems", nargs="+", choices=list(settings()), default=list(settings()))
    parser.add_argument("--results", type=int, nargs="+", default=list(RESULTS))
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--fresh", action="store_true", help="again, though it is there")
    parser.add_argument("--read", action="store_true", help="show only what is there")
    parser.add_argument("--ideal", action="store_true", help="of functions that the model fits")
    given = parser.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    if given.ideal:
        print(json.dumps({n: ideal(n) for n in RESULTS}))
        return
    if not given.read:
        carry_out(given.problems, given.seeds, given.results, given.out, fresh=given.fresh)
    rows = read(given.out)
    for (name, kind, n), mean in sorted(by_problem(rows).items()):
        told = ", ".join(f"{measure} {mean[measure]:.2f}" for measure in MEASURES)
        print(f"{name:16s} {kind:8s} n={n:<3d} {told}")
    made = figures(rows)
    for figure in made:
        print("PASS" if figure["passed"] else "MISS", figure["asked"], "|", figure["measured"])
    print(json.dumps({"figures": made}))


if __name__ == "__main__":
    main()
