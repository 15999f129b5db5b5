"""Mistakes that are found before an experiment runs."""

import pytest


def test_a_good_campaign_is_told_to_be_good(tiny):
    """Every line is ok, the simulated lab was opened and closed, and nothing was stored."""
    said = tiny.ok("check", "campaign.py")
    assert "problem" not in said
    assert "every simulated device answers" in said
    assert not list(tiny.folder.glob("*.db"))


@pytest.mark.parametrize(
    ("name", "before", "after", "words"),
    [
        (
            "campaign.py",
            "await lab.box.set_level",
            "lab.box.set_level",
            "line 7: lab.box.set_level",
        ),
        ("campaign.py", '"shown": await', '"shown":', "lab.box.show(...) is not awaited"),
        (
            "campaign.py",
            "await lab.box.set_level",
            "box = lab.box\n    box.set_level",
            "line 8: box.set_level(...) is not awaited",
        ),
        (
            "campaign.py",
            "await lab.box",
            "import time; time.sleep(3); await lab.box",
            "time.sleep(...) blocks the whole lab; use await lab.wait(",
        ),
        ("campaign.py", 'return {"shown": await', 'x = {"shown": await', "use returns nothing"),
        ("campaign.py", '"random"', '"crystal ball"', "crystal ball"),
        ("lab.toml", '"8 mL"', '"8 K"', "set_level.level"),
        ("lab.toml", '"8 mL"', '"eight"', "set_level.level"),
        ("lab.toml", "set_level.level", "set_lever.level", "is no number that an action"),
        ("lab.toml", '"tiny_lab:Box"', '"tiny_lab:Bag"', "cannot be imported"),
        (
            "lab.toml",
            "options = {}",
            'options = { faults = [["drop", 1], ["drop", 2]] }',
            "no complete",
        ),
        ("lab.toml", "[devices.box]", '[devices."a box"]', "no usable name|box"),
    ],
)
def test_each_mistake_is_named(tiny, name, before, after, words):
    """The line or the key, what is wrong, and exit code 1."""
    path = tiny.folder / name
    assert before in path.read_text()
    path.write_text(path.read_text().replace(before, after, 1))
    code, said = tiny("check", "campaign.py")
    assert code == 1
    assert any(each in said for each in words.split("|")), said
    assert "Traceback" not in said


def test_experiments_that_meet_at_a_device_are_a_problem_before_they_run(tiny):
    """With parallel=2 the box is set by two at once; one way out makes the file good."""
    path = tiny.folder / "campaign.py"
    path.write_text(path.read_text().replace('"random"', '"random", parallel=2', 1))
    code, said = tiny("check", "campaign.py")
    assert code == 1
    assert "with parallel=2: experiment 2 asked box for set_level, but experiment 1 uses" in said
    assert said.count("lab.exclusive(lab.box)") == 1
    lab = tiny.folder / "lab.toml"
    lab.write_text(lab.read_text().replace("[devices.box]", "[devices.box]\nshared = true", 1))
    assert "2 experiments at once do not meet at a device" in tiny.ok("check", "campaign.py")


def test_doctor_names_what_is_there(tiny):
    """Versions, extras, drivers, the database and the disk; names in brackets are kept."""
    said = tiny.ok("doctor")
    for words in ("Python 3.", "[store] sqlmodel", "julabo", "does not exist yet", "GiB free"):
        assert words in said
    tiny.write("labloop.db", "dear diary")
    assert "is not an SQLite database" in tiny.ok("doctor")
