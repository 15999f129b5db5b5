"""Makes the toys of these tests importable, also for campaign files."""

import sys
from pathlib import Path

import pytest

from labloop.store import open_database

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "support" / "tiny_lab")]


@pytest.fixture
def repositories(tmp_path):
    """Return an open database."""
    with open_database(tmp_path / "x.db") as made:
        yield made
