"""How often 90 % intervals hold a new measurement where there is physics: fixed data, resumable.

Usage: python -m benchmarks.intervals.physics [--seeds N] [--labs NAME ...] [--read]

All fourteen labs, physics that is slightly off and physics that is badly wrong (of the further
labs the wrong mechanism), at points that fill the space; of the first six labs at points as well
that the planner chose with that physics (the recorded campaigns of ``benchmarks/physics``). What
is asked and counted: ``benchmarks/intervals/run.py``.
"""

import argparse
import json
import sys
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.intervals.designs import RESULTS, Kind
from benchmarks.intervals.problems import held_out
from benchmarks.intervals.run import MEASURES, OUT, WHERE, by_problem, figure_of, judged
from benchmarks.physics.draws import MASTER
from benchmarks.physics.further.labs import FURTHER
from benchmarks.physics.labs import LABS
from benchmarks.physics.methods import METHODS, MISMATCHED, WRONG
from benchmarks.physics.run import DONE, EVERY, read
from labloop.brain import Strategy
from labloop.records import Dataset, Observation, Point, derive_seed

KEPT = OUT.with_name("physics.jsonl")
BELIEFS = {"slightly off": (MISMATCHED, MISMATCHED), "badly wrong": (WRONG, "physics-mechanism")}
"""Belief -> the method of the first six labs and that of the further ones."""
Key = tuple[str, str, Kind, int, int]


def method_of(lab: str, belief: str) -> str:
    """Return the name of the method that believes so in a lab."""
    first, further = BELIEFS[belief]
    return further if lab in FURTHER else first


@cache
def chosen() -> dict[tuple[str, str, int], list[Point]]:
    """Return the points of recorded campaigns: lab, method, seed -> points."""
    rows = [run for path in DONE for run in read(path).values()]
    return {(r["lab"], r["method"], r["seed"]): r["points"] for r in rows}


def results(lab: str, belief: str, kind: Kind, seed: int, count: int) -> Dataset:
    """Return the first results of a design, every output and curve of them."""
    one = EVERY[lab]
    if kind == "chosen":
        points = chosen()[lab, method_of(lab, belief), seed]
    else:
        points = one.space.sample(max(RESULTS), derive_seed(f"filling-{lab}", seed))
    made = []
    for number, point in enumerate(points[:count]):
        random = np.random.default_rng([MASTER, one.number, seed, 1000 + number])
        outputs, curves = one.measure(point, random)
        made.append(Observation(f"e{number + 1:02d}", point, outputs, curves=curves))
    return Dataset(tuple(made))


def strategy_of(lab: str, belief: str, seed: int) -> Strategy:
    """Return the planner that believes so."""
    return METHODS[method_of(lab, belief)].start(EVERY[lab], seed)[0]


def wanted(labs: list[str], seeds: int) -> Iterator[Key]:
    """Yield what is to be judged."""
    for seed in range(seeds):
        for lab in labs:
            kinds: tuple[Kind, ...] = ("filling", "chosen") if lab in LABS else ("filling",)
            for belief in BELIEFS:
                yield from ((lab, belief, kind, seed, n) for kind in kinds for n in RESULTS)


def carry_out(labs: list[str], seeds: int, out: Path) -> None:
    """Do what is missing."""
    done = {(r["problem"], r["belief"], r["design"], r["seed"], r["n"]) for r in kept(out)}
    out.parent.mkdir(parents=True, exist_ok=True)
    for key in wanted(labs, seeds):
        if key in done:
            continue
        lab, belief, kind, seed, count = key
        data, strategy = results(*key), strategy_of(lab, belief, seed)
        found = judged(EVERY[lab].space, data, held_out(lab), strategy)
        row = {"problem": lab, "belief": belief, "design": kind, "seed": seed, "n": count}
        with out.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(row | found) + "\n")
        print(*key, file=sys.stderr, flush=True)


def kept(out: Path) -> list[dict[str, Any]]:
    """Return what is judged already."""
    lines = out.read_text(encoding="utf-8").splitlines() if out.is_file() else []
    return [json.loads(line) for line in lines if line.endswith("}")]


def figures(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a figure for each belief, group of labs and design."""
    found = []
    for belief in BELIEFS:
        for group in ("report", "tune"):
            for kind, where in WHERE.items():
                some = [
                    r
                    for r in rows
                    if (r["belief"], r["design"], EVERY[r["problem"]].group)
                    == (belief, kind, group)
                ]
                if some:
                    name = f"intervals-{belief}-{group}-{kind}".replace(" ", "-")
                    asked = f"{group}, physics {belief}, {where}"
                    found.append(figure_of(name, asked, by_problem(some), len(some)))
    return found


def main() -> None:
    """Do what is missing, print what there is."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--labs", nargs="+", choices=list(EVERY), default=list(EVERY))
    parser.add_argument("--out", type=Path, default=KEPT)
    parser.add_argument("--read", action="store_true", help="show only what is there")
    given = parser.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    if not given.read:
        carry_out(given.labs, given.seeds, given.out)
    rows = kept(given.out)
    for belief in BELIEFS:
        some = by_problem([row for row in rows if row["belief"] == belief])
        for (name, kind, n), mean in sorted(some.items()):
            told = ", ".join(f"{measure} {mean[measure]:.2f}" for measure in MEASURES)
            print(f"{belief:12s} {name:12s} {kind:8s} n={n:<3d} {told}")
    made = figures(rows)
    for figure in made:
        print("PASS" if figure["passed"] else "MISS", figure["asked"], "|", figure["measured"])
    print(json.dumps({"figures": made}))


if __name__ == "__main__":
    main()
