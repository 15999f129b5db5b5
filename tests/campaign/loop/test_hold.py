"""Promise: a lab is not left as it was for as long as a person lets its campaign wait."""

import threading
import time

import pytest
from campaign_toys import ask, create, write

from labloop.campaign import PlainHooks
from labloop.campaign.decisions.state import MachineState, waits_for_person
from labloop.campaign.loop.hold import Hold
from labloop.lab import HoldTable, SafetyReport
from labloop.records import CampaignState, CommandKind, ExperimentJob, ExperimentState

APPROVAL = "budget=Budget(experiments=2), approval=True"
LOST_ANSWER = '[["drop", 3]]'
"""The first experiment sets the level and hears nothing."""
JOB = ExperimentJob(experiment_id="c-0001", number=1, round_index=0, point={"level": 1.0})


def rule(path, text):
    """Add a table ``[hold]`` to the lab file beside a campaign."""
    lab = path.parent / "lab.toml"
    lab.write_text(f"{lab.read_text()}\n[hold]\n{text}\n")
    return path


def safe_states(repositories, campaign):
    """Return the outcomes of all safe states, in order."""
    entries = repositories.journal.entries(campaign.record.id)
    return [e for e in entries if e.intent.name == "safe_state"]


def alarms(repositories, campaign, kind):
    found = repositories.alarms.all(campaign.record.id)
    return [a.alarm for a in found if a.alarm.kind == kind]


class Person(PlainHooks):
    """Notes what is shown, and acts once when it is asked to."""

    def __init__(self, when, act):
        super().__init__()
        self.shown, self._when, self._act, self._done = [], when, act, threading.Event()
        self.thread = threading.Thread(target=self._wait, daemon=True)

    def _wait(self):
        end = time.monotonic() + 20
        while not self._when():
            if time.monotonic() > end:
                break
            time.sleep(0.02)
        self._act()

    def changed(self, snapshot):
        if snapshot.question and snapshot.question not in self.shown:
            self.shown.append(snapshot.question)


def run(campaign, when, act):
    """Run with a person who does ``act`` once ``when()`` is true."""
    person = Person(when, act)
    person.thread.start()
    record = campaign.run(person)
    person.thread.join()
    return record, person.shown


class Lab:
    """A lab of two devices that notes what is asked of it."""

    def __init__(self, **failures):
        self.asked = []
        self.failures = failures

    def hold(self):
        self.asked.append("hold")
        safe = [name for name in ("pump", "heater") if name not in self.failures]
        return SafetyReport(safe=safe, failures=dict(self.failures))

    def go_on(self):
        self.asked.append("go on")


@pytest.fixture
def held(repositories, tmp_path):
    """Return what makes a hold over a lab, with a clock in the test's hand."""
    record = create(repositories, write(tmp_path, APPROVAL)).record

    def make(lab, **table):
        clock = [100.0]
        made = Hold(HoldTable(**table), lab, repositories, record, "me", lambda: clock[0])
        return made, clock

    make.record = record
    return make


def test_who_waits_is_seen_by_the_state():
    """A doubt, a pause and an approval wait for a person; what still runs or thinks does not."""
    assert waits_for_person(MachineState(unresolved="what became of it?"))
    assert waits_for_person(MachineState(paused="lunch", ready=(JOB,)))
    assert waits_for_person(MachineState(awaiting=(JOB,)))
    busy = [{"running": frozenset({"x"})}, {"proposing": True}, {"ending": "enough"}]
    assert not any(waits_for_person(MachineState(paused="lunch", **more)) for more in busy)
    assert not waits_for_person(MachineState())


def test_told_at_once_held_after_the_time_told_again_afterwards(held, repositories):
    """At the default: ten minutes; once; the status says it, too."""
    lab = Lab()
    hold, clock = held(lab)
    waiting = MachineState(paused="lunch")
    assert hold.update(waiting)
    assert "after 10 min of waiting, at " in hold.with_note("lunch")
    assert "is brought into its safe state" in hold.note
    clock[0] += 599.9
    assert not hold.update(waiting)
    assert lab.asked == []
    clock[0] += 0.2
    assert hold.update(waiting)
    assert lab.asked == ["hold"]
    clock[0] += 1e6
    assert not hold.update(waiting)
    assert lab.asked == ["hold"]
    reason = repositories.campaigns.get(held.record.id).reason
    assert reason.startswith("waits for you: lunch; since ")
    assert reason.endswith("the lab is held: 2 devices are safe")
    assert hold.update(MachineState(running=frozenset({"x"})))
    assert lab.asked == ["hold", "go on"]
    assert (hold.note, repositories.campaigns.get(held.record.id).reason) == ("", "running")
    told = [a.alarm for a in repositories.alarms.all(held.record.id)]
    assert [a.kind for a in told] == ["held", "hold-over"]
    assert "pump, heater as the safe state left them" in told[1].message


