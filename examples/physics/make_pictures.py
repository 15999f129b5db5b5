"""Runs the four campaigns with seeds 0, 1, 2, prints what the page quotes, draws its pictures.

    OMP_NUM_THREADS=1 python examples/physics/make_pictures.py

Same numbers and the same pictures every time on one machine; about two minutes on one core.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import coating
import dosing
import enzyme
import flow
import numpy as np
import torch
from campaigns import Example, Run, ideal, optimum, run
from drawing import (
    Part,
    best_part,
    constants_part,
    curves_part,
    first_at,
    missing_part,
    named_term,
    picture,
    rivals_part,
)

from labloop.objectives import Minimize
from labloop.records import CurveData, Point

SEEDS = (0, 1, 2)
EXAMPLES = {"flow": flow, "enzyme": enzyme, "coating": coating, "dosing": dosing}
UNITS = {"flow": "1", "enzyme": "mmol/L", "coating": "%", "dosing": "1"}
IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
Runs = dict[bool, list[Run]]
Labelled = tuple[str, str, CurveData]


def tell(name: str, example: Example, runs: Runs, top: float, where: Point) -> None:
    """Print the numbers of one example."""
    told = ", ".join(f"{n} {v:.3g}" for n, v in where.items())
    print(f"\n{name}: the best there is {top:.4g} at {told}")
    low = isinstance(example.AIM, Minimize)
    middle = float(np.median(ideal(example, example.SPACE.sample(2048, 1))[example.AIM.output]))
    level = top + 0.05 * (middle - top)
    print(f"  median of the space {middle:.4g}, 95 % of the way from there is {level:.4g}")
    marked = sorted({5, 10, example.EXPERIMENTS})
    for flag, words in ((True, "with"), (False, "without")):
        middles = [float(np.median([one.best[n - 1] for one in runs[flag]])) for n in marked]
        found = ", ".join(f"{v:.3g}" for v in middles)
        print(f"  median of seeds {words:7}: after {marked}: {found}")
    for seed in SEEDS:
        for flag, words in ((True, "with"), (False, "without")):
            best = runs[flag][seed].best
            marks = ", ".join(f"{best[n - 1]:.4g}" for n in marked)
            first = first_at(best, level, low=low)
            print(f"  seed {seed} {words:7}: after {marked}: {marks}; 95 % after {first}")
        told_physics(runs[True][seed])


def told_physics(one: Run) -> None:
    """Print weights, the first missing terms and the first alarm of each kind."""
    shares = {n: round(w, 2) for n, w in one.report["physics"].items()}
    print(f"    weights {shares}; alarms of the last round {[a.kind for n, a in last(one)]}")
    for term in one.report["missing"][:2]:
        values = [f"{v:.3g}" for v in (term["value"][0], max(term["value"]), term["value"][-1])]
        print(
            f"    missing {term['parameter']} along {term['along']}: effect {term['effect']:.2f}, "
            f"share {term['share']:.2f}, first, greatest, last {', '.join(values)}"
        )
    kinds: dict[str, int] = {}
    for results, alarm in one.alarms:
        if kinds.setdefault(alarm.kind, results) == results:
            print(f"    after {results} results {alarm.kind}: {alarm.message}")


def last(one: Run) -> Sequence[tuple[int, object]]:
    """Return the alarms that the model of all results raised."""
    return [(n, alarm) for n, alarm in one.alarms if n == len(one.observations)]


def parts(name: str, example: Example, runs: Runs, top: float) -> list[Part]:
    """Return the drawings of one example."""
    drawn = [best_part(example, runs, top, UNITS[name])]
    shown = dict(enumerate(runs[True]))
    if example is dosing:
        drawn.append(rivals_part(example, runs[True], "Dimer"))
        shown = {s: r for s, r in shown.items() if leader(r) == "Dimer"}
    else:
        drawn.append(missing_part(example, runs[True]))
        print(f"  drawn as missing: {' along '.join(named_term(runs[True]))}")
    drawn.append(constants_part(example, shown))
    if example is coating:
        drawn.append(curves_part("Measured spectra of the best of each seed", spectra(runs)))
    if example is enzyme:
        head = "Measured courses with physics: the best and the hottest experiment of each seed"
        drawn.append(curves_part(head, courses(runs[True])))
    return drawn


def spectra(runs: Runs) -> list[Labelled]:
    """Return the spectrum of the best experiment of each seed, without and with physics."""
    found = []
    for flag, kind, words in ((False, "without", "without physics"), (True, "with", "with")):
        for one in runs[flag]:
            best = min(one.observations, key=lambda o: o.outputs["glare"])
            found.append((kind, words, best.curves["spectrum"]))
    return found


def courses(runs: Sequence[Run]) -> list[Labelled]:
    """Return the product over time of the hottest and of the best experiment of each seed."""
    found = []
    for one in runs:
        hottest = max(one.observations, key=lambda o: float(o.point["temperature"]))
        best = max(one.observations, key=lambda o: o.outputs["gain"])
        found += [("without", "the hottest", hottest.curves["course"])]
        found += [("with", "the best", best.curves["course"])]
        told = ", ".join(f"{n} {v:.3g}" for n, v in hottest.point.items())
        print(f"  hottest: {told}: {hottest.curves['course'].y.round(1).tolist()}")
    return found


def leader(one: Run) -> str:
    """Return the physics that counts most at the end."""
    return max(one.report["physics"], key=lambda name: one.report["physics"][name])


def main() -> None:
    """Run, print, draw."""
    parser = argparse.ArgumentParser(description="the pictures of docs/tutorial/worked-examples.md")
    parser.add_argument("--only", choices=EXAMPLES, action="append", help="not all four")
    parser.add_argument("--out", type=Path, default=IMAGES)
    given = parser.parse_args()
    torch.set_num_threads(1)
    began = time.perf_counter()
    for name in given.only or EXAMPLES:
        example = EXAMPLES[name]
        top, where = optimum(example)
        runs = {
            flag: [
                run(example, physics=flag, seed=seed, experiments=example.EXPERIMENTS)
                for seed in SEEDS
            ]
            for flag in (True, False)
        }
        tell(name, example, runs, top, where)
        label = f"{name}: with and without physics"
        drawing = picture(label, parts(name, example, runs, top))
        (given.out / f"worked-{name}.svg").write_text(drawing + "\n", encoding="utf-8")
    print(f"{time.perf_counter() - began:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
