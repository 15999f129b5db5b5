"""A hundred campaigns at once in one work pool: do all end, and what does an experiment cost?

Usage: python -m benchmarks.durability.pool [--campaigns 100] [--workers 2] [--limit 4]

Everything is of the bench's own: a PostgreSQL server, a Prefect server, and workers, which are the
very command ``labloop serve --pool``. First one campaign runs alone, then all are asked for at the
same moment. Each notes processor time and wall time at the end of each of its experiments; what is
compared is the median between two ends (commits and the task in Prefect included, the start of
the process not). Prints one JSON line.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from benchmarks.durability.postgres import own_postgres
from benchmarks.loop._common import answer, say
from benchmarks.loop.own_cost import LAB
from benchmarks.trials.ends import own_prefect

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

CAMPAIGN = """
import json, os, time
from labloop import Budget, CampaignSpec, Continuous, Maximize, Scalar, SearchSpace, quantity

MARKS = {marks!r}

async def six(lab, x):
    await lab.pump_a.stop()
    await lab.pump_a.set_rate(quantity(1, "mL/min"))
    await lab.pump_a.start()
    await lab.pump_a.set_rate(quantity(2, "mL/min"))
    await lab.pump_a.stop()
    await lab.pump_a.set_rate(x.rate)
    with open(MARKS, "a") as file:
        file.write(json.dumps([time.process_time(), time.monotonic()]) + "\\n")
    return {{"y": x.rate.magnitude}}

campaign = CampaignSpec({name!r}, SearchSpace(Continuous("rate", 0.5, 5, unit="mL/min")),
    outputs=[Scalar("y")], objective=Maximize("y"), procedure=six, lab="lab.toml",
    strategy="random", budget=Budget(experiments={experiments}))
"""
ENDED = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")


def write(folder: Path, name: str, experiments: int) -> Path:
    """Write a campaign into a folder of its own; return its file."""
    own = folder / name
    own.mkdir()
    (own / "lab.toml").write_text(LAB, encoding="utf-8")
    text = CAMPAIGN.format(marks=str(folder / f"{name}.marks"), name=name, experiments=experiments)
    (own / "campaign.py").write_text(text, encoding="utf-8")
    return own / "campaign.py"


@contextmanager
def serving(files: Sequence[Path], workers: int, limit: int, folder: Path) -> Iterator[None]:
    """Let workers serve the campaigns while the block lasts."""
    words = [sys.executable, "-m", "labloop", "serve", *map(str, files)]
    words += ["--pool", "bench", "--limit", str(limit)]
    started = []
    for number in range(workers):
        with (folder / f"worker-{number}.log").open("wb") as log:
            started.append(
                subprocess.Popen(words, stdout=log, stderr=subprocess.STDOUT, cwd=folder)
            )
    try:
        yield
    finally:
        for worker in started:
            worker.terminate()
        for worker in started:
            worker.wait(timeout=90)


def ask(names: Sequence[str], until: float) -> dict[str, str]:
    """Ask for a run of each campaign, all at once; return name -> how it ended, once all have."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

    with get_client(sync_client=True) as client:
        runs = {}
        for name in names:
            runs[_run_of(client, name, until)] = name
        states: dict[str, str] = {}
        while time.monotonic() < until:
            time.sleep(2.0)
            chosen = FlowRunFilter(id=FlowRunFilterId(any_=list(runs)))
            found = client.read_flow_runs(flow_run_filter=chosen, limit=200)
            states = {runs[run.id]: run.state.type.value for run in found if run.state}
            ended = sum(state in ENDED for state in states.values())
            say(f"{ended} of {len(names)} have ended")
            if ended == len(names):
                break
        return states


def _run_of(client: "SyncPrefectClient", name: str, until: float) -> UUID:
    """Ask for a run; a server that has too much to do is asked again for the very same one."""
    from prefect.exceptions import PrefectHTTPStatusError

    while True:
        try:
            deployment = client.read_deployment_by_name(f"served-campaign/{name}")
            return client.create_flow_run_from_deployment(
                deployment.id, idempotency_key=f"bench-{name}"
            ).id
        except PrefectHTTPStatusError as error:
            if error.response.status_code < 500 or time.monotonic() > until:
                raise
            say(f"the server answers {error.response.status_code}; asked again in 5 s")
            time.sleep(5.0)


def costs(folder: Path, name: str) -> tuple[list[float], list[float]]:
    """Return milliseconds of processor and of wall time between the ends of experiments."""
    marks = folder / f"{name}.marks"
    lines = marks.read_text(encoding="ascii").splitlines() if marks.exists() else []
    # The first experiments warm up: imports, units, prepared statements.
    steps = list(pairwise(json.loads(line) for line in lines[2:]))
    return [1e3 * (b[0] - a[0]) for a, b in steps], [1e3 * (b[1] - a[1]) for a, b in steps]


def measure(campaigns: int, workers: int, limit: int, seconds: float) -> dict[str, object]:
    """Run one campaign alone, then all; return what an experiment cost in each."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pool-")))
        server = stack.enter_context(own_postgres())
        stack.enter_context(own_prefect())
        stack.enter_context(_connected())
        os.environ |= {"LABLOOP_DB": server.url, "LABLOOP_FILES": str(folder / "files")}
        os.environ["OMP_NUM_THREADS"] = "1"
        names = [f"campaign-{n}" for n in range(campaigns)]
        files = [write(folder, name, 40) for name in ["alone", *names]]
        with serving(files, workers, limit, folder):
            _wait_for(["alone", *names])
            begun = time.monotonic()
            ask(["alone"], begun + seconds)
            begun = time.monotonic()
            states = ask(names, begun + seconds)
            taken = time.monotonic() - begun
        one = costs(folder, "alone")
        many = [costs(folder, name) for name in names]
    cpu, wall = ([ms for each in many for ms in each[kind]] for kind in (0, 1))
    return {
        "campaigns": campaigns,
        "completed": sum(state == "COMPLETED" for state in states.values()),
        "at_once": workers * limit,
        "seconds": round(taken, 1),
        "alone_cpu_ms": statistics.median(one[0]),
        "cpu_ms": statistics.median(cpu),
        "ratio": statistics.median(cpu) / statistics.median(one[0]),
        "wall_ratio": statistics.median(wall) / statistics.median(one[1]),
        "experiments": len(cpu),
    }


@contextmanager
def _connected() -> Iterator[None]:
    """Let this process ask the server that was started; without it, Prefect starts one."""
    from labloop_workflows.server.lifecycle import find_or_start
    from labloop_workflows.server.server import connected_to

    with connected_to(find_or_start()):
        yield


def _wait_for(names: Sequence[str]) -> None:
    from prefect.client.orchestration import get_client

    until = time.monotonic() + 300
    with get_client(sync_client=True) as client:
        while time.monotonic() < until:
            found = {row.name for row in client.read_deployments(limit=200)}
            if found >= set(names):
                return
            time.sleep(1.0)
    raise SystemExit("the campaigns were not offered within 300 s")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--campaigns", type=int, default=100)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--limit", type=int, default=4, help="campaigns at once of each worker")
    parser.add_argument("--seconds", type=float, default=3600.0, help="until it is given up")
    given = parser.parse_args()
    answer(measure(given.campaigns, given.workers, given.limit, given.seconds))


if __name__ == "__main__":
    main()
