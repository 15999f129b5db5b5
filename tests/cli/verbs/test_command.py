"""A campaign in a process of its own, spoken to from another one."""

import json
import threading
import time

import pytest

from labloop.cli.terminal.arguments import format_point
from labloop.cli.terminal.live import ROUND_SECONDS
from labloop.records import Command, CommandKind, ExperimentState, Mode
from labloop.store import open_database


class Running:
    """A campaign in another process, and what it says."""

    def __init__(self, shell, *words):
        self._shell = shell
        self.said = []
        self.process = shell.start(*words)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.said.append(line.rstrip())

    def until(self, words, seconds=60):
        """Wait until ``words`` were said."""
        end = time.monotonic() + seconds
        while not any(words in line for line in self.said):
            assert time.monotonic() < end, self.said
            assert self.process.poll() is None or self._reader.is_alive(), self.said
            time.sleep(0.05)

    def end(self):
        """Return the exit code."""
        code = self.process.wait(60)
        self._reader.join(10)
        return code


@pytest.fixture
def running(tiny):
    """Return what starts a campaign; it is killed where a test leaves it."""
    started = []

    def start(*words):
        started.append(Running(tiny, *words, "--engine", "plain"))
        return started[-1]

    yield start
    for each in started:
        each.process.kill()
        each.end()
        each.process.stdout.close()


def points(shell):
    """Return the points of all experiments, in the order of their numbers."""
    with open_database(str(shell.folder / "labloop.db"), read_only=True) as repositories:
        record = repositories.campaigns.all()[0]
        return [dict(row.point) for row in repositories.experiments.all(record.id)]


def test_a_person_decides_and_everybody_else_is_told_no(tiny, running):
    """Approve, edit, reject, add, pause and resume take effect once; a second owner is refused."""
    text = (tiny.folder / "campaign.py").read_text()
    tiny.write("campaign.py", text.replace("strategy=", "approval=True, strategy="))
    lab = running("run", "campaign.py", "--experiments", "9")
    lab.until("waits for you: approval of experiment 1")
    lab.until("; after 10 min of waiting, at ")
    said = tiny.ok("status", "tiny")
    assert "waits for you: approval of experiment 1" in said
    assert "; after 10 min of waiting, at " in said

    def command(*words):
        return tiny("command", "tiny", *words, "--wait", "20")

    assert command("approve", "experiment=1") == (0, "approve: accepted\n")
    lab.until("waits for you: approval of experiment 2")
    code, said = command("approve", "experiment=1")
    assert code == 1
    assert "too late" in said
    assert "a point is needed" in command("edit", "experiment=2")[1]
    assert "one experiment at a time" in command("edit", "experiment=2,3", "level=2")[1]
    assert command("edit", "experiment=2", "level=2")[0] == 0
    lab.until("approval of experiment 4")
    asked, edited = points(tiny)[1:3]
    assert edited == {"level": 2.0, "ratio": asked["ratio"]}  # what was not said stays
    assert "level" in command("edit", "experiment=4", "level=20", "ratio=0.5")[1]
    assert command("reject", "experiment=4", "--reason", "too hot")[0] == 0
    lab.until("approval of experiment 5")
    assert tiny("command", "tiny", "add", "level=3", "ratio=0.5", "--wait", "0")[0] == 3
    assert command("add", "level=3", "ratio=0.6")[0] == 0
    assert command("pause", "--reason", "lunch")[0] == 0
    lab.until("waits for you: lunch")
    assert command("resume")[0] == 0

    assert "is held by" in tiny.refused("resume", "tiny", "--engine", "plain")
    tiny.write("results.csv", "level,ratio,shown\n1,0.5,3\n")
    assert "is held by" in tiny.refused("tell", "tiny", "results.csv", "--sim")
    assert "exists" in tiny.refused("run", "campaign.py", "--engine", "plain")

    assert command("stop")[0] == 0
    assert lab.end() == 130
    assert "labloop resume tiny" in tiny.refused("command", "tiny", "pause")
    row = json.loads(tiny.ok("status", "tiny", "--json"))
    assert (row["done"], row["failed"]) == (4, 0)


def test_all_that_waits_is_shown_and_approved_at_once(tiny, running):
    """With the conditions of each, and the words to type; nothing is approved twice."""
    text = (tiny.folder / "campaign.py").read_text()
    tiny.write("campaign.py", text.replace("strategy=", "approval=True, batch=3, strategy="))
    lab = running("run", "campaign.py", "--experiments", "4")
    lab.until("approval of experiment 1 (level=")
    assert tiny("command", "tiny", "stop", "--wait", "20")[0] == 0
    lab.end()
    said = tiny.ok("status", "tiny")
    shown = [format_point(point) for point in points(tiny)]
    assert [f"waits     experiment {i}: {p}" in said for i, p in enumerate(shown, 1)] == [True] * 3
    assert "approve: labloop command tiny approve experiment=1,2 --db" in said
    said = tiny.ok("command", "tiny", "approve", "all")
    assert said.splitlines()[:3] == [f"approve {i}: accepted" for i in (1, 2, 3)]
    assert "waits " not in tiny.ok("status", "tiny")
    assert "no experiment of campaign 'tiny' waits for approval" in tiny.refused(
        "command", "tiny", "reject", "all"
    )


