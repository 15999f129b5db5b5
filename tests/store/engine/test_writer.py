"""The one writer: groups, order, failures of one and failures of all."""

import sqlite3
import threading
import time

import pytest
from store_samples import CAMPAIGN, experiment

from labloop.errors import DatabaseUnusableError, NotFoundError, StaleStateError, StoreError
from labloop.records import ExperimentState
from labloop.store import open_database
from labloop.store.engine import connect


def hold(database) -> tuple[threading.Event, threading.Event]:
    """Keep the writer busy inside of an operation until the second event is set."""
    entered, go = threading.Event(), threading.Event()

    def wait(_session) -> None:
        entered.set()
        assert go.wait(10)

    database.connections.submit(wait)
    assert entered.wait(10)
    return entered, go


def test_group(filled):
    """What waits while a commit runs goes into the next one, resolved in order."""
    _, go = hold(filled)
    resolved: list[int] = []
    before = filled.statistics().commits
    futures = [filled.experiments.add(experiment(n)) for n in range(2, 102)]
    for number, future in enumerate(futures):
        future.add_done_callback(lambda _, n=number: resolved.append(n))
    go.set()
    futures[-1].result()
    assert resolved == list(range(100))
    done = filled.statistics()
    assert done.commits - before <= 2
    assert done.operations >= 101
    assert done.seconds_in_commit > 0
    assert len(filled.experiments.all(CAMPAIGN)) == 101


def test_one_fails_alone(filled):
    """A failing operation fails its own future; its group is stored."""
    _, go = hold(filled)
    first = experiment().id
    futures = [
        filled.experiments.add(experiment(2)),
        filled.experiments.add(experiment(2)),
        filled.experiments.move("no", ExperimentState.RUNNING, actor="ben"),
        filled.experiments.move(first, ExperimentState.DONE, actor="ben"),
        filled.connections.submit(lambda _session: 1 / 0),
        filled.experiments.move(first, ExperimentState.RUNNING, actor="ben"),
        filled.experiments.add(experiment(3)),
    ]
    go.set()
    kinds = [type(future.exception()) for future in futures]
    assert kinds == [
        type(None),
        StaleStateError,
        NotFoundError,
        StaleStateError,
        StoreError,
        type(None),
        type(None),
    ]
    assert [e.number for e in filled.experiments.all(CAMPAIGN)] == [1, 2, 3]
    assert filled.experiments.get(first).state is ExperimentState.RUNNING


def test_half_an_operation_is_nothing(filled):
    """What a failing operation had changed before it failed is undone."""
    from labloop.store.repositories.experiments import add_operation

    def half(session) -> None:
        add_operation(experiment(7))(session)
        raise StaleStateError("on purpose")

    for companions in (0, 3):
        _, go = hold(filled)
        others = [
            filled.experiments.add(experiment(20 + companions + n)) for n in range(companions)
        ]
        future = filled.connections.submit(half)
        go.set()
        with pytest.raises(StaleStateError, match="on purpose"):
            future.result()
        assert all(other.exception() is None for other in others)
    assert 7 not in [e.number for e in filled.experiments.all(CAMPAIGN)]


def test_not_cancelled(filled):
    """A queued write cannot be cancelled: its outcome would be unknown."""
    _, go = hold(filled)
    future = filled.experiments.add(experiment(2))
    assert not future.cancel()
    go.set()
    assert future.result() is None


def test_close_commits(url, database):
    """Closing finishes what is queued; later writes are refused with a sentence."""
    from store_samples import bundle, campaign

    futures = [database.campaigns.create(campaign(), bundle())]
    futures += [database.experiments.add(experiment(n)) for n in range(1, 50)]
    database.close()
    database.close()
    assert all(future.done() and future.exception() is None for future in futures)
    with pytest.raises(DatabaseUnusableError, match="was closed; open it again"):
        database.experiments.add(experiment(60)).result()
    with open_database(url) as opened:
        assert len(opened.experiments.all(CAMPAIGN)) == 49


