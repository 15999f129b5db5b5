"""A copy of everything, and a check that nothing changed."""

import sqlite3
import sys

import numpy as np
import pandas as pd
import pytest
from store_samples import CAMPAIGN, bundle, campaign, experiment

from labloop.errors import NotFoundError, StoreError
from labloop.records import (
    CurveData,
    Measurement,
    ModelState,
    Proposal,
    RoundRecord,
)
from labloop.store import backup, open_database, verify

FIRST = experiment().id
CURVE = CurveData(np.array([0.0, 0.5]), np.array([1.25, -2.0]), "min", "mAU")


def large() -> Measurement:
    """Raw data whose arrays lie in files."""
    return Measurement({"scan": CurveData(np.arange(10000.0), np.sqrt(np.arange(10000.0)))})


def test_backup(done, tmp_path):
    """A backup is a whole database of its own, large arrays included, made while in use."""
    done.experiments.save_raw(experiment(2).id, large()).result()
    target = tmp_path / "copies.db"
    if done.location.path is None:
        with pytest.raises(StoreError, match="back it up with pg_dump"):
            backup(done, target)
        return
    assert backup(done, target) == target
    done.experiments.add(experiment(3)).result()
    with open_database(str(target)) as copy:
        assert [e.number for e in copy.experiments.all(CAMPAIGN)] == [1, 2]
        assert copy.experiments.raw(experiment(2).id) == large()
        assert verify(copy).whole
    with pytest.raises(StoreError, match="never overwrites"):
        backup(done, target)
    with pytest.raises(StoreError, match=r"the database .* cannot be opened"):
        backup(done, tmp_path / "no" / "copy.db")


def test_whole(done):
    """An untouched database is whole, for one campaign and as such."""
    done.experiments.save_raw(experiment(2).id, large()).result()
    everything, one = verify(done), verify(done, CAMPAIGN)
    assert everything.whole
    assert one.whole
    assert everything.checked > one.checked > 2
    with pytest.raises(NotFoundError, match="no campaign"):
        verify(done, "no")


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("UPDATE bundle SET spec = '{}'", "a bundle of campaign .* is not what was stored"),
        ("UPDATE bundle_file SET content = x'00'", "a bundle of campaign .* is not what"),
        ("UPDATE proposal SET reason = 'mine'", "round 0 of campaign .* is not what was"),
        ("UPDATE round SET seed = 5", "round 0 of campaign .* is not what was stored"),
        ("UPDATE float_array SET content = x'0000000000000000'", "in a row is damaged"),
    ],
)
def test_falsified(tmp_path, request, statement, sentence):
    """Whoever gets around the guards is found out."""
    with open_database(str(tmp_path / "lab.db")) as database:
        state = ModelState("gp", 1, {}, {"w": np.ones(3)})
        proposal = Proposal({"x": 1.0}, "sobol", "first")
        database.campaigns.create(campaign(), bundle())
        database.rounds.commit(
            RoundRecord(campaign_id=CAMPAIGN, index=0, proposals=(proposal,), state=state),
            [experiment()],
        )
        database.experiments.save_raw(FIRST, Measurement({"scan": CURVE})).result()
        connection = sqlite3.connect(tmp_path / "lab.db", isolation_level=None)
        table = statement.split()[1]
        connection.execute(f"DROP TRIGGER guard_{table}_update")
        connection.execute(statement)
        connection.close()
        for found in (verify(database), verify(database, CAMPAIGN)):
            assert any(pd.Series(found.problems).str.contains(sentence))
        assert any(f"guard_{table}_update" in p for p in verify(database).problems)


def test_lost_file(done):
    """A lost file is found."""
    done.experiments.save_raw(experiment(2).id, large()).result()
    next(done.location.files.rglob("*.npy")).unlink()
    assert any("is missing; copy it back" in p for p in verify(done).problems)


def test_only_ours():
    """Another implementation of the ports is not ours to copy."""
    with pytest.raises(StoreError, match=r"only a database of labloop.store"):
        verify(sys)
