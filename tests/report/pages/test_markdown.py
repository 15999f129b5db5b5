"""Promise: a page and a log that tell a running campaign to whoever looks from elsewhere."""

import base64
import re
from xml.etree import ElementTree as ET

import pytest

from labloop.records import Alarm, CampaignState, Severity
from labloop.report import AlarmBell, Brief
from labloop.report.data.reading import read_campaign
from labloop.report.pages.svg import picture


def news(store, campaign_id):
    """Return what a look tells of a campaign of which nothing was known before."""
    looked = Brief(store, campaign_id)
    looked._ended, looked._rounds, looked._bell = set(), set(), AlarmBell()
    return [text for _, text in looked.look()]


def test_a_line_for_each_thing_that_happened(written):
    """Rounds with who asked and why, experiments with values and units, alarms: each once."""
    store, campaign_id = written(experiments=12, curves=False)
    told = news(store, campaign_id)
    assert sum(line.startswith("round ") for line in told) == 3
    first = next(line for line in told if line.startswith("experiment 1 "))
    assert re.match(r"experiment 1 done: product yield \S+ %, impurity \S+, throughput", first)
    assert re.search(r"\(at temperature \S+ °C, residence time \S+ min, .*solvent \w+\)$", first)
    failed = next(line for line in told if line.startswith("experiment 7 "))
    assert failed.startswith("experiment 7 failed: pump_a reports a stall")
    assert sum(line.startswith("alarm ") for line in told) == 2


def test_what_comes_in_hundreds_is_folded(written):
    """A simulated lab ends hundreds of experiments between two looks: a line tells them."""
    store, campaign_id = written(experiments=60, curves=False, actions=False)
    told = news(store, campaign_id)
    (many,) = (line for line in told if line.startswith("experiments 1 to "))
    assert re.fullmatch(r"experiments 1 to \d+: \d+ done, \d failed", many)
    assert not any(line.startswith("experiment ") for line in told)


def test_what_was_there_before_is_no_news(written):
    """A campaign that goes on does not tell its past again; nothing is told twice."""
    store, campaign_id = written(experiments=12, curves=False)
    looked = Brief(store, campaign_id)
    assert len(looked.look()) == 1
    assert looked.look() == []
    store.alarms.add(campaign_id, Alarm("drift", "it drifts", Severity.WARNING)).result()
    store.campaigns.set_state(campaign_id, CampaignState.STOPPED, "lunch", "me").result()
    assert [text for _, text in looked.look()] == ["alarm drift: it drifts", "snar: stopped: lunch"]


def test_the_page_tells_where_the_campaign_stands(written):
    """State, question, best with units, picture, alarms, the newest experiments first."""
    store, campaign_id = written(experiments=30)
    looked = Brief(store, campaign_id)
    looked.look()
    page = looked.page(doing="thinking", question="approve experiment 31?", report="[it](x)")
    assert page.startswith("# snar (simulated): ")
    assert "> **Waits for you:** approve experiment 31?" in page
    assert "[it](x)" in page
    assert re.search(r"## Best so far: experiment \d+", page)
    assert re.search(r"\| temperature \| \S+ \| °C \|", page)
    assert "| no. | state | product yield (%) |" in page
    numbers = [int(n) for n in re.findall(r"^\| (\d+) \| (?:done|failed)", page, re.MULTILINE)]
    assert numbers == list(range(30, 10, -1))
    assert "and 10 before them" in page
    assert page.count("- physics-wrong") == 1
    encoded = re.search(r"data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)\)", page)[1]
    assert ET.fromstring(base64.b64decode(encoded)).tag.endswith("svg")  # noqa: S314 - our own


def test_what_anybody_wrote_is_shown_as_it_is(written):
    """Words of a person or an instrument become neither a tag nor a link nor another line."""
    store, campaign_id = written(experiments=12, curves=False)
    evil = "<img src=x onerror=alert(1)> [here](http://evil.example) | x\n# big"
    store.alarms.add(campaign_id, Alarm("odd", evil, Severity.WARNING)).result()
    looked = Brief(store, campaign_id)
    looked.look()
    page = looked.page(question=evil)
    assert "<img" not in page.replace(r"\<img", "")
    assert "](http://evil" not in page.replace(r"\](http://evil", "")
    assert "\n# big" not in page


def test_what_needs_a_person_stands_first(written):
    """A critical alarm that nobody acknowledged is the first thing under the name."""
    store, campaign_id = written(experiments=12, curves=False)
    alarm = Alarm("not-safe", "the heater is NOT known to be safe", Severity.CRITICAL)
    store.alarms.add(campaign_id, alarm).result()
    looked = Brief(store, campaign_id)
    looked.look()
    lines = [line for line in looked.page().splitlines() if line]
    assert lines[1].startswith("> **LOOK AT THE LAB: the heater is NOT known to be safe**")


@pytest.mark.parametrize("aims", [1, 2, 3])
def test_the_picture_shows_every_result(written, aims):
    """One aim: a staircase over the experiments; several: the first against the second."""
    store, campaign_id = written(experiments=30, aims=aims, curves=False)
    data = read_campaign(store, campaign_id)
    drawn = ET.fromstring(picture(data))  # noqa: S314 - our own
    marks = [e for e in drawn.iter() if e.tag.endswith("circle")]
    assert len(marks) == len(data.ranked)
    assert all("class" in mark.attrib for mark in marks)


def test_a_campaign_without_results_has_no_picture(written):
    """Nothing is drawn where nothing was measured; the page is there all the same."""
    store, campaign_id = written(experiments=0)
    assert picture(read_campaign(store, campaign_id)) is None
    looked = Brief(store, campaign_id)
    looked.look()
    assert "data:image" not in looked.page()


def test_outputs_are_read_once(written, monkeypatch):
    """Later looks read only what has ended since, so that curves are not read again and again."""
    store, campaign_id = written(experiments=12)
    looked = Brief(store, campaign_id)
    looked.look()
    page = looked.page()
    read = []
    monkeypatch.setattr(type(store.experiments), "outputs", lambda *_: read.append(1))
    looked.look()
    assert read == []
    assert looked.page() == page