def test_a_word_counts_also_while_nothing_runs(tiny, running):
    """On a stopped campaign approvals, edits and the like are answered at once, and carried out."""
    text = (tiny.folder / "campaign.py").read_text()
    tiny.write("campaign.py", text.replace("strategy=", "approval=True, batch=3, strategy="))
    lab = running("run", "campaign.py", "--experiments", "4")
    lab.until("approval of experiment 1 (level=")
    assert tiny("command", "tiny", "stop", "--wait", "20")[0] == 0
    assert lab.end() == 130

    def command(*words):
        return tiny("command", "tiny", *words, "--wait", "0.2")

    code, said = command("approve", "experiment=1")
    assert (code, said.splitlines()[0]) == (0, "approve: accepted")
    assert "goes on with: labloop resume tiny" in said
    code, said = command("approve", "experiment=1")
    assert code == 1
    assert "too late" in said
    assert command("edit", "experiment=2", "level=2")[0] == 0
    code, said = command("reject", "experiment=3,9", "--reason", "too hot")
    assert (code, said.splitlines()[0]) == (1, "reject 3: accepted")
    assert "reject 9: there is no experiment" in said
    assert command("add", "level=3", "ratio=0.6")[0] == 0
    lab = running("resume", "tiny", "--experiments", "3")
    assert lab.end() == 0
    row = json.loads(tiny.ok("status", "tiny", "--json"))
    assert (row["done"], row["abandoned"]) == (3, 2)
    assert points(tiny)[3]["level"] == 2.0
    assert points(tiny)[4] == {"level": 3.0, "ratio": 0.6}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("approve",), "approve needs experiment=NUMBER"),
        (("pause", "experiment=1"), "pause takes no experiment"),
        (("add", "level"), "expected name=value"),
        (("stop",), "so nobody would answer; run it again with: labloop resume tiny"),
    ],
)
def test_a_command_that_makes_no_sense_is_not_written(ran, words, sentence):
    """Nothing waits in the inbox to surprise the next resume."""
    assert sentence in ran.refused("command", "tiny", *words)
    assert "\ncommand " not in ran.ok("status", "tiny")


def test_a_doubtful_experiment_waits_for_a_persons_word(tiny):
    """An answer that never came may mean that it happened: the person says, and it goes on."""
    tiny.ok("try", "campaign.py", "level=1", "ratio=0.5")  # makes the database
    path = tiny.folder / "lab.toml"
    path.write_text(
        path.read_text().replace("options = {}", 'options = { faults = [["drop", 5]] }')
    )
    answers = []

    def person():
        with open_database(tiny.folder / "labloop.db") as repositories:
            while not (found := doubtful(repositories)):
                time.sleep(0.1)
            # The question is told first.
            time.sleep(ROUND_SECONDS + 1)
            for outcome in ("perhaps", "failed"):
                arguments = {"experiment": str(found[0].number), "outcome": outcome}
                asked = Command(
                    campaign_id=found[0].campaign_id,
                    kind=CommandKind.RESOLVE,
                    actor="somebody",
                    arguments=arguments,
                )
                repositories.commands.add(asked).result()
            while any(c.accepted is None for c in repositories.commands.all(asked.campaign_id)):
                time.sleep(0.1)
            answers.extend(c.answer for c in repositories.commands.all(asked.campaign_id))

    thread = threading.Thread(target=person, daemon=True)
    thread.start()
    said = tiny.ok("run", "campaign.py", "--experiments", "4", "--engine", "plain")
    thread.join(20)
    assert "what became of experiment" in said
    assert "an outcome is one of" in answers[0]
    assert answers[1] == "accepted"
    row = json.loads(tiny.ok("status", "tiny", "--json"))
    assert (row["done"], row["failed"]) == (3, 1)


def doubtful(repositories):
    """Return the experiments of which nobody knows what became."""
    found = repositories.campaigns.find("tiny", Mode.SIMULATED)
    if found is None:
        return []
    return repositories.experiments.all(found.id, {ExperimentState.UNCERTAIN})


def test_a_campaign_whose_process_was_killed_is_told_to_be_nobodys(tiny, running):
    """While a process is at it nothing is said; after kill -9 the words to go on with are."""
    text = (tiny.folder / "campaign.py").read_text()
    tiny.write("campaign.py", text.replace("strategy=", "approval=True, strategy="))
    lab = running("run", "campaign.py")
    lab.until("waits for you: approval of experiment 1")
    assert "no process is at it" not in tiny.ok("status", "tiny")
    lab.process.kill()
    lab.end()
    said = tiny.ok("status", "tiny")
    assert "no process is at it, the last one ended in between: labloop resume tiny --db" in said
