"""The measurement for a GPU machine is ready to run there: it needs little, and says what it is."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import torch

from benchmarks.physics import gpu
from benchmarks.physics.blocks import BLOCKS
from labloop.testing.physics import elsewhere

ROOT = Path(__file__).resolve().parents[2]


def test_it_needs_neither_prefect_nor_a_database():
    """With these and all that only other rooms need blocked, a short run prints one JSON object."""
    code = """
        import sys, warnings
        warnings.simplefilter("ignore")
        for name in (
            "prefect", "sqlmodel", "sqlalchemy", "alembic", "pydantic", "fastapi", "typer",
            "rich", "serial", "skopt", "plotly", "labloop.store", "labloop.lab",
        ):
            sys.modules[name] = None
        import torch
        torch.set_num_threads(1)
        from benchmarks.physics import gpu
        gpu.SIZES, gpu.TIMED = (100, 1000), ("TwoSteps", "held")
        sys.argv = ["gpu", "--seconds", "20", "--rounds", "6"]
        gpu.main()
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout)
    assert told["rounds"]["6"]["cpu"]["solving"]["solves"] > 0
    assert told["batches"]["TwoSteps"]["cpu"]["1000"] > 0
    there = torch.cuda.is_available()
    assert ("agreement" in told) is there
    assert there or told["device"] == "no CUDA device here"


def test_agreement_compares_every_block():
    """Against a device that calculates as the processor does the differences are rounding."""
    with elsewhere() as there:
        found = gpu.agreement(there)
    assert set(found) == set(BLOCKS)
    assert all(max(row.values()) <= 1e-12 for row in found.values())


def test_batches_that_would_take_too_long_are_left_out(monkeypatch):
    """A size is tried only where the one before it promises an end in time."""
    monkeypatch.setattr(gpu, "TIMED", ("function",))
    monkeypatch.setattr(gpu, "batch", lambda *_: gpu.SLOWEST / 5)
    assert list(gpu.batches(["cpu"], float("inf"))["function"]["cpu"]) == ["1000"]
