"""Promise: tests stand where the code stands."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"
ROOMS = {
    "adapters": ROOT / "adapters" / "labloop_adapters",
    "devices": ROOT / "devices" / "labloop_devices",
    "kit": ROOT / "simulators" / "labloop_simulators" / "kit",
    "worlds": ROOT / "simulators" / "labloop_simulators" / "worlds",
    "workflows": ROOT / "workflows" / "labloop_workflows",
}
"""Folders of tests whose room is not a room of labloop."""
GATHERED = {"devices/field": ROOT / "simulators" / "labloop_simulators" / "instruments"}
"""Folders of tests that are gathered by what they have in common: here emulators that drivers of
other libraries speak to, beside the drivers that we ship."""
OF_THE_PROJECT = {"benchmarks", "docs", "house", "support", "tools"}
"""What is tested beside the rooms."""


def folders():
    """Yield every folder of tests with the path of what it tests."""
    for room in sorted(p for p in TESTS.iterdir() if p.is_dir() and p.name != "__pycache__"):
        if room.name in OF_THE_PROJECT:
            continue
        home = ROOMS.get(room.name, ROOT / "labloop" / room.name)
        yield room, home
        for wing in sorted(room.rglob("*")):
            if wing.is_dir() and any(wing.glob("test_*.py")):
                gathered = GATHERED.get(wing.relative_to(TESTS).as_posix())
                yield wing, gathered or home / wing.relative_to(room)


FOLDERS = list(folders())


@pytest.mark.parametrize(
    ("tests", "home"), FOLDERS, ids=[str(tests.relative_to(TESTS)) for tests, _ in FOLDERS]
)
def test_a_folder_of_tests_is_named_by_a_room_or_a_wing_that_exists(tests, home):
    """Whoever moves a wing moves its tests."""
    assert home.is_dir() or home.with_suffix(".py").is_file(), (
        f"{tests.relative_to(ROOT)} tests {home.relative_to(ROOT)}, which is not there"
    )


def test_every_room_of_labloop_has_tests():
    """A new room begins with its first test."""
    rooms = {p.name for p in (ROOT / "labloop").iterdir() if (p / "__init__.py").is_file()}
    tested = {p.name for p in TESTS.iterdir() if p.is_dir()}
    assert rooms - tested - {"examples", "testing"} == set()
