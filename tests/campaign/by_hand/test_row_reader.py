"""A row of results is stored, waits, or is refused with its number and reason."""

import pytest
from campaign_toys import write

from labloop.campaign import load_campaign
from labloop.campaign.by_hand.columns import columns_of
from labloop.campaign.by_hand.row_reader import RowReader
from labloop.campaign.by_hand.table_file import TableFile
from labloop.records import ScalarValue

HEAD = ("experiment", "mode", "level (mL)", "shown", "shown sd", "who")


@pytest.fixture
def reader(tmp_path):
    """Return a reader of rows of a campaign with one output."""
    definition = load_campaign(write(tmp_path, "budget=Budget(experiments=1)"))
    columns = columns_of(HEAD, definition.spec, "results.csv")
    return RowReader(definition, "real", columns, TableFile(HEAD, (), comma=True))


def test_a_whole_row_is_read(reader):
    """Experiment, point, output with its deviation, and a note."""
    row = reader.row(2, ("7", "real", "2.5", "4.5", "0.1", "Ada"))
    assert (row.experiment_id, row.line, row.point) == ("7", 2, {"level": 2.5})
    assert row.outputs == {"shown": ScalarValue(4.5, "1", 0.1)}
    assert row.notes == {"who": "Ada"}
    assert (reader.wrong, reader.remarks) == ([], [])


def test_a_unit_is_read_as_reports_print_it(tmp_path):
    """A head with ``µL``, as a report or a spreadsheet shows it, is converted as ``uL`` is."""
    definition = load_campaign(write(tmp_path, "budget=Budget(experiments=1)"))
    head = ("level (µL)", "shown")
    columns = columns_of(head, definition.spec, "results.csv")
    row = RowReader(definition, "real", columns, TableFile(head, (), comma=False)).row(
        2, ("2500", "4.5")
    )
    assert row.point == pytest.approx({"level": 2.5})


def test_a_row_without_a_result_waits_and_a_failure_is_a_result(reader):
    """An empty cell is no result yet; 'failed' is one without outputs."""
    assert reader.row(2, ("7", "real", "2.5", "", "", "")) is None
    assert reader.waiting == 1
    assert reader.row(3, ("8", "real", "2.5", "failed", "", "")).outputs == {}


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        (("", "simulated", "2", "1", "", ""), "row 2: simulated data cannot enter a real campaign"),
        (("", "", "", "1", "", ""), "row 2: no value for level"),
        (("", "", "2", "many", "", ""), "row 2: shown "),
        (("", "", "2", "1", "", "", "more"), "row 2: it has 7 cells"),
    ],
)
def test_a_row_without_meaning_is_refused(reader, cells, sentence):
    """The sentence names row and reason, and nothing of the row is kept."""
    assert reader.row(2, cells) is None
    (wrong,) = reader.wrong
    assert wrong.startswith(sentence)
    assert wrong.endswith("not stored")
