"""Curves: small ones in rows, large ones in files, both checked when read."""

import numpy as np
import pytest
from store_samples import CAMPAIGN, experiment

from labloop.errors import DatabaseUnusableError
from labloop.records import CurveData, Measurement, ScalarValue
from labloop.store.engine.connect import make_engine
from labloop.store.repositories import arrays

FIRST = experiment().id
IN_ROW = arrays.LARGEST_IN_ROW // 8


def curve(length: int, seed: int = 0) -> CurveData:
    y = np.random.default_rng(seed).normal(size=length)
    return CurveData(np.arange(float(length)), y, "min", "mAU")


def files(database) -> list:
    return sorted(database.location.files.rglob("*.npy"))


@pytest.mark.parametrize(("length", "count"), [(0, 0), (IN_ROW, 0), (IN_ROW + 1, 2)])
def test_place(filled, length, count):
    """Up to 64 KiB an array lies in its row, above it in a file of its own hash."""
    kept = curve(length)
    filled.experiments.save_raw(FIRST, Measurement({"scan": kept})).result()
    assert filled.experiments.raw(FIRST).raw["scan"] == kept
    assert len(files(filled)) == count
    assert not list(filled.location.files.rglob("*.part"))
    for path in files(filled):
        packed = arrays.EncodedArray.of(np.load(path, allow_pickle=False))
        assert packed.sha256 == path.stem


def test_stored_once(filled):
    """The same axis of many curves is stored once."""
    for seed in range(3):
        kept = curve(IN_ROW + 1, seed)
        filled.experiments.save_raw(FIRST, Measurement({"a": kept, "b": kept})).result()
    assert len(files(filled)) == 4


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (lambda path: path.unlink(), "is missing; copy it back from a backup"),
        (lambda path: path.write_bytes(b""), "is damaged"),
        (lambda path: path.write_bytes(path.read_bytes()[:-8]), "is damaged"),
        (lambda path: path.write_bytes(path.read_bytes()[:-8] + b"12345678"), "has the hash"),
        (lambda path: np.save(path, np.arange(IN_ROW + 1.0)[::-1]), "has the hash"),
        (
            lambda path: np.save(path, np.array([{}], dtype=object), allow_pickle=True),
            "is damaged: Object arrays cannot be loaded",
        ),
    ],
)
def test_damaged_file(filled, harm, sentence):
    """A file that is not what was stored is said, and never unpickled."""
    kept = curve(IN_ROW + 1)
    filled.experiments.save_raw(FIRST, Measurement({"scan": kept})).result()
    harm(filled.connections.arrays.path(arrays.EncodedArray.of(kept.x).sha256))
    with pytest.raises(DatabaseUnusableError, match=sentence):
        filled.experiments.raw(FIRST)


def test_damaged_row(sqlite):
    """A row that is not what was stored is said."""
    from sqlalchemy import text
    from store_samples import bundle, campaign

    sqlite.campaigns.create(campaign(), bundle())
    sqlite.experiments.add(experiment())
    sqlite.experiments.save_outputs(FIRST, {"scan": curve(3)}, analysis="a", actor="ben").result()
    with make_engine(sqlite.location, writing=True).connect() as connection:
        connection.execute(text("DROP TRIGGER guard_float_array_update"))
        connection.execute(text("UPDATE float_array SET content = zeroblob(24)"))
    with pytest.raises(DatabaseUnusableError, match="in a row is damaged"):
        sqlite.experiments.outputs(CAMPAIGN)


def test_no_room_for_a_file(filled):
    """Where a file cannot be written nothing is acknowledged, and writing stops."""
    filled.location.files.parent.mkdir(exist_ok=True)
    filled.location.files.write_text("in the way")
    measured = Measurement({"scan": curve(IN_ROW + 1), "y": ScalarValue(1.0)})
    with pytest.raises(DatabaseUnusableError, match="cannot be written"):
        filled.experiments.save_raw(FIRST, measured).result()
    assert filled.experiments.raw(FIRST) is None
