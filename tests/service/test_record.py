"""Promises of a host's record: of what a host that died had under way it says what can be known."""

import asyncio
import shutil

import pytest

from labloop.lab import Asker, Request
from labloop.lab.sessions import HeldSession
from labloop.records import ActionState, CampaignState, Intent, Mode, Outcome
from labloop.service.record import host_record
from labloop.store import open_database


async def heard(record):
    """Let a campaign ask for an action, and return its session."""
    asker = Asker("tests", "ada", "here")
    token = await record.new_session(asker, ["a"])
    session = HeldSession("s", token, asker, ("a",), 0.0, None)
    await record.heard(session, Request(id="x-a001", kind="action", device="a", name="run"))
    return session


def begin(journal, record, session):
    """Commit what the gate commits before the bytes; return its id."""
    key = f"{session.key('x-a001')}-a001"
    intent = Intent(
        id=key,
        campaign_id=record.campaign_id,
        experiment_id=None,
        device="a",
        name="run",
        lease_token=session.token,
    )
    journal.intent(intent).result()
    return key


def killed(tmp_path, outcome=None, *, begun=True):
    """Return a database as a host leaves it that was killed, and the token of its campaign."""
    alive, left = tmp_path / "alive.db", tmp_path / "left.db"
    with open_database(alive) as rows, host_record(rows, "bench", Mode.REAL, "ada") as (record, _):
        session = asyncio.run(heard(record))
        if begun:
            key = begin(rows.journal, record, session)
            if outcome is not None:
                rows.journal.outcome(Outcome(intent_id=key, **outcome)).result()
        # What lies on the disk at this moment is what a killed process leaves.
        for path in tmp_path.glob("alive.db*"):
            shutil.copy(path, left.with_name(path.name.replace("alive", "left")))
    return left, session.token


def told(left, token):
    """Return what the next start of the host says of the action."""
    with open_database(left) as rows, host_record(rows, "bench", Mode.REAL, "ada") as (record, _):
        return asyncio.run(record.settled(token, "x-a001"))


def test_what_a_host_had_under_way_when_it_died_is_uncertain_at_its_next_start(tmp_path):
    """Whoever asks is told so; what never came is NOT_SENT, what is older is not known."""
    left, token = killed(tmp_path)
    with open_database(left) as rows:
        with host_record(rows, "bench", Mode.REAL, "ada") as (record, died):
            note = "the host before it ended without a word, with 1 actions under way"
            assert died.note == note
            answer = asyncio.run(record.settled(token, "x-a001"))
            assert answer.state is ActionState.UNCERTAIN
            assert "the host ended while it was under way" in answer.message
            assert asyncio.run(record.settled(token, "never")).state is ActionState.NOT_SENT
            assert asyncio.run(record.settled(7, "old")).state is ActionState.UNCERTAIN
        states = [each.state for each in rows.campaigns.all()]
        assert states == [CampaignState.FAILED, CampaignState.FINISHED]


def test_what_the_gate_had_not_begun_was_not_sent(tmp_path):
    """The gate commits before the bytes: nobody is asked about what it never wrote down."""
    answer = told(*killed(tmp_path, begun=False))
    assert answer.state is ActionState.NOT_SENT
    assert answer.message == "the host ended before it had sent anything of it"


@pytest.mark.parametrize(
    ("outcome", "error"),
    [
        ({"state": ActionState.DONE, "sent": (b"RUN\n",)}, ""),
        ({"state": ActionState.DONE, "result": {"value": 1.0, "unit": "g"}}, "UncertainError"),
        ({"state": ActionState.FAILED, "detail": "a refuses"}, "DeviceError"),
        ({"state": ActionState.NOT_SENT, "detail": "too late"}, "NotConnectedError"),
        ({"state": ActionState.UNCERTAIN}, "UncertainError"),
    ],
)
def test_what_the_gate_saw_end_is_known_though_nobody_was_answered(tmp_path, outcome, error):
    """The state is the gate's; a result that is lost is no result for whoever waits for it."""
    answer = told(*killed(tmp_path, outcome))
    assert (answer.state, answer.error) == (outcome["state"], error)
    assert answer.sent == outcome.get("sent", ())
    assert outcome.get("detail", "") in answer.message
