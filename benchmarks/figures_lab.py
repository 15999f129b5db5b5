"""A shared lab: orders, stock and samples. Asked, measured, n, command, PASS or MISS.

Usage: python -m benchmarks.figures_lab [--only NAME ...] [--fresh] [--write]

How figures are kept and shown: ``benchmarks/figures.py``.
"""

import sys
from collections.abc import Callable

from benchmarks.figures import Benches, Figure, main, module

SEEDS = 10
RACERS, RESERVATIONS = 8, 5000
STEPS = 10_000


def job_shops() -> list[Figure]:
    found, command = module("benchmarks.schedule.job_shops")
    shops = found["instances"]
    told = ", ".join(f"{n} {each['planned']:g} ({each['best']:g})" for n, each in shops.items())
    worst, longest, n = found["worst"], found["longest"], len(shops)
    asked = "public job shops ft06, ft10, la01-la10: at most 1.05 x the best known makespan"
    measured = f"worst {worst:.3f} x; {told}"
    quick = "a plan of such a shop in under a second (processor time)"
    return [
        Figure("job-shops", asked, measured, n, command, worst <= 1.05),
        Figure("plan-time", quick, f"at most {longest:.2f} s", n, command, longest < 1.0),
    ]


def two_ovens(seeds: int = SEEDS) -> list[Figure]:
    found, command = module("benchmarks.schedule.orders", "--seeds", seeds)
    asked = (
        "two ovens, one arm, one HPLC: the planned order at least 15 % shorter than first come, "
        "first served, by real procedures in the simulated lab"
    )
    measured = (
        f"{100 * found['shorter']:.1f} % (least {100 * found['least']:.1f} %); against the lab's "
        f"own queue {100 * found['shorter_than_queue']:.1f} %; no order at all is shorter by more "
        f"than {100 * found['possible']:.1f} %"
    )
    quick = f"{found['longest_plan']:.2f} s at most, {found['replans']} plans"
    passed = found["shorter"] >= 0.15 and found["seeds"] >= SEEDS
    return [
        Figure("two-ovens", asked, measured, found["seeds"], command, passed),
        Figure(
            "replanned",
            "planned anew in under a second of wall time",
            quick,
            found["replans"],
            command,
            found["longest_plan"] < 1.0,
        ),
    ]


def forecasts(lab: str) -> Callable[[], list[Figure]]:
    def bench() -> list[Figure]:
        found, command = module("benchmarks.schedule.forecast_coverage", "--lab", lab)
        n = found["runs"]
        made = []
        for when, words in (
            ("before", "before the run, by a lab file that knows of the noise"),
            ("half", "at the half, by one that learns it from what is stored"),
        ):
            each = found[when]
            asked = (
                f"forecast of {lab} with actions that take longer by chance, a third on average, "
                f"{words}: end within 10 % in 90 % of 50"
            )
            measured = (
                f"{each['near']} of {n} (worst {100 * each['worst']:.1f} %); {each['inside']} "
                f"within the interval of 90 %, {100 * each['width']:.0f} % wide"
            )
            passed = each["near"] >= 0.9 * n and each["inside"] >= 0.85 * n and n >= 50
            made.append(Figure(f"forecast-{lab}-{when}", asked, measured, n, command, passed))
        return made

    return bench


def stock() -> list[Figure]:
    found, command = module("benchmarks.things.stock", RACERS, RESERVATIONS)
    asked = f"{RACERS} processes x {RESERVATIONS} reservations, one killed: 0 overdrawn (SQLite)"
    bad = found["overdrawn"] or found["lost"] or found["lots_that_differ_from_their_ledger"]
    measured = f"{found['overdrawn']} overdrawn, {found['lost']} lost"
    return [Figure("stock", asked, measured, RACERS * RESERVATIONS, command, not bad)]


def samples() -> list[Figure]:
    found, command = module("benchmarks.things.samples", STEPS)
    asked = f"{STEPS} sample steps with crashes: each in one place or one open question"
    measured = f"{found['faults']} faults"
    return [Figure("samples", asked, measured, found["steps"], command, found["steps"] >= STEPS)]


FIGURES: Benches = {
    "job-shops": job_shops,
    "two-ovens": two_ovens,
    "forecast-two-ovens": forecasts("two_ovens"),
    "forecast-flow-snar": forecasts("flow_snar"),
    "forecast-direct-arylation": forecasts("direct_arylation"),
    "stock": stock,
    "samples": samples,
}


if __name__ == "__main__":
    sys.exit(main(FIGURES, "figures-lab"))
