"""Promises of a host's record: what a host that died had under way is known to be unknown."""

import asyncio
import shutil

from labloop.lab import Asker, Request
from labloop.lab.sessions import HeldSession
from labloop.records import ActionState, CampaignState, Mode
from labloop.service.record import host_record
from labloop.store import open_database


async def begun(record):
    """Let a campaign ask for an action that is never answered, and return its token."""
    asker = Asker("tests", "ada", "here")
    token = await record.new_session(asker, ["a"])
    session = HeldSession("s", token, asker, ("a",), 0.0, None)
    await record.heard(session, Request(id="x-a001", kind="action", device="a", name="run"))
    return token


def test_what_a_host_had_under_way_when_it_died_is_uncertain_at_its_next_start(tmp_path):
    """Whoever asks is told so; what never came is NOT_SENT, what is older is not known."""
    alive, left = tmp_path / "alive.db", tmp_path / "left.db"
    with open_database(alive) as rows, host_record(rows, "bench", Mode.REAL, "ada") as (record, _):
        token = asyncio.run(begun(record))
        # What lies on the disk at this moment is what a killed process leaves.
        for path in tmp_path.glob("alive.db*"):
            shutil.copy(path, left.with_name(path.name.replace("alive", "left")))
    with open_database(left) as rows:
        with host_record(rows, "bench", Mode.REAL, "ada") as (record, note):
            assert note == "the host before it ended without a word, with 1 actions under way"
            answer = asyncio.run(record.settled(token, "x-a001"))
            assert answer.state is ActionState.UNCERTAIN
            assert "the host ended while it was under way" in answer.message
            assert asyncio.run(record.settled(token, "never")).state is ActionState.NOT_SENT
            assert asyncio.run(record.settled(7, "old")).state is ActionState.UNCERTAIN
        states = [each.state for each in rows.campaigns.all()]
        assert states == [CampaignState.FAILED, CampaignState.FINISHED]
