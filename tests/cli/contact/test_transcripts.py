"""``labloop devices record | replay | check``: what is said is kept, dated, and played again."""

import json

import pytest

PLATE = """
[lab]
name = "bench"
world = "reaction_robot"

[devices.hotplate_1]
driver = "ika"
"""
PORT = """
from typing import ClassVar

from labloop_adapters import BlockingDevice, Signal


class Port(BlockingDevice):
    '''A port of a library.'''

    signals = {"level": Signal("mL", get="level", set="level", ge=0, le=10)}
    safe = {"level": 0.0}
"""
FILE = "transcripts/hotplate_1.jsonl"


@pytest.fixture
def plate(shell):
    """Return a shell in the folder of a lab of one hotplate."""
    shell.write("lab.toml", PLATE)
    return shell


def test_a_session_is_recorded_with_its_date_and_replayed(plate):
    """The second one is appended; each can be played to the driver, which reads the same."""
    warm = ("set_temperature", "temperature=50 degC", "--hold", "1 min")
    assert "session 1" in plate.ok("devices", "record", "lab.toml", "hotplate_1", *warm)
    assert "session 2" in plate.ok("devices", "record", "lab.toml", "hotplate_1")
    lines = [json.loads(each) for each in (plate.folder / FILE).read_text().splitlines()]
    assert sum("recorded" in line for line in lines) == 2
    assert lines[0]["device"] == "hotplate_1"
    for more in ((), ("--session", "1")):
        said = plate.ok("devices", "replay", "lab.toml", "hotplate_1", FILE, *more)
        assert "alike     3 values and every frame, as recorded" in said
    assert "there is no session '3'" in plate.refused(
        "devices", "replay", "lab.toml", "hotplate_1", FILE, "--session", "3"
    )


def test_a_driver_that_reads_another_value_is_told(plate):
    """The transcript says what was read; another value, or another frame, is a mistake."""
    plate.ok("devices", "record", "lab.toml", "hotplate_1")
    path = plate.folder / FILE
    path.write_text(path.read_text().replace('"22 degC"', '"23 degC"'))
    said = plate.refused("devices", "replay", "lab.toml", "hotplate_1", FILE)
    assert "plate_temperature is 22 degC, recorded was 23 degC" in said
    path.write_text(path.read_text().replace(b"IN_PV_4 ".hex(), b"IN_PV_9 ".hex()))
    said = plate("devices", "replay", "lab.toml", "hotplate_1", FILE)[1]
    assert "the driver has changed since it was recorded" in said


def test_an_emulator_is_held_against_a_transcript(plate):
    """The same answers are alike, other numbers are told, another answer is a mistake."""
    plate.ok("devices", "record", "lab.toml", "hotplate_1")
    words = ("devices", "check", "lab.toml", "hotplate_1", "--transcript", FILE)
    assert "0 of them with other numbers" in plate.ok(*words)
    path = plate.folder / FILE
    kept = path.read_text()
    path.write_text(kept.replace(b"22.0 2".hex(), b"23.5 2".hex()))
    said = plate.ok(*words)
    assert "b'23.5 2 \\r\\n', the emulator says b'22.0 2 \\r\\n'" in said
    path.write_text(kept.replace(b"RCT digital".hex(), b"RCT basic".hex()))
    said = plate.refused(*words)
    assert "answers 2 of" in said


def test_each_value_of_each_device_is_checked(plate):
    """Who answers, what is read and how long it takes."""
    said = plate.ok("devices", "check", "lab.toml")
    assert "device    hotplate_1: RCT digital, no serial number on the wire" in said
    assert "ok        hotplate_1.stirring_speed = 0 rpm in " in said
    said = plate.refused("devices", "check", "lab.toml", "--transcript", FILE)
    assert "name it before the option" in said


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "is empty"),
        ("{}\nno json", "is no transcript"),
        ('{"dir": "?", "hex": "00"}', "dir must be '>' or '<'"),
        ('{"dir": ">"}', "is no transcript"),
        ('{"t_ns": 0, "dir": ">", "hex": "00"}', "does not tell what was asked of the device"),
    ],
)
def test_what_is_no_transcript_is_told(plate, content, sentence):
    """One sentence with the file's name, before anything is opened."""
    path = plate.write("t.jsonl", content)
    said = plate.refused("devices", "replay", "lab.toml", "hotplate_1", path)
    assert sentence in said
    assert len(said.strip().splitlines()) == 1


def test_calls_of_a_library_are_recorded_and_replayed(shell):
    """The transcript answers in place of the library; another call is told."""
    shell.write("ports.py", PORT)
    shell.write(
        "lab.toml",
        '[lab]\nname = "calls"\n[devices.port]\ndriver = "ports:Port"\nurl = "library://1"\n',
    )
    words = ("devices", "record", "lab.toml", "port", "set_level", "level=3 mL")
    assert "action    set_level: done" in shell.ok(*words)
    file = "transcripts/port.jsonl"
    said = shell.ok("devices", "replay", "lab.toml", "port", file)
    assert "port.level = 3 mL" in said
    path = shell.folder / file
    path.write_text(path.read_text().replace("'level', 3.0", "'level', 4.0"))
    said = shell("devices", "replay", "lab.toml", "port", file)[1]
    assert "the transcript has set('level', 4.0) next, but set('level', 3.0) was called" in said
    said = shell.refused("devices", "check", "lab.toml", "port", "--transcript", file)
    assert "has no emulator of bytes" in said


def test_what_is_done_by_hand_can_be_kept_in_a_database(plate):
    """All of one lab is one campaign, whose journal is shown, exported and verified as any."""
    for degrees in (50, 51):
        plate.ok(
            "devices", "run", "lab.toml", "hotplate_1", "set_temperature",
            f"temperature={degrees} degC", "--db", "kept.db",
        )  # fmt: skip
    assert "devices-bench  simulated  finished" in plate.ok("campaigns", "--db", "kept.db")
    plate.ok("export", "devices-bench", "--db", "kept.db")
    rows = (plate.folder / "export-devices-bench" / "journal.csv").read_text().splitlines()
    assert [line.split(",")[5] for line in rows[1:]].count("set_temperature") == 2
    assert "reason    by hand, with labloop devices" in plate.ok(
        "status", "devices-bench", "--db", "kept.db"
    )
    assert "whole" in plate.ok("db", "verify", "--db", "kept.db")
    plate.ok("report", "devices-bench", "--db", "kept.db")
