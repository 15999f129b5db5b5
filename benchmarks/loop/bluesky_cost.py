"""What an experiment of six actions costs in Bluesky's RunEngine, measured on this machine.

Usage: python -m benchmarks.loop.bluesky_cost [--runs 200]

A plan of open_run, six set messages each with its wait, one trigger and read of what was
reached, close_run, on devices in memory that are done at once; no database, no journal and no
instrument: the least that a run can cost there. Bluesky lives in an environment of its own,
``.bench-venv`` beside the benches, where this script puts it if it lacks. Prints one JSON line;
where it cannot be installed, the line says so.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from benchmarks.loop._common import answer, say

HOME = Path(__file__).resolve().parents[2] / ".bench-venv"
PYTHON = HOME / "bin" / "python"

MEASURE = """
import json, statistics, sys, time
import bluesky, bluesky.plan_stubs as bps
from bluesky.run_engine import RunEngine

class Done:
    done = success = True
    def add_callback(self, callback): callback(self)
    def exception(self, timeout=None): return None
    def wait(self, timeout=None): return None

class Axis:
    parent = None
    def __init__(self, name): self.name, self.value = name, 0.0
    def set(self, value): self.value = value; return Done()
    def trigger(self): return Done()
    def read(self): return {self.name: {"value": self.value, "timestamp": time.time()}}
    def describe(self): return {self.name: {"source": "memory", "dtype": "number", "shape": []}}
    def read_configuration(self): return {}
    def describe_configuration(self): return {}

axes = [Axis(f"axis_{i}") for i in range(6)]

def plan():
    yield from bps.open_run()
    for number, axis in enumerate(axes):
        yield from bps.mv(axis, float(number))
    yield from bps.trigger_and_read([axes[0]])
    yield from bps.close_run()

engine = RunEngine({})
taken = []
for _ in range(int(sys.argv[1]) + 1):
    wall, cpu = time.perf_counter(), time.process_time()
    engine(plan())
    taken.append((time.perf_counter() - wall, time.process_time() - cpu))
walls, cpus = zip(*taken[1:])
print(json.dumps({"version": bluesky.__version__, "ms": 1e3 * statistics.median(walls),
                  "cpu_ms": 1e3 * statistics.median(cpus), "n": len(walls)}))
"""


def installed() -> str:
    """Make Bluesky available; return why it is not, or nothing."""
    try:
        if not PYTHON.is_file():
            subprocess.run([sys.executable, "-m", "venv", str(HOME)], check=True)
        probe = subprocess.run([PYTHON, "-c", "import bluesky"], check=False, capture_output=True)
        if probe.returncode == 0:
            return ""
        say("installing bluesky")
        words = [str(PYTHON), "-m", "pip", "install", "-q", "bluesky"]
        subprocess.run(words, check=True, timeout=600, stdout=sys.stderr)
    except (OSError, subprocess.SubprocessError) as error:
        return str(error)
    return ""


def measure(runs: int) -> dict[str, object]:
    """Return the figures, or only a text that says why there are none."""
    why = installed()
    if why:
        return {"text": f"Bluesky could not be installed: {why}"}
    say(f"{runs} runs of Bluesky's engine")
    done = subprocess.run(
        [PYTHON, "-c", MEASURE, str(runs)], check=False, capture_output=True, text=True
    )
    if done.returncode:
        return {"text": f"Bluesky did not run: {done.stderr.strip().splitlines()[-1]}"}
    found: dict[str, object] = json.loads(done.stdout.strip().splitlines()[-1])
    text = f"Bluesky {found['version']} run-per-experiment {found['ms']:.1f} ms without a journal"
    return {"text": text, **found}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=200)
    answer(measure(parser.parse_args().runs))


if __name__ == "__main__":
    main()
