"""What a person sees: never silent, never broken by letters or by a narrow console."""

import io
import os
import time
from dataclasses import replace

import pytest
from rich.console import Console

from labloop.campaign import Snapshot
from labloop.cli.terminal import live as _live
from labloop.records import Alarm
from labloop.store import open_database


class Slow:
    """A campaign that takes its time to begin and then asks something."""

    def __init__(self, record=None):
        self.now = Snapshot(name="tiny", mode="simulated", doing="opening the lab")
        self.record = record

    def snapshot(self):
        """Return where it stands."""
        return self.now

    def activity(self):
        """Return what its device does."""
        return {"box": "set_level", "pump": ""}


def watch(ran, out, steps, monkeypatch, alarms=()):
    """Show a campaign that goes through ``steps``, half a second each; return what was shown.

    Before the last step ``alarms`` are raised in a campaign of the database.
    """
    monkeypatch.setattr("labloop.cli.terminal.progress.NEXT_SECONDS", 0.3)
    monkeypatch.setattr(_live, "ROUND_SECONDS", 0.3)
    with open_database(ran.folder / "labloop.db") as store:
        (record,) = store.campaigns.all()
        campaign = Slow(record)
        with _live.LiveView(out, campaign, store) as view:
            for number, step in enumerate(steps):
                for alarm in alarms if number == len(steps) - 1 else ():
                    store.alarms.add(record.id, alarm, round_index=number).result()
                campaign.now = step
                time.sleep(0.6)
        view.print_end(out)
    return out.file.getvalue()


LATER = Snapshot(
    name="tiny",
    mode="simulated",
    doing="waiting",
    budget="1/3 experiments",
    fraction=0.33,
    best={"shown": 8.5},
    best_point={"level": 2.5},
    best_number=1,
    round_index=1,
    question="approval of experiment 2 (\N{DEGREE SIGN}C)",
)


def test_a_log_is_never_silent(ran, monkeypatch):
    """Without a terminal there are lines, also before anything has begun."""
    said = watch(
        ran,
        Console(file=io.StringIO(), soft_wrap=True),
        [Slow().now, Slow().now, Slow().now, LATER],
        monkeypatch,
    )
    lines = said.splitlines()
    assert lines[0].startswith("opening the lab")
    assert any(line.startswith("opening the lab: 1 s") for line in lines)
    assert "waits for you: approval of experiment 2" in lines[-2]
    assert "best shown 8.5" in lines[-2]
    assert lines[-1].startswith("best      shown 8.5")


DOUBT = Alarm("physics-missing", "the physics lacks something", data={"parameter": "k"})
TWICE = [DOUBT, replace(DOUBT, message="the physics lacks something through k")]


def test_an_alarm_is_told_in_the_log_when_it_comes_and_once_more_at_the_end(ran, monkeypatch):
    """Raised twice about one thing it is one line each time, at the end with how often."""
    out = Console(file=io.StringIO(), soft_wrap=True)
    lines = watch(ran, out, [Slow().now, LATER], monkeypatch, TWICE).splitlines()
    assert [line for line in lines if line.startswith("alarm")] == [
        f"alarm     physics-missing: {TWICE[-1].message}",
        f"alarm     physics-missing, 2 times from round 1 to 1, not since: {TWICE[-1].message}",
    ]


def test_a_terminal_shows_devices_best_and_question(ran, monkeypatch):
    """The panel holds what each device does, the best so far, alarms and what waits."""
    out = Console(file=io.StringIO(), force_terminal=True, width=80)
    said = watch(ran, out, [Slow().now, LATER], monkeypatch, TWICE)
    for words in ("opening the lab", "set_level", "best so far", "waits for you", "1/3 exper"):
        assert words in said
    assert "alarm  physics-missing" in said


def test_a_real_terminal_is_left_as_it_was(tiny):
    """In a pseudo terminal the panel appears, goes away, and the end is told in plain lines."""
    pty = pytest.importorskip("pty")
    master, slave = pty.openpty()
    process = tiny.start("run", "campaign.py", "--engine", "plain", TERM="xterm", terminal=slave)
    os.close(slave)
    said = b""
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:
            break
        if not part:
            break
        said += part
    os.close(master)
    assert process.wait(60) == 0
    assert b"reading campaign.py" in said
    assert b"ended     finished" in said
    assert said.count(b"\x1b[?25l") == said.count(b"\x1b[?25h") > 0
