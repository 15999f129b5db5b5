"""From runs to figures: experiments to 95 %, regret, coverage, alarms, by group of labs.

Usage: python -m benchmarks.physics.summary [--out FILE]

Prints a table a lab and, as the last line, the figures as JSON; writes ``summary.md`` and
``regret.svg`` beside the runs.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.physics.labs import LABS, Lab
from benchmarks.physics.methods import (
    COVERED,
    FIRST,
    GOOD,
    LEAST,
    MISMATCHED,
    MOST,
    PEERS,
    PLAIN,
    START,
    WRONG,
)
from benchmarks.physics.plot import write_plot
from benchmarks.physics.run import OUT, known

GROUPS = ("report", "tune")
COUNTED = ("physics-wrong", "physics-parameter", "physics-failed", "physics-missing")
"""The kinds of alarm that say that the physics is wrong."""
EARLY = 10
_STAGES = ((START, 10), (10, 25), (25, MOST))
"""Numbers of results between which intervals told beforehand are counted."""
_DRAWS = 10_000
Array = NDArray[np.float64]
Run = Mapping[str, Any]


class Runs:
    """All runs, by lab, method and seed."""

    def __init__(
        self, rows: Sequence[Run], labs: Mapping[str, Lab] = LABS, within: int | None = None
    ) -> None:
        """Read the runs of ``labs``.

        Args:
            rows: all of them.
            labs: those that count.
            within: where runs ended at the target or after so many experiments: the number.
        """
        self.lab_of = labs
        self.most = within or MOST
        self.every = [row for row in rows if row["lab"] in labs]
        """Short ones as well, which tell of early alarms."""
        self.rows = [
            r for r in self.every if len(r["trace"]) >= LEAST or (within is not None and r["hit"])
        ]
        self._by = {(r["lab"], r["method"], r["seed"]): r for r in self.rows}

    def seeds(self, lab: str, *methods: str) -> list[int]:
        """Return the seeds for which all methods were run."""
        sets = [{s for (la, m, s) in self._by if (la, m) == (lab, name)} for name in methods]
        return sorted(set.intersection(*sets)) if sets else []

    def labs(self, group: str, *methods: str) -> list[str]:
        """Return the labs of a group for which all methods have runs."""
        mine = [n for n, lab in self.lab_of.items() if lab.group == group]
        return [n for n in mine if self.seeds(n, *methods)]

    def of(self, lab: str, method: str, seeds: Sequence[int] | None = None) -> list[Run]:
        """Return the runs of a method in a lab, in the order of seeds."""
        wanted = self.seeds(lab, method) if seeds is None else seeds
        return [self._by[lab, method, seed] for seed in wanted]

    def hits(self, lab: str, method: str, seeds: Sequence[int] | None = None) -> Array:
        """Return the experiments to 95 %, one more than the most where it was missed."""
        missed = self.most + 1
        found = [min(run["hit"] or missed, missed) for run in self.of(lab, method, seeds)]
        return np.array(found, float)

    def after(self, lab: str, method: str, number: int = LEAST) -> Array:
        """Return the scores after a number of experiments, or at the end of a shorter run."""
        return np.array([run["trace"][:number][-1] for run in self.of(lab, method)])


def ratios(
    runs: Runs,
    lab: str,
    random: np.random.Generator,
    method: str = MISMATCHED,
    peers: Sequence[str] = PEERS,
) -> tuple[float, Array, str]:
    """Return restricted mean of the best peer over ours, its bootstrap draws, the peer's name.

    Seeds are drawn with replacement, the same ones for all methods; the best peer is chosen
    anew in every draw, which favours the peers.
    """
    seeds = runs.seeds(lab, method, *peers)
    ours = runs.hits(lab, method, seeds)
    theirs = np.stack([runs.hits(lab, peer, seeds) for peer in peers])
    picks = random.integers(len(seeds), size=(_DRAWS, len(seeds)))
    draws = theirs[:, picks].mean(2).min(0) / ours[picks].mean(1)
    means = theirs.mean(1)
    return float(means.min() / ours.mean()), draws, peers[int(means.argmin())]


def faster(runs: Runs, group: str) -> list[dict[str, Any]]:
    """Return the figures of how many times fewer experiments the mismatched physics needs."""
    random = np.random.default_rng(0)
    labs = runs.labs(group, MISMATCHED, *PEERS)
    if not labs:
        return []
    found = {lab: ratios(runs, lab, random) for lab in labs}
    mean = float(np.exp(np.mean([np.log(found[lab][0]) for lab in labs])))
    draws = np.exp(np.mean([np.log(found[lab][1]) for lab in labs], axis=0))
    low, high = np.quantile(draws, [0.05, 0.95])
    told = ", ".join(f"{lab} {found[lab][0]:.2f} ({found[lab][2]})" for lab in labs)
    n = sum(len(runs.seeds(lab, MISMATCHED, *PEERS)) for lab in labs)
    least = min(found[lab][0] for lab in labs)
    return [
        _figure(
            f"faster-{group}",
            f"{group}: mismatched physics, experiments to 95 % of the optimum, best peer / ours, "
            "geometric mean over labs at least 3.0, lower end of the 90 % interval 2.5",
            f"{mean:.2f} [{low:.2f}, {high:.2f}]",
            n,
            mean >= 3.0 and low >= 2.5,
        ),
        _figure(f"each-{group}", f"{group}: no lab below 1.5", told, n, least >= 1.5),
    ]


def regret(runs: Runs, group: str) -> list[dict[str, Any]]:
    """Return the figure of the regret after 30 experiments."""
    labs = runs.labs(group, MISMATCHED)
    if not labs:
        return []
    each = {lab: 1.0 - runs.after(lab, MISMATCHED) for lab in labs}
    pooled = np.concatenate(list(each.values()))
    told = ", ".join(f"{lab} {np.median(v):.4f}" for lab, v in each.items())
    return [
        _figure(
            f"regret-{group}",
            f"{group}: mismatched physics, median regret after {LEAST} at most 0.01",
            f"{np.median(pooled):.4f} ({told})",
            len(pooled),
            float(np.median(pooled)) <= 0.01,
        )
    ]


def harmless(runs: Runs, group: str) -> list[dict[str, Any]]:
    """Return the figures of badly wrong physics against none."""
    labs = runs.labs(group, WRONG, PLAIN)
    if not labs:
        return []
    shares, gaps, told = [], [], []
    for lab in labs:
        seeds = runs.seeds(lab, WRONG, PLAIN)
        wrong, plain = runs.hits(lab, WRONG, seeds), runs.hits(lab, PLAIN, seeds)
        shares.append(wrong / plain)
        gaps.append(float(runs.after(lab, PLAIN).min() - runs.after(lab, WRONG).min()))
        told.append(f"{lab} {np.median(wrong):g} against {np.median(plain):g}")
    pooled = np.concatenate(shares)
    return [
        _figure(
            f"harmless-{group}",
            f"{group}: badly wrong physics, median at most 10 % more experiments than without",
            f"median ratio of pairs {np.median(pooled):.2f} (medians: {', '.join(told)})",
            len(pooled),
            float(np.median(pooled)) <= 1.1,
        ),
        _figure(
            f"worst-{group}",
            f"{group}: badly wrong physics, score after {LEAST}: no seed worse than the worst "
            "without physics by more than 0.05",
            ", ".join(f"{lab} {gap:+.3f} worse" for lab, gap in zip(labs, gaps, strict=True)),
            len(pooled),
            max(gaps) <= 0.05,
        ),
    ]


def coverage(runs: Runs, group: str) -> list[dict[str, Any]]:
    """Return the figure of the intervals on points held out."""
    told, passed, n = [], True, 0
    for method in (MISMATCHED, WRONG, PLAIN):
        parts = []
        for number in COVERED:
            shares = [
                run["coverage"][str(number)]["share"]
                for lab in runs.labs(group, method)
                for run in runs.of(lab, method)
                if str(number) in run["coverage"]
            ]
            if shares:
                parts.append(f"{np.mean(shares):.2f}")
                if method == MISMATCHED:
                    n = len(shares)
                    passed &= 0.80 <= float(np.mean(shares)) <= 0.95
        if parts:
            told.append(f"{method} {' / '.join(parts)}")
    if not n:
        return []
    told.append(f"of results proposed, when they came: {_proposed(runs, group)}")
    asked = (
        f"{group}: nominal 90 % intervals cover 0.80-0.95 of 200 points held out at n = "
        f"{' / '.join(str(c) for c in COVERED)}, mismatched physics"
    )
    return [_figure(f"coverage-{group}", asked, "; ".join(told), n, passed)]


def _proposed(runs: Runs, group: str) -> str:
    """Return how many results lay in the interval that was told before they were measured."""
    every = [run for lab in runs.labs(group, MISMATCHED) for run in runs.of(lab, MISMATCHED)]
    parts = []
    for first, end in _STAGES:
        inside = [
            told[0] <= value <= told[1]
            for run in every
            for told, value in list(zip(run["predicted"], run["measured"][START:], strict=True))[
                first - START : end - START
            ]
            if told
        ]
        if inside:
            until = f"{end}" if end < MOST else "later"
            parts.append(f"{np.mean(inside):.2f} ({first + 1} to {until})")
    return ", ".join(parts)


def alarmed(runs: Sequence[Run], until: int) -> float:
    """Return the share of runs with an alarm that counts, up to a number of experiments."""
    rang = [any(k in COUNTED and n <= until for k, n in run["alarms"]) for run in runs]
    return float(np.mean(rang))


def alarms(runs: Runs, group: str) -> list[dict[str, Any]]:
    """Return the figure of the alarms."""
    found = {
        method: [r for r in runs.every if r["group"] == group and r["method"] == method]
        for method in (WRONG, GOOD, MISMATCHED)
    }
    if not found[WRONG] or not found[GOOD]:
        return []
    told = ", ".join(
        f"{method} {100 * alarmed(rows, EARLY):.0f} % (ever {100 * alarmed(rows, MOST):.0f} %)"
        for method, rows in found.items()
        if rows
    )
    return [
        _figure(
            f"alarms-{group}",
            f"{group}: an alarm that the physics is wrong within {EARLY} experiments in at least "
            "80 % of badly wrong runs and in less than 5 % of good ones",
            told,
            len(found[WRONG]) + len(found[GOOD]),
            alarmed(found[WRONG], EARLY) >= 0.8 and alarmed(found[GOOD], EARLY) < 0.05,
        )
    ]


def _figure(name: str, asked: str, measured: str, n: int, passed: bool) -> dict[str, Any]:
    return {"name": name, "asked": asked, "measured": measured, "n": n, "passed": bool(passed)}


def figures(runs: Runs) -> list[dict[str, Any]]:
    """Return every figure that the runs suffice for, reporting labs first.

    Where a lab of the group lacks a method, what was measured is told and nothing is passed.
    """
    found = []
    for group in GROUPS:
        missing = _incomplete(runs, group)
        for make in (faster, regret, harmless, coverage, alarms):
            for figure in make(runs, group):
                if missing:
                    told = f"{figure['measured']}; runs still missing in {', '.join(missing)}"
                    figure |= {"measured": told, "passed": False}
                found.append(figure)
    return found


def _incomplete(runs: Runs, group: str) -> list[str]:
    """Return the labs of a group that lack a method; good physics is asked for alarms alone."""
    whole = [method for method in FIRST if method != GOOD]
    rang = {run["lab"] for run in runs.every if run["method"] == GOOD}
    complete = rang.intersection(runs.labs(group, *whole))
    return [n for n, lab in LABS.items() if lab.group == group and n not in complete]


def table(runs: Runs) -> str:
    """Return a Markdown table a lab: experiments, score after 30, seconds a proposal."""
    lines = []
    for name, lab in LABS.items():
        lines += [
            f"### {lab.number}. {name} ({lab.group}): {lab.kind}",
            "",
            "| method | runs | mean to 95 % | median | missed | median score@30 | worst | s |",
            "|---|---|---|---|---|---|---|---|",
        ]
        for method in FIRST:
            rows = runs.of(name, method)
            if rows:
                hits, after = runs.hits(name, method), runs.after(name, method)
                pace = np.median([s for run in rows for s in run["seconds"]])
                lines.append(
                    f"| {method} | {len(rows)} | {hits.mean():.1f} | {np.median(hits):g} | "
                    f"{int((hits > MOST).sum())} | {np.median(after):.4f} | {after.min():.3f} | "
                    f"{pace:.3f} |"
                )
        lines.append("")
    states = sorted({run["planner"] for run in runs.rows if run["planner"]})
    if len(states) > 1:
        lines.append(
            f"Our runs come from {len(states)} states of the planner ({', '.join(states)}): "
            "do those methods again with --fresh before believing a comparison."
        )
    return "\n".join(lines)


def main() -> None:
    """Print tables and figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=OUT, help="the file of the runs")
    given = parser.parse_args()
    runs = Runs(list(known(given.out).values()))
    text = table(runs)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.with_name("summary.md").write_text(text + "\n", encoding="utf-8")
    write_plot(runs.rows, given.out.with_name("regret.svg"))
    print(text)
    made = figures(runs)
    for figure in made:
        print("PASS" if figure["passed"] else "MISS", figure["asked"], "|", figure["measured"])
    print(json.dumps({"figures": made}))


if __name__ == "__main__":
    main()
