"""What the kept runs on wide boxes say of ours beside each peer: regret at the end, and CPU time.

Only problems that no setting was chosen by count, and of these the seeds that both have.
"""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

import numpy as np

from benchmarks.figures import Figure, module
from benchmarks.wide.problems import wide_problems

OURS, SLOW = "labloop", "saasbo"
PEERS = ("scaled", "turbo", SLOW)
PROBLEMS, SEEDS = 6, 3
"""Below so many problems, or seeds of one, a figure is missed whatever it says."""
TENTH = 0.1
_LEAST = 1e-6
"""A regret below it is as good as none."""

Runs = Mapping[str, Mapping[str, Sequence[dict[str, Any]]]]


def wide() -> list[Figure]:
    """Return ours beside each peer, of the runs that are kept with the code."""
    found, command = module("benchmarks.wide.run", "--read", "--seeds", 20)
    return figures(found, command)


def figures(found: Runs, command: str) -> list[Figure]:
    """Return the figures of problem -> method -> runs."""
    ratios = {peer: _ratios(found, peer, _regret) for peer in PEERS}
    told = "; ".join(_told(peer, each) for peer, each in ratios.items())
    whole = all(
        len(each) >= PROBLEMS and min(len(logs) for logs in each.values()) >= SEEDS
        for each in ratios.values()
    )
    level = all(each and _mean(each) <= 1.0 for each in ratios.values())
    n = sum(len(logs) for each in ratios.values() for logs in each.values())
    slow = _ratios(found, SLOW, _seconds)
    pairs = sum(len(logs) for logs in slow.values())
    share = _mean(slow) if slow else float("nan")
    return [
        Figure(
            "wide-regret",
            "20 to 50 parameters, 60 experiments: regret at most that of TuRBO, of SAASBO and of "
            "scaled priors, geometric means of ratios over six problems",
            told,
            n,
            command,
            whole and level,
        ),
        Figure(
            "wide-time",
            f"20 to 50 parameters: at most {TENTH:g} x the CPU time of SAASBO",
            f"{share:.3f}",
            pairs,
            command,
            share <= TENTH,
        ),
    ]


def _ratios(found: Runs, peer: str, of: Any) -> dict[str, list[float]]:
    """Return problem -> logarithms of ours over the peer's, a seed each."""
    problems, made = wide_problems(), {}
    for name, methods in found.items():
        ours, theirs = (
            {run["seed"]: of(run) for run in methods.get(method, ())} for method in (OURS, peer)
        )
        common = sorted(ours.keys() & theirs.keys())
        if common and not problems[name].tuned:
            made[name] = [float(np.log(ours[s] / theirs[s])) for s in common]
    return made


def _regret(run: dict[str, Any]) -> float:
    return max(float(run["trace"][-1]), _LEAST)


def _seconds(run: dict[str, Any]) -> float:
    return float(run["seconds"])


def _mean(each: Mapping[str, Sequence[float]]) -> float:
    return float(np.exp(np.mean([np.mean(logs) for logs in each.values()])))


def _told(peer: str, each: Mapping[str, Sequence[float]]) -> str:
    if not each:
        return f"{peer} not measured"
    by_problem = ", ".join(f"{p} {np.exp(median(logs)):.2f}" for p, logs in each.items())
    return f"{_mean(each):.2f} x {peer} ({by_problem})"
