"""Promise: a lease of a machine that is gone can be taken, and what that one writes is refused."""

import time

import pytest
from store_samples import CAMPAIGN, bundle, campaign, experiment

from labloop.errors import DatabaseUnusableError, LeaseError
from labloop.store import open_database
from labloop.store.repositories.leasing import beats as lease_beats
from labloop.store.repositories.leasing import leases

ANNA = "anna [host=elsewhere/1 boot=b pid=7 start=1]"
NAME = f"campaign:{CAMPAIGN}"


@pytest.fixture
def silent(monkeypatch):
    """Let everybody be silent at once, and be watched for a moment."""
    monkeypatch.setattr(lease_beats, "SILENT_SECONDS", 0.0)
    monkeypatch.setattr(leases, "WATCH_SECONDS", 0.3)


def test_who_was_heard_is_not_taken_over(database):
    """Also where somebody asks for it; the sentence says when."""
    database.leases.acquire(NAME, ANNA)
    for take_over in (False, True):
        with pytest.raises(LeaseError, match=r"anna on elsewhere/1 .*heard \d+ s ago: end it"):
            database.leases.acquire(NAME, "ben", take_over=take_over)


def test_who_is_silent_is_taken_over_by_a_persons_word_alone(database, silent):
    """Without it the sentence says for how long, and which word it needs."""
    database.leases.acquire(NAME, ANNA)
    with pytest.raises(LeaseError, match=r"not heard for \d+ s; .*resume NAME --take-over"):
        database.leases.acquire(NAME, "ben")
    grant = database.leases.acquire(NAME, "ben", take_over=True)
    assert grant.token == 2
    assert database.leases.holds(grant)


def test_who_is_heard_while_it_is_watched_keeps_its_lease(url, database, silent, monkeypatch):
    """The database's clock may have jumped: the counter is what counts."""
    monkeypatch.setattr(lease_beats, "BEAT_SECONDS", 0.02)
    with open_database(url) as there:
        kept = there.leases.acquire(NAME, ANNA)
        monkeypatch.setattr(leases, "WATCH_SECONDS", 2.0)
        with pytest.raises(LeaseError, match="anna on elsewhere"):
            database.leases.acquire(NAME, "ben", take_over=True)
        assert there.leases.holds(kept)
        there.leases.release(kept)


def test_what_the_old_holder_writes_afterwards_is_refused(url, database, silent):
    """A machine that was suspended wakes up and stores nothing more; the new holder's stands."""
    database.campaigns.create(campaign(), bundle()).result()
    with open_database(url) as there:
        lost = there.leases.acquire(NAME, ANNA)
        there.experiments.add(experiment(1)).result()
        grant = database.leases.acquire(NAME, "ben", take_over=True)
        with pytest.raises(DatabaseUnusableError, match=r"was taken over by ben on .*nothing more"):
            there.experiments.add(experiment(2)).result()
        with pytest.raises(DatabaseUnusableError):
            there.leases.release(lost)
    database.experiments.add(experiment(2)).result()
    assert [row.number for row in database.experiments.all(CAMPAIGN)] == [1, 2]
    database.leases.release(grant)
    database.experiments.add(experiment(3)).result()


def test_a_process_is_heard_as_long_as_it_holds(url, database, monkeypatch):
    """Its counter grows, and stands still when the lease is given back."""
    monkeypatch.setattr(lease_beats, "BEAT_SECONDS", 0.02)

    def beats():
        found = database.leases._beats.seen(NAME, 1)
        return 0 if found is None else found.beats

    with open_database(url) as there:
        grant = there.leases.acquire(NAME, ANNA)
        until = time.monotonic() + 120
        while beats() < 3 and time.monotonic() < until:
            time.sleep(0.02)
        assert beats() >= 3
        there.leases.release(grant)
        time.sleep(0.1)
        before = beats()
        time.sleep(0.2)
        assert beats() == before
