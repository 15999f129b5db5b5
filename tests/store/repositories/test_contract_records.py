"""The contract of journal, inbox, alarms and leases, on both dialects."""

from datetime import UTC, datetime

import pytest
from store_samples import CAMPAIGN, experiment

from labloop.errors import LeaseError, NotFoundError, StaleStateError
from labloop.records import (
    ActionState,
    Alarm,
    Command,
    CommandKind,
    DeviceIdentity,
    ForecastRecord,
    ForecastSpan,
    Intent,
    Occupation,
    Outcome,
    Severity,
)

FIRST = experiment().id


def intent(number: int = 1, **changes) -> Intent:
    values = {
        "id": f"{FIRST}-a{number:03d}",
        "campaign_id": CAMPAIGN,
        "experiment_id": FIRST,
        "device": "pump",
        "name": "set_rate",
        "arguments": {"rate": 1.5, "words": ["a", None, True]},
        "lab_time": 2.0,
        "actor": "labloop",
        "lease_token": 2**40,
    }
    return Intent(**{**values, **changes})


def outcome(number: int = 1, state: ActionState = ActionState.DONE, **changes) -> Outcome:
    values = {
        "intent_id": f"{FIRST}-a{number:03d}",
        "state": state,
        "result": {"rate": 1.5},
        "sent": (b"\x02RAT\x00\x03", b""),
        "received": (b"\x0200S\x03",),
        "lab_time": 2.5,
    }
    return Outcome(**{**values, **changes})


class TestJournal:
    def test_entries(self, filled):
        """Entries come in order of sequence with what was sent and received."""
        for number in (2, 1):
            filled.journal.intent(intent(number)).result()
        filled.journal.outcome(outcome(2)).result()
        second, first = filled.journal.entries(CAMPAIGN)
        assert (second.intent, second.outcome) == (intent(2), outcome(2))
        assert (first.intent, first.outcome, first.state) == (intent(1), None, ActionState.INTENT)
        assert second.sequence < first.sequence
        assert filled.journal.entries(CAMPAIGN, FIRST) == [second, first]
        assert filled.journal.entries(CAMPAIGN, "other") == []

    def test_open(self, filled):
        """Open are intents without outcome and those that are uncertain."""
        for number in (1, 2, 3, 4):
            filled.journal.intent(intent(number)).result()
        filled.journal.outcome(outcome(1)).result()
        filled.journal.outcome(outcome(2, ActionState.UNCERTAIN)).result()
        filled.journal.outcome(outcome(3, ActionState.UNCERTAIN)).result()
        filled.journal.outcome(outcome(3, ActionState.NOT_SENT)).result()
        found = filled.journal.open_intents(CAMPAIGN)
        assert [(e.intent.id[-1], e.state) for e in found] == [("2", "uncertain"), ("4", "intent")]

    def test_ends_once(self, filled):
        """What ended cannot end again, not even as uncertain."""
        filled.journal.intent(intent()).result()
        filled.journal.outcome(outcome()).result()
        for state in (ActionState.FAILED, ActionState.DONE, ActionState.UNCERTAIN):
            with pytest.raises(StaleStateError, match=f"ended as done .* as {state.value}"):
                filled.journal.outcome(outcome(1, state)).result()

    def test_unknown(self, filled):
        """No outcome without intent, no intent without experiment or campaign."""
        with pytest.raises(NotFoundError, match="never stored; commit the intent first"):
            filled.journal.outcome(outcome(7)).result()
        with pytest.raises(NotFoundError, match="not stored"):
            filled.journal.intent(intent(experiment_id="no")).result()
        with pytest.raises(NotFoundError, match="has the id 'no'"):
            filled.journal.intent(intent(campaign_id="no", experiment_id=None)).result()

    def test_twice(self, filled):
        """The same intent is not stored twice."""
        filled.journal.intent(intent()).result()
        with pytest.raises(StaleStateError, match="stored before"):
            filled.journal.intent(intent()).result()

    def test_safe_state(self, filled):
        """An intent may belong to no experiment."""
        filled.journal.intent(intent(experiment_id=None)).result()
        assert filled.journal.entries(CAMPAIGN)[0].intent.experiment_id is None

    def test_steps(self, filled):
        """Finished steps give their results; an action or an open step does not."""
        for number, kind, state in (
            (1, "step", ActionState.DONE),
            (2, "step", ActionState.FAILED),
            (3, "action", ActionState.DONE),
        ):
            filled.journal.intent(intent(number, kind=kind, name=f"n{number}")).result()
            filled.journal.outcome(outcome(number, state, result=[number, None])).result()
        filled.journal.intent(intent(4, kind="step", name="n4")).result()
        assert filled.journal.finished_steps(FIRST) == {"n1": [1, None]}

    def test_identities(self, filled):
        """Who answered is kept at each connect, in order."""
        who = [
            DeviceIdentity(device="pump", model="NE-1000", serial_number=n, url="emulator://pump")
            for n in "211"
        ]
        for identity in who:
            filled.journal.identity(CAMPAIGN, identity).result()
        assert filled.journal.identities(CAMPAIGN) == who


