"""The page is one file that needs nothing else, whatever the database holds."""

import re
from html.parser import HTMLParser

import pytest

from labloop.errors import NotFoundError
from labloop.records import Alarm, Severity
from labloop.report import write_report

EVERY_PART = (
    "alarms",
    "convergence",
    "conditions",
    "model",
    "calibration",
    "physics",
    "uncertainty",
    "curve-1",
    "timeline",
    "experiments",
    "provenance",
)


class _Outline(HTMLParser):
    """Checks that tags close in order and gathers ids, classes and links."""

    VOID = frozenset({"meta", "br", "hr"})

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.open, self.ids, self.targets, self.tags, self.texts = [], [], [], [], []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        found = dict(attrs)
        self.ids += [found["id"]] if "id" in found else []
        self.targets += [found[k] for k in ("href", "src", "action", "data") if k in found]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


@pytest.fixture
def page(written, tmp_path):
    """Return the outline and text of the report of a story."""

    def make(**story):
        store, campaign_id = written(**story)
        path = write_report(store, campaign_id, tmp_path / "out" / "report.html")
        text = path.read_text(encoding="utf-8")
        return _Outline(text), text

    return make


def test_the_page_shows_every_part(page):
    """A campaign with models, physics and curves fills all parts, in a page of sensible size."""
    outline, text = page(experiments=30)
    assert [name for name in EVERY_PART if name not in outline.ids] == []
    assert 50_000 < len(text.encode()) < 6_000_000
    assert "absent" not in outline.ids


def test_the_page_needs_no_network(page):
    """Nothing points out of the file: no link, picture, script or style from elsewhere."""
    outline, text = page(experiments=30)
    assert outline.targets
    assert all(target.startswith("#") for target in outline.targets)
    assert re.search(r"url\(|@import|https?://|//cdn", text) is None


def test_every_plot_is_labelled_for_a_screen_reader(page):
    """Each drawing says in words what it shows."""
    _, text = page(experiments=12)
    drawings = re.findall(r"<svg[^>]*>", text)
    assert drawings
    assert all(re.search(r'aria-label="[^"]+"', drawing) for drawing in drawings)


def test_hostile_names_stay_text(page):
    """A campaign named like a script adds no element and is shown letter by letter."""
    plain, _ = page(experiments=12)
    evil = '<script>alert("1")</script>'
    outline, text = page(experiments=12, name=evil)
    assert evil not in text
    assert outline.tags == plain.tags
    assert evil in outline.texts


def test_hostile_alarms_stay_text(written, tmp_path):
    """What a strategy or a plug-in writes into an alarm cannot become a tag."""
    store, campaign_id = written(experiments=4)
    alarm = Alarm("<img src=x>", "</p><script>alert(1)</script>")
    store.alarms.add(campaign_id, alarm).result(timeout=30)
    text = write_report(store, campaign_id, tmp_path / "r.html").read_text(encoding="utf-8")
    assert "<img" not in text
    assert text.count("<script>") == 1


def test_an_alarm_of_every_round_is_one_with_its_count(written, tmp_path):
    """Raised again and again it is one doubt; the tile above counts as many; open ones lead."""
    store, campaign_id = written(experiments=12)
    for _ in range(20):
        alarm = Alarm("physics-wrong", "k does not fit", data={"parameter": "k"})
        store.alarms.add(campaign_id, alarm, round_index=2).result(timeout=30)
    critical = Alarm("unsafe", "the heater is on", Severity.CRITICAL)
    store.alarms.add(campaign_id, critical).result(timeout=30)
    store.alarms.add(campaign_id, Alarm("late", "a word")).result(timeout=30)
    text = write_report(store, campaign_id, tmp_path / "r.html").read_text(encoding="utf-8")
    assert text.count("k does not fit") == 1
    listed = text[text.index('<ul class="alarms">') :]
    listed = listed[: listed.index("</ul>")]
    assert f"{listed.count('<li>')} alarms" in text
    assert f"<b>{listed.count('<li>')}</b><span>alarms" in text
    assert listed.index("waits for a person") < listed.index("a word")
    assert "raised 20 times" in listed or "20 times from round" in listed


def test_the_same_records_give_the_same_bytes(written, tmp_path):
    """A report holds no clock: written twice it is the same file."""
    store, campaign_id = written(experiments=8)
    first = write_report(store, campaign_id, tmp_path / "a.html").read_bytes()
    assert write_report(store, campaign_id, tmp_path / "b.html").read_bytes() == first


@pytest.mark.parametrize("story", [{"experiments": 0}, {"experiments": 1, "curves": False}])
def test_what_does_not_exist_yet_is_said_in_a_sentence(page, story):
    """A young campaign has a page that says what is missing and why."""
    outline, text = page(**story)
    assert "absent" in outline.ids
    assert "No round has left slices of a model" in text
    assert "None was raised." in text


def test_a_campaign_without_models_or_actions_has_a_page(page):
    """A person's own experiments, without lab or brain, are shown as well."""
    outline, text = page(experiments=12, models=False, actions=False)
    assert "timeline" not in outline.ids
    assert "convergence" in outline.ids
    assert "No device was asked to do anything yet." in text


def test_several_aims_show_the_trade_off(page):
    """With two aims there is a front and its volume in the place of one staircase."""
    outline, text = page(experiments=20, aims=2)
    assert "Trade-off between the aims" in text
    assert "on-front" in text
    assert any("hypervolume" in words for words in outline.texts)


def test_units_and_coverage_are_printed(page):
    """Axis titles carry units; the share of kept predictions is told in figures."""
    outline, _ = page(experiments=30)
    texts = set(outline.texts)
    assert {"temperature (°C)", "product yield (%)", "throughput (g/h)"} <= texts
    assert any(re.match(r"\d+ of \d+ \(\d+ %\) lie inside", words) for words in texts)


def test_what_the_physics_is_missing_is_drawn_where_it_matters(page):
    """A line over a number, bars over names, nothing for a term that no output shows."""
    _, text = page(experiments=30)
    assert 'aria-label="rate constant along residence time"' in text
    assert 'aria-label="activation energy along solvent"' in text
    assert "along equivalents" not in text
    assert text.count('class="believed"') == 2
    assert "highest for ethanol (52 kJ/mol) and lowest for DMF (41)" in text


def test_competing_physics_have_their_weights(page):
    """Which physics the data lean to stands beside the weight of every model."""
    outline, text = page(experiments=30)
    assert "Weight of each competing physics" in outline.texts
    assert "The data lean to" in text


def test_the_uncertainty_of_the_last_proposals_is_split(page):
    """One bar a proposal, the newest first, with its parts for a screen reader."""
    _, text = page(experiments=30)
    found = re.findall(r'aria-label="(experiment \d+): noise of a repeat (\d+) %', text)
    assert [name for name, _ in found] == [f"experiment {n}" for n in (30, 29, 28, 27)] + [
        f"experiment {n}" for n in range(26, 22, -1)
    ]


def test_every_experiment_has_a_row_and_failures_their_reason(page):
    """The table lists each experiment once, also those that gave no result."""
    _, text = page(experiments=30)
    assert len(re.findall(r'<tr data-e="\d+"', text)) == 30
    assert text.count('<td class="remark">pump_a reports a stall; check the tubing</td>') == 3


def test_an_unknown_campaign_writes_no_file(written, tmp_path):
    """Nothing is left behind where there is nothing to report."""
    store, _ = written(experiments=0)
    with pytest.raises(NotFoundError, match="nobody"):
        write_report(store, "nobody", tmp_path / "r.html")
    assert list(tmp_path.glob("*.html")) == []
