"""A campaign file is loaded once, kept exactly, and its mistakes are told in a sentence."""

import sys

import pytest
from campaign_toys import FILE

from labloop.campaign import load_campaign, restore, trust_bundle
from labloop.errors import CampaignFileError


def test_the_folder_is_importable_only_while_loading(folder):
    """A helper beside the file is found, and neither path nor module stays behind."""
    definition = load_campaign(folder / "campaign.py")
    assert definition.spec.space.parameters[0].high == 2.0
    assert str(folder) not in sys.path
    assert "helper" not in sys.modules


def test_a_bundle_loads_where_the_folder_is_gone(folder):
    """Resume needs nothing but what was stored."""
    bundle = load_campaign(folder / "campaign.py").bundle
    trust_bundle(bundle)
    (folder / "helper.py").write_text("TOP = 5.0\n")
    again = restore(bundle)
    assert again.spec.space.parameters[0].high == 2.0
    assert again.bundle == bundle


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = (", "does not run: SyntaxError.*line 1"),
        ("import no_such_module", "ModuleNotFoundError.*campaign.py line 1"),
        ("\n1/0", "ZeroDivisionError.*campaign.py line 2"),
        ("x = 1", "one CampaignSpec .*found 0"),
        (FILE.replace("strategy=", "physics='nothing:Here', strategy="), "names no file"),
        (FILE.replace("strategy=", "physics='helper:Absent', strategy="), "has no 'Absent'"),
        (
            FILE.replace("strategy=", "procedure=p, lab='lab.toml', strategy=").replace(
                "campaign =", "async def p(lab, x): ...\ncampaign ="
            ),
            "lab file 'lab.toml'.*does not exist",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_told_with_its_line(folder, text, words):
    """No traceback for a person's mistake: file, line and what is wrong."""
    (folder / "campaign.py").write_text(text)
    with pytest.raises(CampaignFileError, match=words):
        load_campaign(folder / "campaign.py")


def test_a_file_that_ends_the_program_is_told(folder):
    """A script's own exit(0) neither ends labloop nor passes for success."""
    (folder / "campaign.py").write_text("raise SystemExit(0)\n")
    with pytest.raises(CampaignFileError, match="does not run: SystemExit: 0"):
        load_campaign(folder)


def test_a_missing_file_is_told(tmp_path):
    """A wrong path is one sentence."""
    with pytest.raises(CampaignFileError, match="does not exist"):
        load_campaign(tmp_path / "nowhere.py")


RIVALS = """
import torch
from labloop.physics import FunctionPhysics, Prior

def straight(x, theta):
    return {"y": theta["k"] * x["x"]}

def bent(x, theta):
    return {"y": theta["k"] * x["x"] ** 2}

K = {"k": Prior(1.0, "1", fold=2)}
Straight = FunctionPhysics(straight, K, {"x": "1"}, "y")
Bent = FunctionPhysics(bent, K, {"x": "1"}, "y")
"""


def test_several_physics_models_compete(folder):
    """A list of names: all are found, the strategy takes them, one that is absent is told."""
    (folder / "rivals.py").write_text(RIVALS)
    names = 'physics=["rivals:Straight", "rivals:Bent"], strategy="auto"'
    (folder / "campaign.py").write_text(FILE.replace('strategy="random"', names))
    spec = load_campaign(folder).spec
    assert [model.name for model in spec.competing] == ["straight", "bent"]
    assert spec.resolve().name == "auto"
    assert spec.to_json()["physics"] == "straight, bent"
    (folder / "campaign.py").write_text(
        FILE.replace('strategy="random"', names.replace("Bent", "Gone"))
    )
    with pytest.raises(CampaignFileError, match=r"rivals.py has no 'Gone'"):
        load_campaign(folder)
