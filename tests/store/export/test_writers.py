"""What a person takes away: tables that pandas and a spreadsheet read."""

import csv
import json
import tracemalloc
from datetime import UTC, datetime
from functools import partial

import numpy as np
import pandas as pd
import pytest
from store_samples import CAMPAIGN, bundle, campaign, experiment

from labloop.errors import MissingExtraError, NotFoundError, StoreError
from labloop.records import (
    MILLION,
    ActionState,
    Calibration,
    CurveData,
    DeviceIdentity,
    Filling,
    Intent,
    Measurement,
    Need,
    Outcome,
    SampleChange,
    SampleEvent,
    Shelf,
    uncell,
)
from labloop.store import export_campaign
from labloop.store.export import tables as export_tables
from labloop.store.export import writers
from labloop.store.repositories import journal as journal_module

FIRST = experiment().id
CURVE = CurveData(np.array([0.0, 0.5]), np.array([1.25, -2.0]), "min", "mAU")

READERS = {
    "csv": pd.read_csv,
    "json": partial(pd.read_json, precise_float=True),
    "parquet": pd.read_parquet,
}


@pytest.mark.parametrize("form", READERS)
def test_read_by_pandas(done, tmp_path, form):
    """Every format is read back by pandas with the same numbers and headers."""
    folder = tmp_path / "a" / "b"
    paths = export_campaign(done, CAMPAIGN, form, folder)
    assert [p.name for p in paths] == [
        f"{name}.{form}"
        for name in (
            "experiments",
            "proposals",
            "journal",
            "curves",
            "calibrations",
            "stock",
            "samples",
        )
    ]
    assert sorted(folder.iterdir()) == sorted(paths)
    experiments, proposals, journal, curves, *_ = (READERS[form](path) for path in paths)
    first = experiments.iloc[0]
    assert first["number"] == 1
    assert first["state"] == "done"
    assert first["temperature (degC)"] == 50.0
    assert first["equivalents"] == 2.0
    assert first["actual temperature (degC)"] == 50.5
    assert (first["y"], first["y sd"]) == (0.75, 0.125)
    assert first["area (mAU*min)"] == 3.0
    assert (first["raw weight (g)"], first["raw weight sd (g)"]) == (1.5, 0.25)
    assert first["raw colour"] == "blue"
    assert first["lab finished (s)"] == 60.0
    second = experiments.iloc[1]
    assert second["reason"] == "später"
    assert pd.isna(second["y"])
    assert proposals.iloc[0]["predicted y low"] == 0.3
    assert proposals.iloc[0]["reason"] == 'first, "of" few\nlines'
    assert journal.iloc[0]["sent"] == "\\x02GO\\r"
    assert journal.iloc[0]["received"] == "ok | x"
    assert json.loads(journal.iloc[0]["arguments"]) == {"rate": 1.5}
    assert curves[["index", "x", "y"]].to_numpy().tolist() == [[0, 0.0, 1.25], [1, 0.5, -2.0]]
    assert set(curves["y unit"]) == {"mAU"}


def test_a_formula_stays_a_text(database, tmp_path):
    """A name that a spreadsheet would carry out is marked as text; numbers stay numbers."""
    database.campaigns.create(campaign(), bundle())
    texts = ["=1+1", "+NO2", "-CF3", "@x", "plain"]
    for number, text in enumerate(texts, start=1):
        database.experiments.add(experiment(number, point={"group": text, "x": -1.5})).result()
    path = export_campaign(database, CAMPAIGN, "csv", tmp_path)[0]
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["group"] for row in rows] == ["'=1+1", "'+NO2", "'-CF3", "'@x", "plain"]
    assert [uncell(row["group"]) for row in rows] == texts
    assert {row["x"] for row in rows} == {"-1.5"}


@pytest.mark.parametrize("form", READERS)
def test_a_long_curve_needs_little_memory(database, tmp_path, form):
    """A curve is written in parts: the export holds a fraction of it as rows."""
    n = 30_000
    database.campaigns.create(campaign(), bundle())
    database.experiments.add(experiment(1)).result()
    curve = CurveData(np.arange(float(n)), np.arange(float(n)) / 7, "s", "V")
    database.experiments.save_raw(FIRST, Measurement({"scan": curve}, {})).result()
    export_campaign(database, CAMPAIGN, form, tmp_path)
    tracemalloc.start()
    try:
        paths = export_campaign(database, CAMPAIGN, form, tmp_path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # As rows the whole curve would be 15 MB; Parquet groups 5,000 of them.
    assert peak < 5e6
    back = READERS[form](paths[3])
    assert back["x"].tolist() == curve.x.tolist()
    assert back["y"].tolist() == curve.y.tolist()


def test_a_walk_through_the_journal_is_the_journal(done, monkeypatch):
    """Page by page the same entries come in the same order."""
    for number in range(7):
        intent = Intent(
            id=f"w{number}", campaign_id=CAMPAIGN, experiment_id=None, device="pump", name="go"
        )
        done.journal.intent(intent).result()
        if number % 2:
            ended = Outcome(intent_id=f"w{number}", state=ActionState.DONE)
            done.journal.outcome(ended).result()
    whole = list(done.journal.entries(CAMPAIGN))
    for size in (1, 3, 100):
        monkeypatch.setattr(journal_module, "_PAGE", size)
        assert list(done.journal.iter_entries(CAMPAIGN)) == whole


def test_read_by_a_spreadsheet(done, tmp_path):
    """The CSV is plain UTF-8 with one header line."""
    paths = export_campaign(done, CAMPAIGN, "csv", tmp_path)
    with paths[0].open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["number"] for row in rows] == ["1", "2"]
    assert None not in rows[0]


