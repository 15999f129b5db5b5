"""``labloop physics check``: what a chemist is told of a model, and the exit code."""

import json

import pytest

PHYSICS = """
from labloop.physics import Arrhenius, FunctionPhysics, Prior, Rate, kinetics

@kinetics(feed={"A": "0.1 mol/L"}, time="minutes", temperature="temperature",
          outputs={"share": "P / A0"})
class Good:
    k = Arrhenius("A -> P", k=Prior(0.1, "1/min", fold=3), Ea=Prior(50, "kJ/mol", rel=0.3),
                  at="60 degC")

@kinetics(feed={"A": "-0.1 mol/L"}, time="minutes", outputs={"share": "P / A0"})
class Drained:
    k = Rate("A -> P", k=Prior(0.1, "1/min", fold=3))

def function(predict, unit="1"):
    return FunctionPhysics(predict, {"a": Prior(1, fold=2)}, {"minutes": "s"}, {"share": unit})

negative = function(lambda x, t: {"share": -x["minutes"] * t["a"]}, "mol/L")
raising = function(lambda x, t: 1 / 0)
shapeless = function(lambda x, t: {"share": x["minutes"][:3]})
picky = function(lambda x, t: {"share": x["minutes"][:, None][:, 0] * t["a"]})
nan = function(lambda x, t: {"share": x["minutes"] * t["a"] * float("nan")})
other = FunctionPhysics(
    lambda x, t: x["minutes"] * t["a"], {"a": Prior(1, fold=2)}, {"minutes": "s"}, ["gain"]
)
unread = FunctionPhysics(
    lambda x, t: x["minutes"] * t["a"], {"a": Prior(1, fold=2)}, {"minutes": "s"}, ["waste"]
)
seven = 7
"""
CAMPAIGN = """
from labloop import Budget, CampaignSpec, Continuous, Maximize, Scalar, SearchSpace

campaign = CampaignSpec(
    "look", SearchSpace(
        Continuous("minutes", 1, 60, unit="min"), Continuous("temperature", 40, 80, unit="degC")
    ),
    outputs=[Scalar("share"), Scalar("waste")], objective=Maximize("share"),
    strategy="random", budget=Budget(experiments=9), physics="mechanism:Good",
)
"""


@pytest.fixture
def mine(shell):
    """Return a shell in a folder with a campaign and several models."""
    shell.write("campaign.py", CAMPAIGN)
    shell.write("mechanism.py", PHYSICS)
    return shell


def test_a_sound_model_is_told_to_be_sound(mine):
    """Every test has a line, every parameter a sentence; exit code 0."""
    said = mine.ok("physics", "check", "campaign.py")
    assert "BAD" not in said
    for words in ("A + P is kept", "20 steps are within", "1000 solves", "learns from share"):
        assert words in said
    assert "k.k" in said
    assert "well determined (to" in said
    assert not list(mine.folder.glob("*.db"))


def test_a_model_of_another_file_is_checked_for_a_campaign(mine):
    """By name with --campaign, also where the file holds several."""
    words = ("physics", "check", "mechanism.py:Good", "--campaign", "campaign.py")
    assert "physics Good" in mine.ok(*words)
    assert "5 experiments with 10 % noise" in mine.ok(*words, "--n", "5", "--noise", "0.1")


def test_json_holds_the_same(mine):
    """Findings and parameters, and nothing else on the screen."""
    found = json.loads(mine.ok("physics", "check", "campaign.py", "--json"))
    assert found["sound"] is True
    assert {f["name"] for f in found["findings"]} >= {"units", "balance", "stiffness", "speed"}
    assert [p["parameter"] for p in found["parameters"]] == ["k.k", "k.Ea"]
    assert found["parameters"][0]["verdict"] == "well"


