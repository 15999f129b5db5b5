"""What Prefect alone costs where labloop uses it: two task runs, one after the other.

Usage: python -m benchmarks.loop.prefect_alone [--pairs 201]

A flow in this process on a server of its own, and nothing of labloop in it: tasks with the
same options wait for a future each, as those of a round and of an experiment do. What a pair
costs is the part of "own cost through Prefect" that only Prefect could make less.
Prints one JSON line.
"""

import argparse
import os
import statistics
import tempfile
import time
from concurrent.futures import Future
from itertools import pairwise
from pathlib import Path

from benchmarks.loop._common import answer, own_prefect, say

WAITED_FOR: dict[int, "Future[None]"] = {}
PAUSE_SECONDS = 0.01
"""Between two pairs, as an experiment takes: events are sent meanwhile."""


def measure(pairs: int) -> dict[str, object]:
    """Run ``pairs`` of tasks and return medians."""
    # Ours first: it sets Prefect's settings before Prefect is imported.
    from labloop_workflows.server.lifecycle import find_or_start  # isort: skip
    from labloop_workflows.server.server import connected_to  # isort: skip
    from prefect import flow, task
    from prefect.cache_policies import NO_CACHE
    from prefect.task_runners import ThreadPoolTaskRunner

    @task(task_run_name="wait-{number}", retries=0, persist_result=False, cache_policy=NO_CACHE)
    def wait(number: int) -> None:
        WAITED_FOR.pop(number).result()

    walls: list[float] = []
    cpus: list[float] = [time.process_time()]

    def one(number: int) -> None:
        ended: Future[None] = Future()
        WAITED_FOR[number] = ended
        shown = wait.submit(number)
        ended.set_result(None)
        shown.wait()

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=64))  # type: ignore[arg-type]
    def body() -> None:
        for pair in range(pairs):
            began = time.perf_counter()
            one(2 * pair)
            one(2 * pair + 1)
            walls.append(time.perf_counter() - began)
            time.sleep(PAUSE_SECONDS)
            cpus.append(time.process_time())

    with connected_to(find_or_start()):
        body()
    return {
        "n": pairs,
        "wall_ms": 1e3 * statistics.median(walls[1:]),
        "cpu_ms": 1e3 * statistics.median(b - a for a, b in pairwise(cpus[2:])),
        "load": os.getloadavg()[0],
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pairs", type=int, default=202)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, own_prefect(Path(folder)):
        say(f"{given.pairs} pairs of task runs")
        answer(measure(given.pairs))


if __name__ == "__main__":
    main()
