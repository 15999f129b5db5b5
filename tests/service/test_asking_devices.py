"""Promises of a real host that was killed: its instruments are asked before a person is."""

import asyncio
import json
import shutil

import pytest
from host_toys import running_host

from benchmarks.durability import doser
from labloop.lab import Asker, Request, ask_about, load_lab_file
from labloop.lab.sessions import HeldSession
from labloop.records import ActionState, Intent, Mode
from labloop.service import host_status
from labloop.service.record import host_record
from labloop.store import open_database, verify
from labloop_simulators.kit import serve_world

ASKED = "0011223344556677-0001-a001"


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Serve a doser that keeps the ids of what it did."""
    monkeypatch.setenv("LABLOOP_LOCKS", str(tmp_path / "locks"))
    monkeypatch.setenv("LABLOOP_STATE", str(tmp_path / "state"))
    with serve_world({"doser": doser.DoserEmulator(tmp_path)}) as urls:
        (tmp_path / "urls.json").write_text(json.dumps(dict(urls)))
        yield tmp_path


def lab_file(place, *, tells=True):
    url = json.loads((place / "urls.json").read_text())["doser"]
    doser.write_campaign(place, url, seed=1, experiments=1, tells=tells)
    return load_lab_file(place / "lab.toml")


def killed_host(place, *, deaths=1):
    """Leave what a host leaves that was killed with ``put`` begun; return the fencing token."""

    async def begun(record):
        asker = Asker("tests", "ada", "here")
        token = await record.new_session(asker, ["doser"])
        session = HeldSession("s", token, asker, ("doser",), 0.0, None)
        asked = Request(id=ASKED, kind="action", device="doser", name="put", arguments={"dose": 7})
        await record.heard(session, asked)
        return session

    alive = place / "alive.db"
    with open_database(alive) as rows, host_record(rows, "bench", Mode.REAL, "ada") as (record, _):
        session = asyncio.run(begun(record))
        key = f"{session.key(ASKED)}-a001"
        intent = Intent(
            id=key,
            campaign_id=record.campaign_id,
            experiment_id=None,
            device="doser",
            name="put",
            lease_token=session.token,
        )
        rows.journal.intent(intent).result()
        keep(alive, place / "host.db")
    for _ in range(deaths - 1):
        last = place / "host.db"
        with open_database(last) as rows, host_record(rows, "bench", Mode.REAL, "ada"):
            keep(last, place / "again.db")
        keep(place / "again.db", last)
    return session.token, key


def keep(source, target):
    """Copy what lies on the disk at this moment: what a killed process leaves."""
    for path in target.parent.glob(f"{target.name}*"):
        path.unlink()
    for path in source.parent.glob(f"{source.name}*"):
        shutil.copy(path, path.with_name(path.name.replace(source.name, target.name)))


@pytest.mark.parametrize(
    ("did", "state", "deaths"),
    [(True, ActionState.DONE, 1), (True, ActionState.DONE, 2), (False, ActionState.NOT_SENT, 1)],
)
def test_what_the_instrument_knows_the_host_tells(place, did, state, deaths):
    """Also where the host died once more before it could ask; nothing is sent again for it."""
    token, key = killed_host(place, deaths=deaths)
    if did:
        (place / "truth.txt").write_text(f"PUT 7 {key}\n", encoding="ascii")
    order = {"lab_file": lab_file(place), "mode": Mode.REAL}
    with running_host(place, **order):
        notes = [note["text"] for note in host_status("bench")["notes"]]
        answer = ask_about("host://bench", token, ASKED)
        assert answer.state is state
        told = f"doser.put: doser itself, which was asked, says {state.value}"
        assert told in answer.message
        assert (told in "\n".join(notes)) is (deaths == 1)
        assert ask_about("host://bench", token, ASKED) == answer
    assert doser.carried_out(place)[("put", "7")] == did
    with open_database(place / "host.db") as rows:
        assert rows.journal.find(key).state is state
        assert verify(rows).whole


def test_whoever_waits_for_a_result_that_is_lost_gets_no_result(place):
    """An action is known to be done, and nobody goes on with nothing in place of what it gave."""
    token, key = killed_host(place)
    (place / "truth.txt").write_text(f"PUT 7 {key}\n", encoding="ascii")
    order = {"lab_file": lab_file(place), "mode": Mode.REAL}
    with running_host(place, **order):
        answer = ask_about("host://bench", token, ASKED)
    assert answer.state is ActionState.DONE
    assert answer.error == "UncertainError"


def test_an_instrument_that_cannot_tell_leaves_it_to_a_person(place):
    """The host says that it does not know."""
    token, key = killed_host(place)
    (place / "truth.txt").write_text(f"PUT 7 {key}\n", encoding="ascii")
    order = {"lab_file": lab_file(place, tells=False), "mode": Mode.REAL}
    with running_host(place, **order):
        answer = ask_about("host://bench", token, ASKED)
    assert answer.state is ActionState.UNCERTAIN
    assert answer.message == "the host ended while it was under way; look at the device"
