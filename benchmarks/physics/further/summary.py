"""What the runs in the further labs show, by what was asked beforehand.

Usage: python -m benchmarks.physics.further.summary [--within N] [--out FILE]

Prints a table a lab and, as the last line, the figures as JSON. A figure passes only where all
four labs of its group have runs, and those of peers only where all peers have; how many there are
stands beside it.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.physics.further.labs import FURTHER
from benchmarks.physics.methods import FAULTY, GOOD, METHODS, MISMATCHED, MOST, PEERS, PLAIN
from benchmarks.physics.run import OUT, known
from benchmarks.physics.summary import COUNTED, EARLY, GROUPS, Runs, alarmed, ratios

_LABS_OF_A_GROUP = 4
_AT = ("10", "25")
_CAMPAIGNS_FOR_3_PERCENT = 34
"""Among fewer a single false alarm is more than 3 %, so that none proves little."""
Figure = dict[str, Any]


def _figure(asked: str, measured: str, n: int, passed: bool) -> Figure:
    return {"asked": asked, "measured": measured, "n": n, "passed": bool(passed)}


def faster(runs: Runs, group: str) -> list[Figure]:
    """Return how many times fewer experiments physics needs than the best peer."""
    found = []
    peers = [peer for peer in PEERS if runs.labs(group, peer)]
    for method, least in ((GOOD, 4.0), (MISMATCHED, 3.0)):
        labs = runs.labs(group, method, *peers) if peers else []
        if not labs:
            continue
        random = np.random.default_rng(0)
        each = {lab: ratios(runs, lab, random, method, peers) for lab in labs}
        mean = float(np.exp(np.mean([np.log(r) for r, _, _ in each.values()])))
        low, high = np.quantile(
            np.exp(np.mean([np.log(draws) for _, draws, _ in each.values()], axis=0)), [0.05, 0.95]
        )
        told = ", ".join(f"{lab} {r:.2f} ({peer})" for lab, (r, _, peer) in each.items())
        lowest = min(r for r, _, _ in each.values())
        found.append(
            _figure(
                f"{group}: {method}, experiments to 95 %, best peer of {', '.join(peers)} "
                "/ ours: geometric mean at "
                f"least {least:g}, no lab below 2",
                f"{mean:.2f} [{low:.2f}, {high:.2f}]; {told}",
                sum(len(runs.seeds(lab, method, *peers)) for lab in labs),
                mean >= least
                and lowest >= 2.0
                and len(labs) == _LABS_OF_A_GROUP
                and len(peers) == len(PEERS),
            )
        )
    return found


def harmless(runs: Runs, group: str) -> list[Figure]:
    """Return what each kind of wrong physics costs against none."""
    labs = runs.labs(group, PLAIN, *FAULTY)
    if not labs:
        return []
    ratio: dict[str, list[float]] = {method: [] for method in FAULTY}
    medians, gaps, n = [], [], 0
    for lab in labs:
        seeds = runs.seeds(lab, PLAIN, *FAULTY)
        plain = runs.hits(lab, PLAIN, seeds)
        worst = float(runs.after(lab, PLAIN).min())
        shares = []
        for method in FAULTY:
            wrong = runs.hits(lab, method, seeds)
            ratio[method].append(float(wrong.mean() / plain.mean()))
            shares += list(wrong / plain)
            gaps.append(worst - float(runs.after(lab, method).min()))
            n += len(seeds)
        medians.append(float(np.median(shares)))
    mean = float(np.mean([r for of in ratio.values() for r in of]))
    told = ", ".join(f"{m.removeprefix('physics-')} {np.mean(r):.2f}" for m, r in ratio.items())
    each = ", ".join(f"{lab} {median:.2f}" for lab, median in zip(labs, medians, strict=True))
    whole = len(labs) == _LABS_OF_A_GROUP
    return [
        _figure(
            f"{group}: wrong physics of five kinds, mean experiments at most 1.05 x none, no lab "
            "above 1.10 (median of pairs)",
            f"{mean:.2f} ({told}); medians {each}",
            n,
            mean <= 1.05 and max(medians) <= 1.10 and whole,
        ),
        _figure(
            f"{group}: wrong physics, score after 30: none worse than the worst without physics "
            "by more than 0.05",
            f"{max(gaps):+.3f} worse",
            n,
            max(gaps) <= 0.05 and whole,
        ),
    ]


def coverage(runs: Runs, group: str) -> list[Figure]:
    """Return the share of held-out results in the intervals, everywhere and in the top tenth."""
    found = []
    for method in (MISMATCHED, PLAIN):
        told, shares, n = [], [], 0
        for lab in runs.labs(group, method):
            rows = [r for r in runs.of(lab, method) if "top" in r["coverage"].get(_AT[0], {})]
            if not rows:
                continue
            n += len(rows)
            parts = []
            for at in _AT:
                kept = [r["coverage"][at] for r in rows if at in r["coverage"]]
                share, top = (np.mean([c[key] for c in kept]) for key in ("share", "top"))
                score = np.mean([c["log score"] for c in kept])
                shares += [float(share), float(top)]
                parts.append(f"{share:.2f} (top {top:.2f}, log score {score:.2f})")
            told.append(f"{lab} {' / '.join(parts)}")
        if n:
            passed = all(0.85 <= share <= 0.95 for share in shares)
            asked = f"{group}: {method}, nominal 90 % intervals cover 0.85-0.95 at n = 10 / 25"
            asked += " and in the top tenth, in every lab"
            found.append(_figure(asked, "; ".join(told), n, passed))
    return found


def alarms(runs: Runs, group: str) -> list[Figure]:
    """Return how often an alarm says that physics is wrong, where it is and where it is not."""

    def rows(*methods: str) -> list[Any]:
        names = {name for name, lab in FURTHER.items() if lab.group == group}
        return [r for r in runs.every if r["lab"] in names and r["method"] in methods]

    # A run that ended at the target before so many results does not tell.
    wrong = [run for run in rows(*FAULTY) if len(run["trace"]) >= EARLY]
    good, slight = rows(GOOD), rows(MISMATCHED)
    if not (wrong and good and slight):
        return []
    rang, falsely = alarmed(wrong, EARLY), alarmed(good, MOST)
    counts = [sum(kind in COUNTED for kind, _ in run.get("told", run["alarms"])) for run in slight]
    return [
        _figure(
            f"{group}: alarms within {EARLY} of wrong physics in 90 %, of good physics ever in "
            "less than 3 %, of mismatched at most two a campaign",
            f"{100 * rang:.0f} %, {100 * falsely:.0f} %, median {np.median(counts):g} "
            f"(most {max(counts)}), of which people are told",
            len(wrong) + len(good) + len(slight),
            rang >= 0.9
            and falsely < 0.03
            and max(counts) <= 2
            and len(good) >= _CAMPAIGNS_FOR_3_PERCENT,
        )
    ]


def table(runs: Runs) -> str:
    """Return a Markdown table a lab."""
    lines = []
    for name, lab in FURTHER.items():
        lines += [f"### {lab.number}. {name} ({lab.group}): {lab.kind}", ""]
        lines += ["| method | runs | mean to 95 % | median | missed | median score@30 | worst |"]
        lines += ["|---|---|---|---|---|---|---|"]
        for method in METHODS:
            if not runs.of(name, method):
                continue
            hits, after = runs.hits(name, method), runs.after(name, method)
            lines.append(
                f"| {method} | {len(hits)} | {hits.mean():.1f} | {np.median(hits):g} | "
                f"{int((hits > runs.most).sum())} | {np.median(after):.3f} | {after.min():.3f} |"
            )
        lines.append("")
    return "\n".join(lines)


def figures(runs: Runs, groups: Sequence[str] = GROUPS) -> list[Figure]:
    """Return every figure that the runs suffice for."""
    found = []
    # Of runs that ended at the target those that needed long would be left to tell of intervals.
    whole = runs.most == MOST
    for group in groups:
        for make in (faster, harmless, *((coverage,) if whole else ()), alarms):
            found += make(runs, group)
    return found


def main() -> None:
    """Print tables and figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=OUT, help="the file of the runs")
    parser.add_argument("--within", type=int, help="experiments that count; runs may have ended")
    given = parser.parse_args()
    runs = Runs(list(known(given.out).values()), FURTHER, given.within)
    print(table(runs))
    made = figures(runs)
    for figure in made:
        told = f"{figure['asked']} | {figure['measured']} | n = {figure['n']}"
        print("PASS" if figure["passed"] else "MISS", told)
    print(json.dumps({"figures": made}))


if __name__ == "__main__":
    main()
