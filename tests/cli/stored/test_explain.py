"""``labloop explain``: what a chemist is told of a round, in every kind of console."""

import csv
import json
import re

import pytest

from labloop.cli.stored.explain import term_lines
from labloop.records import Alarm
from labloop.report import MissingTerm
from labloop.store import open_database

PHYSICS = """
from labloop import Budget, CampaignSpec, Continuous, Maximize, Scalar, SearchSpace
from labloop.physics import FunctionPhysics, Prior

def model(name, sign):
    return FunctionPhysics(
        lambda x, t: {"gain": t["a"] * x["heat"] ** sign}, {"a": Prior(2, fold=3)}, {"heat": "1"},
        {"gain": "1"}, name=name,
    )

campaign = CampaignSpec(
    "learned", SearchSpace(Continuous("heat", 1, 5), Continuous("other", 0, 1)),
    outputs=[Scalar("gain")], objective=Maximize("gain"),
    physics=[model("up", 1.0), model("down", -1.0)], strategy="auto",
    budget=Budget(experiments=9),
)
"""


@pytest.fixture
def learned(shell):
    """Return a shell where a campaign with two competing physics has learned from results."""
    shell.write("learned.py", PHYSICS)
    for _ in range(5):
        shell.ok("ask", "learned.py")
        sheet = shell.folder / "next.csv"
        with sheet.open(newline="") as read:
            rows = list(csv.DictReader(read))
        for row in rows:
            heat = next(v for k, v in row.items() if k.startswith("heat"))
            row.update({k: str(3.0 * float(heat)) for k in row if k.startswith("gain")})
        with sheet.open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
        shell.ok("tell", "learned", "next.csv")
        sheet.unlink()
    return shell


def test_a_campaign_with_physics_is_told_in_five_parts(learned):
    """From the database alone: the campaign's file may be gone."""
    (learned.folder / "learned.py").unlink()
    said = learned.ok("explain", "learned")
    for words in (
        "What was learned",
        "competing physics",
        "90 % interval",
        "without physics (gp)",
        "What the physics is missing",
        "What its proposals are for",
        "Open questions",
        "Alarms",
    ):
        assert words in said
    assert re.search(r"\bup +(over )?\d+ %", said)
    assert re.search(r"(exploit|explore): expected gain [\d.]+ \([\d.]+ to [\d.]+\)", said)
    assert "\x1b" not in said


def test_json_holds_the_same(learned):
    """Every sentence with the numbers that it follows from, and nothing else."""
    found = json.loads(learned.ok("explain", "learned", "--json"))
    assert found["round"] == 4
    assert set(found["learned"]["competing"]) == {"up", "down"}
    (constant,) = found["learned"]["constants"]
    assert constant["prior_low"] < constant["mean"] < constant["prior_high"]
    assert constant["sentence"] in learned.ok("explain", "learned")
    (proposal,) = found["proposals"]
    assert set(proposal["uncertainty"]["gain"]) == {
        "noise",
        "parameters",
        "discrepancy",
        "between",
    }
    early = json.loads(learned.ok("explain", "learned", "--round", "0", "--json"))
    assert (early["round"], early["proposals"][0]["kind"]) == (0, "start")


def test_alarms_are_folded(learned):
    """Raised in three rounds is said once, with since when."""
    with open_database(None) as store:
        (campaign,) = store.campaigns.all()
        for index in (2, 3, 4):
            alarm = Alarm("physics-missing", f"round {index}", data={"parameter": "a"})
            store.alarms.add(campaign.id, alarm, round_index=index).result(timeout=30)
    said = learned.ok("explain", "learned")
    assert "Alarms in force: physics-missing (since round " in said
    assert said.count("- physics-missing, since round ") == 1
    assert "round 2\n" not in said


def test_a_campaign_without_physics_is_told_honestly(ran):
    """No constants are made up; the exit code is 0."""
    said = ran.ok("explain", "tiny")
    assert "had no fitted model" in said
    assert "What the physics is missing" not in said
    assert "it gave: shown" in said
    assert "None was raised" in said


@pytest.mark.parametrize(
    ("words", "match"),
    [
        (("nobody",), "no campaign is called 'nobody'"),
        (("tiny", "--round", "40"), "campaign 'tiny' has no round 40; it has rounds 0 to 2"),
    ],
)
def test_what_does_not_exist_is_one_sentence(ran, words, match):
    """With what there is instead."""
    assert match in ran.refused("explain", *words)


def test_an_old_console_loses_no_letter(learned):
    """A console of code page 1252 shows the plot and every number without question marks."""
    with learned.start("explain", "learned", PYTHONIOENCODING="cp1252") as process:
        said, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    assert "What the physics is missing" in said
    assert "?" not in said


def test_a_term_is_plotted_in_letters():
    """The mark goes from one end of its rail to the other as the constant does."""
    x = tuple(float(v) for v in range(17))
    rising = MissingTerm("k", "1/s", 0.3, "heat", "degC", 0.9, x, tuple(2 * v for v in x))
    title, *rows = term_lines(rising, mark="o", rail=".")
    assert title == "k (1/s) along heat (degC)"
    assert len(rows) == 9
    assert rows[0].split() == ["0", "o" + 31 * ".", "0"]
    assert rows[-1].split() == ["16", 31 * "." + "o", "32"]
    names = MissingTerm("k", "1", 0.3, "solvent", "1", 0.9, ("DMF", "water"), (2.0, 2.0))
    _, first, second = term_lines(names, mark="o", rail=".")
    assert first.index("o") == second.index("o")
