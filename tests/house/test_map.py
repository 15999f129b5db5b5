"""Promise: the map of the house is the house."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXPLANATION = ROOT / "docs" / "explanation"
MAP = (EXPLANATION / "map.md").read_text(encoding="utf-8")
SECTION = re.compile(r"^## (The way of one \w+)\n(.*?)(?=^## )", re.DOTALL | re.MULTILINE)
WALKS = {
    title: re.findall(r"^\| `([^`]+)`", text, re.MULTILINE) for title, text in SECTION.findall(MAP)
}
WALKED = r"""
import json, sys, threading
from pathlib import Path

root = Path(sys.argv[1])
seen = set()

def called(frame, event, argument):
    seen.add(frame.f_code.co_filename)

from labloop.campaign import Campaign, load_campaign, with_overrides
from labloop.records import Dataset, Observation
from labloop.store import open_database

definition = with_overrides(load_campaign(root / "examples/flow_snar/campaign.py"), experiments=1)
threading.settrace(called)
sys.settrace(called)
with open_database(Path(sys.argv[2]) / "x.db") as repositories:
    Campaign.create(repositories, definition).run()
spec = definition.spec
points = spec.space.sample(6, seed=1)
rows = [
    Observation(str(i), point, {output.name: 40.0 + 5.0 * i for output in spec.outputs})
    for i, point in enumerate(points)
]
spec.resolve().propose(spec.space, spec.objectives, Dataset(tuple(rows)), (), 1, 7)
sys.settrace(None)
threading.settrace(None)
print(json.dumps(sorted(seen)))
"""


def located(name):
    """Return the path of a file as the walks write it."""
    places = (ROOT / house / name for house in ("labloop", "devices", "simulators", "workflows"))
    return next((place for place in places if place.is_file()), ROOT / name)


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """Run one experiment and ask for one proposal; return every file that took part."""
    done = subprocess.run(
        [sys.executable, "-c", WALKED, str(ROOT), str(tmp_path_factory.mktemp("walk"))],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return {Path(name).resolve() for name in json.loads(done.stdout.splitlines()[-1])}


@pytest.mark.parametrize("walk", ["The way of one experiment", "The way of one proposal"])
def test_every_file_of_a_walk_is_on_the_way(walk, executed):
    """Each file is named once, and what it decides was asked when it was tried."""
    names = WALKS[walk]
    assert len(names) > 30
    assert sorted(name for name in names if names.count(name) > 1) == []
    assert [name for name in names if located(name).resolve() not in executed] == []


def test_the_maps_are_what_the_code_says():
    """Whoever adds, moves or renames a file writes the maps anew: tools/house_map.py."""
    command = [sys.executable, str(ROOT / "tools" / "house_map.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_picture_has_every_room_and_wing():
    """The drawing at the top of the architecture is redrawn where a wing comes or goes."""
    page = (EXPLANATION / "architecture.md").read_text(encoding="utf-8")
    picture = set(re.findall(r"\w+", page.split("```")[1]))
    house = ROOT / "labloop"
    rooms = [p for p in house.iterdir() if (p / "__init__.py").is_file() and p.name != "examples"]
    wings = [p.parent for room in rooms for p in room.glob("*/__init__.py")]
    names = {path.name for path in [*rooms, *wings]} - {"migrations"}
    assert sorted(names - picture) == []


def test_the_architecture_has_every_entry_point_and_extra():
    """What a package can plug into and what can be installed is told completely."""
    page = (EXPLANATION / "architecture.md").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = {f"`{group}`" for group in project["entry-points"]}
    wanted |= {f"`[{extra}]`" for extra in project["optional-dependencies"]}
    assert sorted(name for name in wanted if name not in page) == []