class TestCommands:
    def test_inbox(self, filled):
        """A command waits until it is answered, once."""
        command = Command(
            campaign_id=CAMPAIGN,
            kind=CommandKind.EDIT,
            actor="ben",
            arguments={"point": {"temperature": 40.0}},
            expected_version=0,
            created=datetime(2026, 1, 1, tzinfo=UTC),
        )
        first, second = (filled.commands.add(command).result() for _ in "ab")
        assert first < second
        assert [c.sequence for c in filled.commands.pending(CAMPAIGN)] == [first, second]
        assert filled.commands.answer(first, True, "edited").result() is True
        assert filled.commands.answer(first, False, "too late").result() is False
        assert [c.sequence for c in filled.commands.pending(CAMPAIGN)] == [second]
        answered, waiting = filled.commands.all(CAMPAIGN)
        assert (answered.accepted, answered.answer) == (True, "edited")
        assert (waiting.accepted, waiting.answer) == (None, "")
        assert answered.arguments == command.arguments
        assert answered.created == command.created

    def test_unknown(self, filled):
        """No answer without a command, no command without a campaign."""
        with pytest.raises(NotFoundError, match="no command 99"):
            filled.commands.answer(99, True, "").result()
        with pytest.raises(NotFoundError, match="has the id 'no'"):
            filled.commands.add(
                Command(campaign_id="no", kind=CommandKind.STOP, actor="ben")
            ).result()


class TestAlarms:
    def test_order(self, filled):
        """Alarms come in order with where they were raised."""
        doubts = [
            Alarm("drift", "the yield drifts", Severity.INFO, {"slope": 0.5}),
            Alarm("physics-wrong", "k is off", Severity.ERROR),
        ]
        filled.alarms.add(CAMPAIGN, doubts[0], round_index=3, experiment_id=FIRST).result()
        filled.alarms.add(CAMPAIGN, doubts[1]).result()
        first, second = filled.alarms.all(CAMPAIGN)
        assert [first.alarm, second.alarm] == doubts
        assert (first.round_index, first.experiment_id) == (3, FIRST)
        assert (second.round_index, second.experiment_id) == (None, None)
        assert first.created is not None
        assert first.created.tzinfo is not None

    def test_a_person_acknowledges(self, filled):
        """A critical alarm is open until one person has acknowledged it; the first one counts."""
        filled.alarms.add(CAMPAIGN, Alarm("drift", "the yield drifts", Severity.ERROR)).result()
        filled.alarms.add(CAMPAIGN, Alarm("not-safe", "it is hot", Severity.CRITICAL)).result()
        (alarm,) = filled.alarms.open()
        assert (alarm.alarm.kind, alarm.is_open) == ("not-safe", True)
        assert filled.alarms.acknowledge(alarm.sequence, "anna", "unplugged").result() is True
        assert filled.alarms.acknowledge(alarm.sequence, "ben").result() is False
        assert filled.alarms.open() == []
        seen = filled.alarms.all(CAMPAIGN)[-1]
        assert (seen.acknowledged_by, seen.note, seen.is_open) == ("anna", "unplugged", False)
        assert seen.acknowledged.tzinfo is not None

    def test_unknown_alarm(self, filled):
        """Nothing is acknowledged that was never raised."""
        with pytest.raises(NotFoundError, match="no alarm 99"):
            filled.alarms.acknowledge(99, "anna").result()


class TestLeases:
    def test_exclusive(self, database):
        """One holder at a time; a token grows with every grant and a stale one is nothing."""
        first = database.leases.acquire("device:lab/pump", "anna")
        assert database.leases.holds(first)
        with pytest.raises(LeaseError, match=r"held by anna .process .* since .*end that program"):
            database.leases.acquire("device:lab/pump", "ben")
        assert database.leases.acquire("device:lab/oven", "ben").token == 1
        database.leases.release(first)
        assert not database.leases.holds(first)
        second = database.leases.acquire("device:lab/pump", "ben")
        assert second.token > first.token
        database.leases.release(first)
        assert database.leases.holds(second)

    def test_abandoned(self, database):
        """Whatever nobody ever took, or gave back; never what a process that runs holds."""
        assert database.leases.abandoned("campaign:x")
        held = database.leases.acquire("campaign:x", "anna")
        assert not database.leases.abandoned("campaign:x")
        database.leases.release(held)
        assert database.leases.abandoned("campaign:x")


class TestSchedules:
    def test_held(self, filled):
        """What an experiment had is read back to the bit, with who it was."""
        had = (
            Occupation("oven-1", 1.25, 3.5, "oven", FIRST, 0.5, 1, 80.0, 0.25),
            Occupation("arm", 2.0, 2.5, "lab.arm", FIRST, 2.0, 2),
        )
        filled.schedules.add_held(FIRST, had).result()
        assert tuple(filled.schedules.held(CAMPAIGN)) == had
        assert had[0].waited == 1.0
        assert filled.schedules.forecasts(CAMPAIGN) == []
        with pytest.raises(NotFoundError, match="no experiment has the id 'other'"):
            filled.schedules.add_held("other", had).result()

    def test_forecasts(self, filled):
        """Forecasts are read back in their order."""
        first = ForecastRecord(
            campaign_id=CAMPAIGN,
            lab_time=12.5,
            experiments=3,
            hours=2.0,
            low=1.5,
            high=2.5,
            basis="3 runs ahead",
            bottleneck="oven",
            waits={"oven": 0.5},
            spans=(ForecastSpan("oven-1", 0.0, 60.0, held=True), ForecastSpan("arm", 1.0, 2.0)),
            actor="ben",
            created=datetime(2026, 3, 4, tzinfo=UTC),
        )
        second = ForecastRecord(
            campaign_id=CAMPAIGN, lab_time=0.0, experiments=1, hours=1.0, low=0.9, high=1.1
        )
        for each in (first, second):
            filled.schedules.add_forecast(each).result()
        found = filled.schedules.forecasts(CAMPAIGN)
        assert found[0] == first
        assert [each.experiments for each in found] == [3, 1]
        assert filled.schedules.held(CAMPAIGN) == []