def test_the_curves_are_told_and_drawn(mine):
    """A row for each output and parameter at the terminal; --picture draws them as SVG."""
    said = mine.ok("physics", "check", "campaign.py", "--picture", "look.svg")
    assert "what it expects before any result" in said
    assert "▁" in said
    assert "drawn in look.svg" in said
    assert (mine.folder / "look.svg").read_text(encoding="utf-8").startswith("<svg")
    told = mine.refused("physics", "check", "campaign.py", "--picture", "look.png")
    assert "--picture writes an SVG" in told


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("negative", "a negative amount"),
        ("raising", "raised ZeroDivisionError"),
        ("shapeless", "must return tensors of shape"),
        ("picky", "raised IndexError"),
        ("nan", "share is nan"),
        ("Drained", "of A -100 mol/m^3 are fed, a negative amount, at minutes ="),
        ("unread", "learns from waste, but predicts nothing that the objective reads (share)"),
        ("other", "none of which the campaign declares"),
        ("seven", "lacks name, parameters"),
        ("function", "is no physics model"),
    ],
)
def test_a_fault_is_bad_and_the_exit_code_says_so(mine, name, words):
    """One sentence in the table, one at the end, no traceback."""
    code, said = mine("physics", "check", f"mechanism.py:{name}", "--campaign", "campaign.py")
    assert code == 1
    assert "BAD" in said
    assert words in " ".join(said.split())
    assert "is unsound" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("words", "match"),
    [
        (("mechanism.py", "--campaign", "campaign.py"), "name one: mechanism.py:Name"),
        (("mechanism.py:Z", "--campaign", "campaign.py"), "has no 'Z'; its models are Good"),
        (("none.py:Z", "--campaign", "campaign.py"), "no Python file that exists"),
        (("broken.py:Z", "--campaign", "campaign.py"), "broken.py line 1: NameError"),
        (
            ("refused.py:Z", "--campaign", "campaign.py"),
            "refused.py line 2: a Prior needs exactly one of fold=",
        ),
        (("mechanism.py",), "must hold one CampaignSpec"),
        (("mechanism.py",), "physics alone, name the campaign that it is for: mechanism.py --camp"),
        (("plain.py",), "plain.py has no physics"),
        (("campaign.py:nothing",), "has no 'nothing'"),
        (("away.py",), "does not exist"),
    ],
)
def test_what_cannot_be_checked_is_one_sentence(mine, words, match):
    """With what to write instead."""
    mine.write("broken.py", "x = undefined")
    mine.write("refused.py", "from labloop.physics import Prior\nZ = Prior(1)")
    mine.write("plain.py", CAMPAIGN.replace(', physics="mechanism:Good"', ""))
    assert match in mine.refused("physics", "check", *words)


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ('"mechanism:Good"', "physics 'Good' gives numbers all over the space"),
        ('"mechanism:nan"', "physics 'function', values: share is nan"),
        ('"mechanism:raising"', "raised ZeroDivisionError: division by zero"),
        ('"mechanism:Drained"', "a negative amount"),
        ('"mechanism:unread"', "predicts waste, none of which the objective reads (share)"),
        ('["mechanism:Good", "mechanism:Good"]', "are called 'Good'; name them apart"),
    ],
)
def test_a_campaigns_check_tries_its_physics(mine, named, words):
    """What would leave every round without the physics is told before the first one."""
    text = CAMPAIGN.replace('"mechanism:Good"', named).replace('"random"', '"auto"')
    mine.write("campaign.py", text)
    code, said = mine("check", "campaign.py")
    assert words in " ".join(said.split())
    assert "Traceback" not in said
    assert code == (0 if words.endswith("space") else 1)


def test_a_prior_that_is_none_is_found_by_file_and_line(mine):
    """Also where it stands in a file that the campaign only names."""
    mine.write("mechanism.py", PHYSICS + "\nother = Prior(-60, 'kJ/mol', rel=0.1)\n")
    code, said = mine("check", "campaign.py")
    assert code == 1
    line = len(PHYSICS.splitlines()) + 2
    assert f"mechanism.py line {line}: Prior(-60, 'kJ/mol', rel=0.1) needs a finite" in said
