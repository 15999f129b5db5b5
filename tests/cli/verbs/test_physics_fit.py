"""``labloop physics fit``: a table of old results becomes parameters, a page, and priors."""

import json
import math

import pytest

PHYSICS = """
from labloop.physics import Prior, Rate, kinetics

@kinetics(feed={"A": "0.1 mol/L"}, time="minutes", outputs={"share": "P / A0"})
class Decay:
    k = Rate("A -> P", k=Prior(0.1, "1/min", fold=3))
"""
CAMPAIGN = """
from labloop import Budget, CampaignSpec, Continuous, Maximize, Scalar, SearchSpace

campaign = CampaignSpec(
    "look", SearchSpace(Continuous("minutes", 1, 60, unit="min")),
    outputs=[Scalar("share")], objective=Maximize("share"),
    strategy="random", budget=Budget(experiments=9), physics="mechanism:Decay",
)
"""
TRUE = 0.25
ROWS = [(t, 1 - math.exp(-TRUE * t) + e) for t, e in [(1, 0.004), (2, -0.003), (4, 0.002), (9, 0)]]


@pytest.fixture
def mine(shell):
    """Return a shell in a folder with a campaign, its physics and a table."""
    shell.write("campaign.py", CAMPAIGN)
    shell.write("mechanism.py", PHYSICS)
    lines = [f"{t},{y:.4f}" for t, y in ROWS]
    shell.write("old.csv", "\n".join(["minutes (min),share", *lines, "30,"]))
    return shell


def test_a_table_becomes_constants_with_intervals(mine):
    """The truth lies within; the row without a result is told."""
    found = json.loads(mine.ok("physics", "fit", "campaign.py", "old.csv", "--json"))
    (parameter,) = found["parameters"]
    assert parameter["low"] < TRUE < parameter["high"]
    assert parameter["high"] / parameter["low"] < 1.5
    said = mine.ok("physics", "fit", "campaign.py", "old.csv")
    assert "1 row has no result yet" in said
    assert "fitted to 4 rows" in said
    assert "of the variance of 4 rows explained" in said
    assert "experiments that would teach most" in said
    assert not list(mine.folder.glob("*.db"))


def test_what_was_learned_is_the_prior_of_the_next_campaign(mine):
    """The file that is written is physics like any other, and starts from what is known."""
    words = ("physics", "fit", "mechanism.py:Decay", "old.csv", "--campaign", "campaign.py")
    mine.ok(*words, "--save", "known.py")
    mine.write("next.py", CAMPAIGN.replace("mechanism:Decay", "known:fitted"))
    said = json.loads(mine.ok("physics", "fit", "next.py", "old.csv", "--json"))
    assert abs(said["parameters"][0]["shift"]) < 1
    assert mine.ok("physics", "check", "next.py")
    code, said = mine(*words, "--save", "known.py")
    assert code == 1
    assert "exists and is not overwritten" in said


def test_the_page_shows_parameters_and_residuals(mine):
    """One file that loads nothing from elsewhere."""
    mine.ok("physics", "fit", "campaign.py", "old.csv", "--report", "fit.html")
    page = (mine.folder / "fit.html").read_text(encoding="utf-8")
    for words in ("k.k", "Predicted against measured", "Residuals of share", "teach most"):
        assert words in page
    assert page.count("<circle") == 3 * len(ROWS)
    assert "http://" not in page.replace("http://www.w3.org", "")


@pytest.mark.parametrize(
    ("table", "words", "match"),
    [
        ("hours,share\n1,0.2\n", (), "hours"),
        ("minutes,share\n", (), "no row with results"),
        ("minutes,share\nsoon,0.2\n", (), "soon"),
        ("minutes,share\n1,0.2\n", ("--save", "known.txt"), "--save writes a Python file"),
        ("minutes,share\n1,0.2\n", ("--save", "known.py"), "where the model is defined"),
    ],
)
def test_a_mistake_is_one_sentence(mine, table, words, match):
    """A column that is missing, an empty table, text for a number, a target that cannot be."""
    mine.write("bad.csv", table)
    code, said = mine("physics", "fit", "campaign.py", "bad.csv", *words)
    assert code == 1
    assert match in " ".join(said.split())
    assert "Traceback" not in said
