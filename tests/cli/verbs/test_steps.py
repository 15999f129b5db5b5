"""Late results and steps at the terminal: told while a process runs and when none does."""

import json
import signal
import time

import pytest

from labloop.records import ExperimentState
from labloop.store import open_database

RECIPE = """
    async def make():
        await lab.box.set_level(x.level)
        return await lab.box.show()

    shown = await lab.step("make", make)
    purity = await lab.later("xrd", "phase purity", unit="%")
    return {"shown": shown + purity.magnitude / 100}
"""
BAD = [
    (("answer", "tiny", "1", "xrd", "3", "mL"), "xrd is a number in %, such as 3.5, got '3 mL'"),
    (("answer", "tiny", "1", "xrd", "pure"), "xrd is a number in %, such as 3.5, got 'pure'"),
    (("answer", "tiny", "1", "nmr", "3"), "experiment 1 has no step 'nmr'; it has: make, xrd"),
    (("answer", "tiny", "1", "make", "3"), "say why, with --reason"),
    (("answer", "tiny", "7", "xrd", "3"), "there is no experiment "),
    (("answer", "tiny", "first", "xrd", "3"), "there is no experiment first"),
    (("step", "tiny", "1", "xrd"), "say one of value, skip, repeat of step 'xrd', got none"),
    (("step", "tiny", "1", "xrd", "--skip"), "say why, with --reason"),
    (
        ("step", "tiny", "1", "xrd", "--value", "3", "--repeat", "--reason", "r"),
        "say one of value, skip, repeat of step 'xrd', got value, repeat",
    ),
]
"""What is typed -> why it is refused; the experiment waits on."""


def states(tiny):
    """Return the states of the experiments, by number."""
    with open_database(str(tiny.folder / "labloop.db"), read_only=True) as repositories:
        record = repositories.campaigns.all()[0]
        return [row.state for row in repositories.experiments.all(record.id)]


def until(what, seconds=120):
    """Wait until ``what()`` is true."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.fixture
def waiting(tiny):
    """Return a campaign in a process of its own whose only experiment waits for a result."""
    text = tiny.campaign
    begin, end = text.index("    await lab.box"), text.index("campaign =")
    text = f"{text[:begin].rstrip()}{RECIPE}\n{text[end:]}"
    tiny.write("campaign.py", text.replace("experiments=3", "experiments=1"))
    process = tiny.start("run", "campaign.py", "--engine", "plain")
    until(lambda: (tiny.folder / "labloop.db").exists() and "xrd" in tiny("status", "tiny")[1])
    yield process
    process.kill()
    process.wait(60)
    process.stdout.close()


def stop(tiny, process):
    """Let no process be at the campaign."""
    assert tiny("command", "tiny", "stop", "--wait", "60")[0] == 0
    assert process.wait(60) == 130


def test_while_a_process_runs_what_does_not_fit_is_refused_and_what_fits_counts(tiny, waiting):
    """One sentence each, and the campaign ends with the answer at last."""
    for words, told in BAD:
        code, said = tiny(*words, "--wait", "60")
        assert code == 1
        assert told in said, words
    assert states(tiny) == [ExperimentState.AWAITING]
    code, said = tiny("answer", "tiny", "1", "xrd", "80", "--reason", "peak at 12", "--wait", "60")
    assert (code, said) == (0, "resolve: accepted\n")
    assert waiting.wait(120) == 0
    assert states(tiny) == [ExperimentState.DONE]
    code, said = tiny("answer", "tiny", "1", "xrd", "80")
    assert code == 1
    assert "neither waits for a late result nor is uncertain" in said
    assert "labloop correct" in said


def test_while_no_process_runs_the_same_is_refused_and_the_same_counts(tiny, waiting):
    """After a stop: answered at once, and the resume does what is left, no step twice."""
    stop(tiny, waiting)
    for words, told in BAD:
        code, said = tiny(*words)
        assert code == 1
        assert told in said, words
    code, said = tiny("step", "tiny", "1", "make", "--value", "4", "--reason", "misread")
    assert code == 0
    assert "labloop resume tiny" in said
    assert tiny("answer", "tiny", "1", "xrd", "0.8")[0] == 0
    told = tiny.ok("step", "tiny", "1").splitlines()
    assert [line.split()[:2] for line in told if line.startswith("done")] == [
        ["done", "make:"],
        ["done", "xrd:"],
        ["done", "make:"],
    ]
    assert any("told by" in line and "misread" in line for line in told)
    tiny.ok("resume", "tiny", "--engine", "plain")
    shown = json.loads(tiny.ok("show", "tiny", "1", "--json"))
    assert shown["values"]["shown"].startswith("4.008")


def test_after_a_kill_the_answer_counts_at_the_next_start(tiny, waiting):
    """A process that was killed while its experiment waited: nothing is lost, nothing twice."""
    waiting.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
    waiting.wait(60)
    code, said = tiny("answer", "tiny", "1", "xrd", "80")
    assert code == 0
    assert "it counts from now on; the campaign goes on with: labloop resume tiny" in said
    tiny.ok("resume", "tiny", "--engine", "plain")
    assert states(tiny) == [ExperimentState.DONE]


def test_of_what_there_is_not(tiny, ran):
    """No campaign of the name, no database, an experiment without steps: a sentence each."""
    assert "nobody" in tiny.refused("answer", "nobody", "1", "xrd", "3")
    assert "nobody" in tiny.refused("step", "nobody", "1")
    assert "experiment 1 of 'tiny' has no steps" in tiny.refused("step", "tiny", "1")
    assert "has no experiment '9'; its experiments are 1 to 3" in tiny.refused("step", "tiny", "9")
    (tiny.folder / "labloop.db").unlink()
    assert "labloop.db" in tiny.refused("answer", "tiny", "1", "xrd", "3")
