"""Public job shops, ordered by the solver: makespans beside the best that are known.

Usage: python -m benchmarks.schedule.job_shops [--effort SECONDS]
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.loop._common import answer, say
from labloop.scheduling import Job, Problem, Resource, Use, first_come, optimised

INSTANCES = Path(__file__).parents[1] / "data" / "job_shop.txt"


def instances() -> Iterator[tuple[str, float, Problem]]:
    """Yield name, best known makespan and problem of each instance."""
    lines = INSTANCES.read_text(encoding="utf-8").splitlines()
    rows = iter([line.split() for line in lines if not line.startswith("#")])
    for name, jobs, machines, best in rows:
        made = []
        for number in range(int(jobs)):
            row, begin, uses = next(rows), 0, []
            for machine, seconds in zip(row[::2], row[1::2], strict=True):
                uses.append(Use(machine, begin, begin + int(seconds)))
                begin += int(seconds)
            made.append(Job(f"job {number}", uses))
        yield name, float(best), Problem([Resource(str(m)) for m in range(int(machines))], made)


def main() -> None:
    """Order every instance and print what came of it as one line of JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--effort", type=float, help="deterministic seconds of the solver")
    given = parser.parse_args()
    found: dict[str, dict[str, float]] = {}
    for name, best, problem in instances():
        came = first_come(problem)
        began = time.process_time()
        planned = (
            optimised(problem) if given.effort is None else optimised(problem, effort=given.effort)
        )
        found[name] = {
            "best": best,
            "planned": planned.makespan,
            "first_come": came.makespan,
            "seconds": time.process_time() - began,
        }
        say(f"{name} {found[name]}")
    answer(
        {
            "instances": found,
            "worst": max(each["planned"] / each["best"] for each in found.values()),
            "longest": max(each["seconds"] for each in found.values()),
        }
    )


if __name__ == "__main__":
    main()
