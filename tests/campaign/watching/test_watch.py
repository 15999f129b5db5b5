"""Each doubt is stored once, ends where it has gone, and changes nothing that is proposed."""

import pytest

from labloop.campaign import Campaign, load_campaign, withdraw
from labloop.campaign.watching import name_experiments, watch_stored
from labloop.records import Alarm, Dataset, Observation
from labloop.report import doubts_of, explain, summary

FILE = """
from labloop import Budget, CampaignSpec, Continuous, Maximize, Scalar, SearchSpace

def measure(x):
    a, b = x["temperature"].magnitude, x["time"].magnitude
    READ.append(90 - (b - 30) ** 2 / 20 - (a - 60) ** 2 / 40 + (a * 7919.0) % 1)
    return {"yield": READ[-1] if len(READ) < STUCK else 51.23456}

READ, STUCK = [], STUCK_AT
campaign = CampaignSpec(
    "hot",
    SearchSpace(Continuous("temperature", 20, 100, unit="degC"), Continuous("time", 5, 60)),
    outputs=[Scalar("yield", unit="%")], objective=Maximize("yield"), procedure=measure,
    budget=Budget(experiments=MANY), strategy="sobol", seed=3,
)
""".replace('x["time"].magnitude', 'x["time"]')


def begin(repositories, folder, many=24, stuck_at=16):
    """Run a campaign whose sensor is stuck from one of its experiments on."""
    text = FILE.replace("MANY", str(many)).replace("STUCK_AT", str(stuck_at))
    (folder / "hot.py").write_text(text, encoding="utf-8")
    campaign = Campaign.create(repositories, load_campaign(folder / "hot.py"), actor="eva")
    return campaign.run()


def told(repositories, record):
    """Return each stored alarm: its kind, and the experiments that it names."""
    found = repositories.alarms.all(record.id)
    return [(a.alarm.kind, a.alarm.data["experiments"]) for a in found]


@pytest.fixture
def stuck(repositories, tmp_path):
    """Return a campaign of 24 experiments whose sensor is stuck from the 16th on."""
    return begin(repositories, tmp_path)


def test_a_stuck_sensor_is_told_once_and_again_where_it_lasts(repositories, stuck):
    """At the fourth equal result, at twice as many, and in full at the end."""
    named = [numbers for kind, numbers in told(repositories, stuck) if kind == "sensor-stuck"]
    assert named == [list(range(16, n + 1)) for n in (19, 23, 24)]


def test_it_is_shown_where_a_person_looks(repositories, stuck):
    """Status, explanation and the experiment itself: since when, and what can be typed."""
    (words,) = summary(repositories, stuck.id).alarms
    assert words.startswith("sensor-stuck, since experiment 24: yield = 51.2346 in each of the")
    assert "labloop withdraw hot 16 17 18 19 20 21 22 23 24 --reason" in words
    assert [alarm.words for alarm in explain(repositories, stuck.id).alarms] == [words]
    alarms = repositories.alarms.all(stuck.id)
    assert doubts_of(alarms, 16)
    assert not doubts_of(alarms, 15)


def test_what_is_put_aside_is_doubted_no_more(repositories, stuck):
    """The line of the alarm ends the alarm; all results are kept."""
    numbers = [str(n) for n in range(16, 25)]
    withdraw(repositories, stuck, numbers, actor="eva", reason="the probe fell off")
    (words,) = summary(repositories, stuck.id).alarms
    assert words == "sensor-stuck, no longer: what was told of yield, from experiment 16 on"
    assert doubts_of(repositories.alarms.all(stuck.id), 16) == []
    assert len(repositories.experiments.outputs(stuck.id)) == 24


def test_another_process_tells_nothing_twice(repositories, stuck):
    """Which doubts stand is in the database: who looks next knows what was told."""
    assert watch_stored(repositories, stuck) == []
    withdraw(repositories, stuck, ["24"], actor="eva")
    assert told(repositories, stuck)[-1] == ("sensor-stuck", list(range(16, 25)))


def test_a_sound_campaign_raises_no_alarm(repositories, tmp_path):
    """Twenty-four results of a surface, none of them doubted."""
    record = begin(repositories, tmp_path, stuck_at=99)
    assert told(repositories, record) == []


def test_a_result_that_a_model_does_not_believe_is_named():
    """The model knows a value, the campaign its experiment; other alarms stay as they are."""
    data = Dataset((Observation("c-0007", {"x": 1.0}, {"y": -5.0}),))
    alarm = Alarm("result-doubted", "y = -5: far worse", data={"output": "y", "values": [-5.0]})
    named = name_experiments(alarm, data, "dye")
    assert named.message == (
        "experiment 7: y = -5: far worse: labloop withdraw dye 7 --reason '...'"
    )
    other = Alarm("physics-wrong", "no")
    assert name_experiments(other, data, "dye") is other
    assert name_experiments(alarm, Dataset(), "dye") is alarm
