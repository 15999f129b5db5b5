"""A database that is deleted, moved or replaced while it is written: told at once, nothing lost."""

import sys

import pytest
from store_samples import CAMPAIGN, bundle, campaign, experiment

from labloop.errors import DatabaseUnusableError
from labloop.store import open_database

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows keeps an open file from being deleted"
)


@pytest.fixture
def running(tmp_path):
    """A file database with one experiment, as a running campaign has it open."""
    path = tmp_path / "lab.db"
    with open_database(path) as database:
        database.campaigns.create(campaign(), bundle()).result()
        database.experiments.add(experiment(1)).result()
        yield path, database


def deleted(path):
    path.unlink()


def moved(path):
    path.rename(path.with_name("elsewhere.db"))


def replaced(path):
    other = path.with_name("other.db")
    open_database(other).close()
    other.replace(path)


def log_deleted(path):
    path.with_name(path.name + "-wal").unlink()


@pytest.mark.parametrize("harm", [deleted, moved, replaced, log_deleted])
def test_the_next_write_tells_and_keeps_everything(running, harm):
    """The write after it fails with a sentence, and what was stored stands in a rescued copy."""
    path, database = running
    harm(path)
    with pytest.raises(DatabaseUnusableError, match="while labloop wrote into it") as told:
        database.experiments.add(experiment(2)).result()
    rescued = path.with_name("lab.db.rescued-1")
    assert str(rescued) in str(told.value)
    with open_database(rescued, read_only=True) as copy:
        assert [row.number for row in copy.experiments.all(CAMPAIGN)] == [1]
    with pytest.raises(DatabaseUnusableError, match="nothing more is written"):
        database.experiments.add(experiment(3)).result()


def test_where_the_folder_is_gone_nothing_is_promised(running):
    """Where no copy can be written either, the sentence says so."""
    path, database = running
    for file in path.parent.iterdir():
        file.unlink()
    path.parent.rmdir()
    with pytest.raises(DatabaseUnusableError, match="could not be kept either"):
        database.experiments.add(experiment(2)).result()
    path.parent.mkdir()


def test_a_backup_taken_beside_is_no_harm(running, tmp_path):
    """Copies, backups and other readers leave the file what it is."""
    path, database = running
    (tmp_path / "copy.db").write_bytes(path.read_bytes())
    with open_database(path) as second:
        second.experiments.add(experiment(2)).result()
    database.experiments.add(experiment(3)).result()
    assert len(database.experiments.all(CAMPAIGN)) == 3