def test_an_answer_in_time_changes_nothing_and_the_next_wait_begins_anew(held, repositories):
    """Nothing is held that did not wait for the whole time at once."""
    lab = Lab()
    hold, clock = held(lab, after="1 min")
    for _ in range(3):
        assert hold.update(MachineState(paused="lunch"))
        clock[0] += 59
        assert hold.update(MachineState())
        assert not hold.update(MachineState())
    assert lab.asked == []
    assert not repositories.alarms.all(held.record.id)


def test_what_does_not_get_safe_is_named(held):
    """A person who is away finds the device in the words; the lab itself tells it loudly."""
    hold, clock = held(Lab(heater="no answer"))
    hold.update(MachineState(paused="lunch"))
    clock[0] += 601
    hold.update(MachineState(paused="lunch"))
    assert "heater is NOT known to be safe: no answer" in hold.note


def test_a_lab_that_keeps_is_left_and_that_is_told(held):
    """Who writes it down has thought about it."""
    lab = Lab()
    hold, clock = held(lab, state="keep")
    assert hold.update(MachineState(paused="lunch"))
    assert "stays as it is" in hold.note
    clock[0] += 1e6
    assert not hold.update(MachineState(paused="lunch"))
    assert lab.asked == []


def test_the_end_of_a_campaign_is_no_end_of_a_hold(held):
    """A stop makes safe by itself; nothing is fed again before."""
    lab = Lab()
    hold, clock = held(lab)
    hold.update(MachineState(paused="lunch"))
    clock[0] += 601
    hold.update(MachineState(paused="lunch"))
    hold.update(MachineState(ending="enough", running=frozenset()))
    assert lab.asked == ["hold"]


def approve_all(repositories, campaign):
    for row in repositories.experiments.all(campaign.record.id, {ExperimentState.AWAITING}):
        ask(repositories, campaign.record.id, CommandKind.APPROVE, experiment=str(row.number))


def test_a_campaign_that_waits_for_approval_is_held_and_goes_on(repositories, tmp_path):
    """In simulation as well: the box is set to zero while nobody answers, and then used."""
    path = rule(write(tmp_path, "budget=Budget(experiments=1), approval=True"), 'after = "0.05 s"')
    made = create(repositories, path)
    record, shown = run(
        made,
        lambda: alarms(repositories, made, "held"),
        lambda: approve_all(repositories, made),
    )
    assert record.state is CampaignState.FINISHED, record.reason
    assert [e.state.value for e in safe_states(repositories, made)] == ["done", "done"]
    assert len(alarms(repositories, made, "hold-over")) == 1
    first = next(text for text in shown if ";" in text)
    assert first.startswith("approval of experiment 1 (")
    assert "; after 0.05 s of waiting, at " in first
    assert any("since" in text and "the lab is held" in text for text in shown)
    [row] = repositories.experiments.all(made.record.id)
    assert row.state is ExperimentState.DONE


def test_a_doubt_that_nobody_settles_is_held(repositories, tmp_path):
    """The device that gave no answer is not left with what it was asked to do."""
    path = rule(
        write(tmp_path, "budget=Budget(experiments=1)", faults=LOST_ANSWER), 'after = "0 s"'
    )
    made = create(repositories, path)

    def resolve():
        ask(repositories, made.record.id, CommandKind.RESOLVE, experiment="1", outcome="failed")

    record, _ = run(made, lambda: alarms(repositories, made, "held"), resolve)
    assert record.state is CampaignState.FINISHED, record.reason
    assert made.truth is not None
    assert len(safe_states(repositories, made)) == 2


def test_while_an_experiment_runs_nothing_is_held(repositories, tmp_path):
    """A pause that waits for the last one to end is no waiting for a person yet."""
    path = rule(write(tmp_path, "budget=Budget(experiments=2)", seconds=1.0), 'after = "0 s"')
    made = create(repositories, path, speed="real")

    def running():
        return repositories.experiments.all(made.record.id, {ExperimentState.RUNNING})

    def pause_then_go_on():
        ask(repositories, made.record.id, CommandKind.PAUSE)
        while running():
            assert not alarms(repositories, made, "held")
            time.sleep(0.05)
        while not alarms(repositories, made, "held"):
            time.sleep(0.05)
        ask(repositories, made.record.id, CommandKind.RESUME)

    record, _ = run(made, running, pause_then_go_on)
    assert record.state is CampaignState.FINISHED, record.reason
    entries = repositories.journal.entries(made.record.id)
    names = [e.intent.name for e in entries if e.intent.device]
    assert names == ["set_level", "show", "safe_state", "set_level", "show", "safe_state"]