def fill_up(database) -> None:
    """Let the database grow by no page from now on, as on a full disk."""

    def limit(session) -> None:
        session.control("PRAGMA max_page_count=1")

    database.connections.submit(limit).result()


def test_disk_full(sqlite):
    """On a full disk the whole group fails with a sentence and nothing more is written."""
    from store_samples import bundle, campaign

    sqlite.campaigns.create(campaign(), bundle()).result()
    fill_up(sqlite)
    _, go = hold(sqlite)
    futures = [
        sqlite.experiments.add(experiment(n, reason="x" * 5000, actor="y" * 5000))
        for n in range(1, 50)
    ]
    go.set()
    for future in futures:
        with pytest.raises(DatabaseUnusableError, match="the disk is full; free some space"):
            future.result()
    with pytest.raises(DatabaseUnusableError, match="nothing more is written until"):
        sqlite.experiments.add(experiment(99)).result()
    assert sqlite.experiments.all(CAMPAIGN) == []
    path = str(sqlite.location.path)
    sqlite.close()
    with open_database(path) as opened:
        opened.experiments.add(experiment(1)).result()


def test_locked(tmp_path, monkeypatch):
    """A lock held for too long by another program stops all writing, with a sentence."""
    from store_samples import bundle, campaign

    monkeypatch.setattr(connect, "BUSY_SECONDS", 0.2)
    path = tmp_path / "lab.db"
    with open_database(str(path)) as database:
        database.campaigns.create(campaign(), bundle()).result()
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseUnusableError, match="locked by another program"):
            database.experiments.add(experiment(1)).result()
        other.execute("ROLLBACK")
        other.close()
        with pytest.raises(DatabaseUnusableError, match="until the database is opened again"):
            database.experiments.add(experiment(1)).result()
        assert database.experiments.all(CAMPAIGN) == []


def test_short_lock_is_waited_for(filled):
    """A lock that is given back in time only costs time."""
    if filled.location.path is None:
        pytest.skip("PostgreSQL locks rows, not the database")
    other = sqlite3.connect(filled.location.path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    future = filled.experiments.add(experiment(2))
    time.sleep(0.1)
    assert not future.done()
    other.execute("COMMIT")
    other.close()
    assert future.result() is None


@pytest.mark.pg
def test_lost_server(pg_url):
    """Where the server drops the connection all writing stops, with a sentence."""
    from sqlalchemy import text
    from store_samples import bundle, campaign

    with open_database(pg_url) as database:
        database.campaigns.create(campaign(), bundle()).result()
        with database.connections.readers.connect() as connection:
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> "
                    "pg_backend_pid() AND query LIKE 'COMMIT%'"
                )
            )
        with pytest.raises(DatabaseUnusableError, match="check that its server runs"):
            database.experiments.add(experiment(1)).result()
        with pytest.raises(DatabaseUnusableError, match="nothing more is written"):
            database.experiments.add(experiment(1)).result()


def test_own_cost(sqlite):
    """Labloop's own part of an experiment's writes stays small beside the disk's."""
    from store_samples import bundle, campaign

    from labloop.records import ActionState, Intent, Measurement, Outcome, ScalarValue

    sqlite.campaigns.create(campaign(), bundle()).result()
    best = float("inf")
    for number in range(1, 21):
        one = experiment(number)
        before = sqlite.statistics().seconds_in_operations
        sqlite.experiments.add(one)
        sqlite.experiments.move(one.id, ExperimentState.RUNNING, actor="labloop")
        for action in range(6):
            name = f"{one.id}-a{action:03d}"
            sqlite.journal.intent(
                Intent(id=name, campaign_id=CAMPAIGN, experiment_id=one.id, device="d", name="n")
            )
            sqlite.journal.outcome(Outcome(intent_id=name, state=ActionState.DONE))
        sqlite.experiments.save_raw(one.id, Measurement({"y": ScalarValue(1.0)}))
        sqlite.experiments.complete(
            one.id, {"y": ScalarValue(1.0)}, analysis="a", actor="labloop"
        ).result()
        best = min(best, sqlite.statistics().seconds_in_operations - before)
    assert best < 0.005
