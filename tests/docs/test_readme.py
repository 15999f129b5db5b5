"""What the README shows runs exactly as it is printed."""

import re
from pathlib import Path

import pytest

from labloop.campaign import Campaign, load_campaign, with_overrides
from labloop.records import CampaignState
from labloop.store import open_database
from labloop.testing.physics import assert_physics

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
LAB = """
[lab]
name = "readme"
world = "reaction_robot"
safe_order = ["hotplate_1"]

[devices.hotplate_1]
driver = "ika"
url = "serial://COM3"
"""


def block(word):
    """Return the only block that holds ``word``."""
    found = [text for text in BLOCKS if word in text]
    assert len(found) == 1
    return found[0]


def test_the_brain_finds_the_top():
    """Ten lines, no database, no drivers: the best point is near 0.3."""
    names = {}
    exec(block("brain.tell"), names)  # noqa: S102 - our own page
    assert names["brain"].best().point["x"] == pytest.approx(0.3, abs=0.05)


def test_the_physics_is_sound_in_the_example():
    """The printed model fits the space of the example's campaign, and keeps mass."""
    names = {}
    exec(block("@kinetics"), names)  # noqa: S102 - our own page
    spec = load_campaign(ROOT / "examples" / "flow_snar" / "campaign.py").spec
    assert_physics(names["SNAr"], spec.space)
    assert set(names["SNAr"].outputs) <= {output.name for output in spec.outputs}


def test_the_driver_declares_its_action():
    """The printed class is a driver with one action whose limits are checked."""
    names = {"__name__": "readme_driver"}
    exec(block("class Stirrer"), names)  # noqa: S102 - our own page
    assert list(names["Stirrer"].actions) == ["set_speed"]


def test_a_function_is_a_campaign(tmp_path):
    """The first campaign of the page needs neither lab nor driver, and finds the top at 62."""
    (tmp_path / "first.py").write_text(block("def measure(x)"), encoding="utf-8")
    with open_database(tmp_path / "readme.db") as repositories:
        campaign = Campaign.create(repositories, load_campaign(tmp_path / "first.py"))
        assert campaign.run().state is CampaignState.FINISHED
        assert campaign.snapshot().best_point["temperature"] == pytest.approx(62, abs=1)


def test_the_campaign_runs_in_simulation(tmp_path):
    """The printed campaign file runs on a lab file with one hotplate."""
    (tmp_path / "campaign.py").write_text(block("async def react"), encoding="utf-8")
    (tmp_path / "lab.toml").write_text(LAB, encoding="utf-8")
    definition = with_overrides(load_campaign(tmp_path / "campaign.py"), experiments=3)
    with open_database(tmp_path / "readme.db") as repositories:
        record = Campaign.create(repositories, definition).run()
        assert record.state is CampaignState.FINISHED, record.reason
