"""Hosts that run in a thread of the test, over toys."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "lab"))
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(autouse=True)
def _hosts(tmp_path, monkeypatch):
    """No test finds a host of this machine's user."""
    monkeypatch.setenv("LABLOOP_HOSTS", str(tmp_path / "hosts"))
