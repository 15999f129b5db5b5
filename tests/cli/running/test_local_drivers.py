"""A driver and a world that lie beside the campaign file are found by every verb."""

import sys

import pytest

from labloop.errors import LabFileError
from labloop.lab import find_driver

LAB = """
[lab]
name = "desk"
world = "desk:create"

[devices.box]
driver = "desk:Box"
url = "serial://COM1"
serial_number = "B-1"

[devices.box.limits]
"set_level.level" = { min = "0 mL", max = "8 mL" }
"""


@pytest.fixture
def desk(shell, monkeypatch, tmp_path_factory):
    """Return a shell in a folder with campaign, lab file and a module for driver and world."""
    text = (shell.support / "tiny_lab.py").read_text(encoding="utf-8")
    shell.write("campaign.py", shell.campaign)
    shell.write("lab.toml", LAB)
    shell.write("words.py", 'MODEL = "BOX 1"\n')
    shell.write("desk.py", f"from words import MODEL\n{text}")
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.chdir(elsewhere)
    return shell


def test_every_verb_finds_what_lies_beside(desk):
    """Checked, tried, run and gone on with, from another folder, and from the stored copy."""
    file = desk.folder / "campaign.py"
    assert "fits its drivers" in desk.ok("check", file)
    assert "box.set_level" in desk.ok("try", file, "level=2", "ratio=0.5", "--dry")
    desk.ok("try", file, "level=2", "ratio=0.5")
    desk.ok("run", file, "--engine", "plain")
    (desk.folder / "desk.py").unlink()
    said = desk.ok("resume", "tiny", "--engine", "plain", "--experiments", "4")
    assert "ended     finished: the budget of 4 experiments" in said
    assert "desk.py is gone" in said
    assert "put desk.py beside the lab file" in desk("check", file)[1]


def test_python_is_left_as_it_was(desk):
    """Neither the folder nor its modules stay where another campaign would meet them."""
    path, modules = list(sys.path), set(sys.modules)
    desk.ok("check", desk.folder / "campaign.py")
    assert sys.path == path
    assert not {"desk", "words"} & (set(sys.modules) - modules)


def test_two_labs_may_each_have_a_module_of_one_name(desk, tmp_path):
    """The one beside counts, changed files count at once, and an installed one is given back."""
    one = find_driver("desk:Box", desk.folder)
    assert find_driver("desk:Box", desk.folder) is one
    other = tmp_path / "other"
    other.mkdir()
    (other / "desk.py").write_text("from tiny_lab import Box\nBox.__doc__ = 'other'\n")
    assert find_driver("desk:Box", other) is not one
    (desk.folder / "words.py").write_text('MODEL = "BOX 22"\n')
    assert find_driver("desk:Box", desk.folder) is not one
    (other / "json.py").write_text("from tiny_lab import Box\n")
    json = sys.modules["json"]
    find_driver("json:Box", other)
    assert sys.modules["json"] is json


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1 / 0\n", "cannot be imported: ZeroDivisionError: division by zero"),
        ("import nowhere\n", "No module named 'nowhere'"),
        ("Box = 3\n", "which is no labloop.lab.Device"),
    ],
)
def test_a_module_that_does_not_run_is_told(desk, text, words):
    """What a person's module raises is one sentence."""
    (desk.folder / "desk.py").write_text(text)
    with pytest.raises(LabFileError, match=words):
        find_driver("desk:Box", desk.folder)


def test_an_empty_lab_is_told_in_words_of_its_file(shell):
    """No raw text of the library that checks it."""
    shell.write("campaign.py", shell.campaign)
    shell.write("lab.toml", '[lab]\nname = "x"\n\n[devices]\n')
    said = shell("check", "campaign.py")[1]
    assert "[devices] is empty; name a device, as [devices.NAME] with its driver" in said
