"""A database is named by a path or a URL, and shown without its password."""

import pytest
from store_samples import bundle, campaign

from labloop.errors import DatabaseUnusableError
from labloop.store import open_database
from labloop.store.engine.location import resolve_location


def test_default_place(tmp_path, monkeypatch):
    """Without a path it is LABLOOP_DB, else labloop.db here."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LABLOOP_DB", raising=False)
    with open_database(None) as database:
        assert database.url == f"sqlite:///{(tmp_path / 'labloop.db').as_posix()}"
    monkeypatch.setenv("LABLOOP_DB", "sqlite:///other.db")
    with open_database(None):
        assert (tmp_path / "other.db").exists()


def test_password_is_hidden():
    """The place that is shown has no password."""
    shown = resolve_location("postgresql://anna:secret@host/lab").shown
    assert "secret" not in shown
    assert shown.startswith("postgresql://anna:***@host/lab")


def test_odd_path(tmp_path):
    """Blanks, percent signs, question marks and umlauts in a path are no URL's business."""
    path = tmp_path / "my lab 100% ?ä#.db"
    with open_database(str(path)) as database:
        database.campaigns.create(campaign(), bundle()).result()
    assert path.exists()
    with open_database(path, read_only=True) as database:
        assert len(database.campaigns.all()) == 1


@pytest.mark.parametrize("given", ["mysql://host/lab", "labloop://x", "sqlite://", ":memory:"])
def test_other_urls(given):
    """Only a path, SQLite and PostgreSQL are understood."""
    with pytest.raises(DatabaseUnusableError, match=r"give (one of these|the path of a file)"):
        open_database(given)