def test_replaced(done, tmp_path):
    """Exporting again replaces the files."""
    for _ in range(2):
        paths = export_campaign(done, CAMPAIGN, "csv", tmp_path)
    assert len(paths[0].read_text(encoding="utf-8").splitlines()) == 3


@pytest.mark.parametrize("form", READERS)
def test_empty(database, tmp_path, form):
    """A campaign without experiments gives tables without rows, which pandas reads as well."""
    database.campaigns.create(campaign(), bundle()).result()
    paths = export_campaign(database, CAMPAIGN, form, tmp_path)
    assert [path.stem for path in paths] == [
        "experiments",
        "proposals",
        "journal",
        "curves",
        "calibrations",
        "stock",
        "samples",
    ]
    assert [len(READERS[form](path)) for path in paths] == [0] * 7


def test_empty_tables_have_the_columns_of_full_ones(done):
    """A header that a table without rows shows is one that it has with rows, in that order."""
    done.journal.identity(CAMPAIGN, DeviceIdentity(device="d", model="m")).result()
    done.calibrations.add(
        Calibration(device="d", quantity="q", mode=campaign().mode, performed=datetime.now(UTC))
    ).result()
    shelf, first = Shelf("bench", campaign().mode, CAMPAIGN), experiment().id
    done.stock.put(shelf, [Filling(name="tip", unit="1", amount=MILLION)], "anna").result()
    done.stock.use(shelf, Need(name="tip", amount=MILLION), first, "anna").result()
    made = SampleEvent(change=SampleChange.MADE, place="rack", experiment_id=first)
    done.samples.make(shelf, "vial", made, CAMPAIGN).result()
    for name, stream in export_tables.tables(done, CAMPAIGN).items():
        rows = list(stream)
        assert rows
        full = list(dict.fromkeys(key for row in rows for key in row))
        known = export_tables.COLUMNS[name]
        assert [column for column in full if column in known] == list(known)


def test_full_disk(done, tmp_path, monkeypatch):
    """A table that cannot be written whole leaves neither a part of itself nor spoils others."""
    folder = tmp_path / "out"
    before = export_campaign(done, CAMPAIGN, "csv", folder)
    kept = [path.read_bytes() for path in before]

    def full(path, rows, columns):
        path.write_text("half a ")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writers, "_write_csv", full)
    with pytest.raises(StoreError, match="No space left on device"):
        export_campaign(done, CAMPAIGN, "csv", folder)
    assert sorted(folder.iterdir()) == sorted(before)
    assert [path.read_bytes() for path in before] == kept


def test_mixed_column(database, tmp_path):
    """A column of numbers and texts becomes text in Parquet, whole numbers join floats."""
    database.campaigns.create(campaign(), bundle())
    for number, value in enumerate((1, "two", 3.0), start=1):
        database.experiments.add(experiment(number, point={"x": value, "n": number / 2}))
    database.experiments.add(experiment(9, point={"x": 1, "n": 2})).result()
    path = export_campaign(database, CAMPAIGN, "parquet", tmp_path)[0]
    table = pd.read_parquet(path)
    assert list(table["x"]) == ["1.0", "two", "3.0", "1.0"]
    assert list(table["n"]) == [0.5, 1.0, 1.5, 2.0]


def test_refused(done, tmp_path, monkeypatch):
    """An unknown format, campaign, folder or a missing extra is one sentence."""
    with pytest.raises(StoreError, match="one of csv, json, parquet, got 'xlsx'"):
        export_campaign(done, CAMPAIGN, "xlsx", tmp_path)
    with pytest.raises(NotFoundError, match="no campaign has the id 'no'"):
        export_campaign(done, "no", "csv", tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"the export to .* failed"):
        export_campaign(done, CAMPAIGN, "csv", tmp_path / "file")
    monkeypatch.setattr(writers, "find_spec", lambda _name: None)
    with pytest.raises(MissingExtraError, match=r"needs the extra .parquet."):
        export_campaign(done, CAMPAIGN, "parquet", tmp_path)
