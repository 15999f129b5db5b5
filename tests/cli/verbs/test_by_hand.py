"""Ask and tell: what persons measured enters whole, once, in its unit, or not at all."""

import csv
import io
import sys

import pytest


def test_a_round_trip_keeps_what_is_not_yet_measured(asked):
    """A filled row is told, a failure is told, an empty row stays to be told another day."""
    header, rows = asked.table()
    assert header[2:] == ["heat (degC)", "ratio", "gain (mL)", "purity"]
    rows[0][-2:] = ["1.5", "0.9"]
    rows[1][-2:] = ["failed", ""]
    said = asked.tell(header, rows)
    assert "stored    2 results" in said
    assert "1 row has no result yet" in said
    assert asked.done() == (1, 1)
    rows[2][-2:] = ["2.5", "0.8"]
    assert "stored    1 result" in asked.tell(header, rows[2:])
    assert asked.done() == (2, 1)
    assert "best      2.5" in asked.ok("status", "hand")


def test_what_was_told_is_not_stored_twice(asked):
    """A table that is told again after a row was filled in stores that row alone."""
    header, rows = asked.table()
    rows[0][-2:] = ["1.5", "0.9"]
    asked.tell(header, rows[:1])
    rows[1][-2:] = ["2", "0.9"]
    said = asked.tell(header, rows[:2])
    assert "stored    1 result" in said
    assert "1 result was told before" in said
    assert asked.done() == (2, 0)


def test_older_data_come_in_in_another_unit(asked):
    """Rows without the number of an experiment are imported, kelvin and microlitres too."""
    rows = [["300", "0,5", "1500", "0,7"], ["350", "0,25", "2500", "0,6"]]
    said = asked.tell(["heat (K)", "ratio (1)", "gain [uL]", "purity"], rows, delimiter=";")
    assert "stored    2 results" in said
    best = asked.ok("status", "hand")
    assert "best      2.5 at heat=76.85, ratio=0.25" in best


@pytest.mark.parametrize(
    ("column", "cell", "words"),
    [
        (4, "nan", "gain 'nan' is no number; leave the cell empty where it was not measured"),
        (4, "1e400", "gain '1e400' is too large"),
        (4, "1_000", "gain '1_000' is no number"),
        (4, "\uff11\uff12", "is no number"),
        (4, "1,5", "gain '1,5' is no number, write a point"),
        (4, "failed", "tells both a failure and a value"),
        (2, "warm", "heat 'warm' is no number"),
        (2, "12.5", "was asked for at another point (heat=12.5 instead of"),
        (0, "nobody", "is not known"),
        (1, "simulated", "simulated data cannot enter a real campaign"),
    ],
)
def test_a_wrong_cell_is_told_and_the_good_rows_are_kept(asked, column, cell, words):
    """The row and what is wrong with it; the row before it is stored, and no 0 for success."""
    header, rows = asked.table()
    rows[0][-2:], rows[1][-2:] = ["1.5", "0.9"], ["2.5", "0.8"]
    rows[1][column] = cell
    with_one, said = asked.told(header, rows[:2])
    assert with_one == 1
    assert words in said
    assert "row 3" in said
    assert "stored    1 result" in said or "left out" in said
    assert "best      1.5" in asked.ok("status", "hand")


def test_all_that_is_wrong_is_told_at_once(asked):
    """Three wrong rows are three sentences; where nothing is left nothing is stored."""
    header, rows = asked.table()
    for row, cell in zip(rows, ("x", "y", "z"), strict=True):
        row[-2:] = [cell, ""]
    said = asked.tell(header, rows, refused=True)
    assert all(f"row {i}: gain '{cell}'" in said for i, cell in ((2, "x"), (3, "y"), (4, "z")))
    assert "nothing was stored" in said
    assert asked.done() == (0, 0)


def test_one_of_two_outputs_is_kept_until_the_other_is_known(asked):
    """The missing one is told later, in the same table; a wrong one leaves the good one."""
    header, rows = asked.table()
    rows[0][-2:], rows[1][-2:] = ["1.5", ""], ["2.5", "n/a"]
    code, said = asked.told(header, rows[:2])
    assert code == 1
    assert "row 2: kept without purity" in said
    assert "row 3: purity 'n/a' is no number; leave the cell empty" in said
    assert "or write failed: left out" in said
    assert asked.done() == (2, 0)
    rows[0][-1] = rows[1][-1] = "0.75"
    assert "stored    2 results" in asked.tell(header, rows[:2])
    exported = asked.exported()
    assert [row["purity"] for row in exported[:2]] == ["0.75", "0.75"]


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (["colour", "ratio", "gain", "purity"], "no column for 'heat', its columns are 'colour'"),
        (["Heat", "ratio", "gain", "purity"], "'Heat' is neither declared nor clearly a note"),
        (["heat", "ratio", "gian", "purity"], "did you mean 'gain'"),
        (["heat", "ratio", "gain", "prity"], "did you mean 'purity'"),
        (["heat", "ratio", "gain", "Experiment"], "did you mean 'experiment'"),
        (["heat", "ratio", "gain", "actual heta"], "did you mean 'actual heat'"),
        (["heat (mL)", "ratio", "gain", "purity"], "mL"),
        (["heat (furlong)", "ratio", "gain", "purity"], "furlong"),
        (["heat", "heat", "gain", "purity"], "the column 'heat' twice"),
        (["heat", "ratio", "remark", "operator"], "no column of an output (gain, purity)"),
        (["heat", "ratio", "gain"], "has 4 cells, and there are 3 columns"),
    ],
)
def test_a_table_that_is_wrong_as_a_whole_stores_nothing(asked, header, words):
    """A slip in a head would make a note of a parameter: that is told, with what was meant."""
    said = asked.tell(header, [["100", "0.5", "1", "0.5"]], refused=True)
    assert words in said
    assert "nothing was stored" in said
    assert asked.done() == (0, 0)


def test_other_columns_are_notes_that_are_exported_again(asked):
    """Remarks, operator and vial stay with the experiment, and go around in an export."""
    header, rows = asked.table()
    head = [*header, "remarks", "operator", "note purify"]
    rows[0][-2:] = ["1.5", "0.9"]
    asked.tell(head, [[*rows[0], "=cloudy; twice", "Ann", "3"]])
    first = asked.exported()[0]
    path = asked.folder / "export-hand" / "experiments.csv"
    assert (first["raw operator"], first["raw note purify"]) == ("Ann", "3")
    assert first["raw remarks"].endswith("=cloudy; twice")
    # An export can be told again: nothing of it is new.
    said = asked.ok("tell", "hand", path)
    assert "stored    0 results" in said
    assert "1 result was told before" in said
    asked.write("other.py", (asked.folder / "hand.py").read_text().replace('"hand"', '"other"'))
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
    at = rows[0].index("experiment")
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([[c for i, c in enumerate(row) if i != at] for row in rows])
    assert "stored    1 result" in asked.ok("tell", "other.py", path)


OLD = ["heat", "ratio", "gain", "purity"]


def test_past_results_told_twice_are_not_twice_the_experiments(asked):
    """Equal rows of one table are replicates; the same table again adds what is new in it."""
    rows = [["100", "0.5", "1", "0.5"], ["100", "0.5", "1", "0.5"], ["50", "0.25", "2", ""]]
    assert "stored    3 results" in asked.tell(OLD, rows)
    said = asked.tell(OLD, rows)
    assert "stored    0 results" in said
    assert "3 results were told before" in said
    # A third replicate, a missing output told, a failure, and a result of its own.
    rows[2][3] = "0.75"
    more = [
        *rows,
        ["100", "0.5", "1", "0.5"],
        ["10", "0.1", "failed", ""],
        ["50", "0.25", "3", "1"],
    ]
    assert "stored    4 results" in asked.tell(OLD, more)
    assert asked.done() == (5, 1)
    assert "stored    0 results" in asked.tell(OLD, more)
    assert "stored    2 results" in asked.tell(OLD, rows[:2], "--again")
    assert asked.done() == (7, 1)


def test_what_lies_outside_is_kept_and_said(asked):
    """Beyond a bound it is learned from; far away, or unknown, it is kept and set aside."""
    rows = [["250", "0.5", "9", "0.5"], ["9000", "0.5", "1", "0.5"], ["50", "0.5", "2", "0.5"]]
    said = asked.tell(OLD, rows)
    assert "stored    3 results" in said
    assert "row 2: outside of today's space" in said
    assert "got 250): kept and learned from" in said
    assert "row 3: it has no place in the space" in said
    assert "best      9 at heat=250, ratio=0.5 (outside of the space)" in asked.ok("status", "hand")
    assert "wrote" in asked.ok("ask", "hand", "--out", "more.csv")
    said = asked.tell(OLD, [["60", "0.5", "1", "1"]] * 7)
    assert "budget of 9 experiments is exceeded, 10 have a result" in said


@pytest.mark.parametrize(
    ("content", "gain"),
    [
        ("heat (degC);ratio;gain (mL);purity\n60,5;0,5;50,5;0,9\n", 50.5),
        ("heat;ratio;gain;purity\n60.5;0.5;50.5;0.9\n", 50.5),
        ("sep=;\nheat;ratio;gain;purity;\n60,5;.5;+50,5;9e-1;\n", 50.5),
        ("heat\tratio\tgain\tpurity\n60,5\t0,5\t5,05E1\t0,9\n", 50.5),
        ("\ufeffheat,ratio,gain,purity,remark\n60.5,0.5,50.5,0.9\n", 50.5),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_whatever_a_spreadsheet_saves_is_read(asked, content, gain, encoding):
    """Semicolons with decimal commas, tabs, a mark of the encoding, short rows."""
    if encoding == "cp1252":
        content = content.replace("\ufeff", "")
    (asked.folder / "results.csv").write_bytes(content.encode(encoding))
    assert "stored    1 result" in asked.ok("tell", "hand", "results.csv")
    assert f"best      {gain} at heat=60.5, ratio=0.5" in asked.ok("status", "hand")


@pytest.mark.parametrize(
    ("cell", "words"),
    [("1.234", "may be 1234 or 1,234"), ("1.000,5", "is no number"), ("1 000", "is no number")],
)
def test_thousands_are_never_guessed(asked, cell, words):
    """Among decimal commas a point may stand between thousands."""
    rows = [["60,5", "0,5", cell, "0,5"], ["61,5", "0,5", "2", "0,5"]]
    with (asked.folder / "results.csv").open("w", newline="") as file:
        csv.writer(file, delimiter=";").writerows([OLD, *rows])
    code, said = asked("tell", "hand", "results.csv")
    assert code == 1
    assert f"row 2: gain {cell!r} {words}" in said
    assert "best      2 at heat=61.5" in asked.ok("status", "hand")


def test_conditions_that_were_asked_for_settle_their_own_spelling(asked):
    """A file of ours comes back with points in the conditions and commas in the results."""
    header, rows = asked.table()
    rows[0][-2:] = ["1,5", "0,9"]
    rows[1][-2:] = ["2,5", "0,8"]
    assert "stored    2 results" in asked.tell(header, rows[:2], delimiter=";")
    assert "best      2.5" in asked.ok("status", "hand")


def test_what_was_reached_is_told_beside_what_was_asked_for(asked):
    """The planner learns from the column 'actual heat', in its unit, also beyond the bounds."""
    header, rows = asked.table()
    rows[0][-2:] = ["1.5", "0.9"]
    asked.tell([*header, "actual heat (K)", "gain sd (uL)"], [[*rows[0], "500", "50"]])
    said = asked.ok("status", "hand")
    assert "best      1.5 at heat=226.85" in said
    assert f"(asked for: heat={rows[0][2]}; outside of the space)" in said
    first = asked.exported()[0]
    assert float(first["actual heat (degC)"]) == pytest.approx(226.85)
    assert float(first["gain sd (mL)"]) == pytest.approx(0.05)
    assert first["heat (degC)"] == rows[0][2]


def test_a_workbook_is_read_as_a_table(asked):
    """The first sheet, numbers as numbers."""
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in (OLD, [60.5, 0.5, 50.5, None], [None] * 4, [61, 0.25, "failed", None]):
        book.active.append(row)
    book.save(asked.folder / "results.xlsx")
    said = asked.ok("tell", "hand", "results.xlsx")
    assert "stored    2 results" in said
    assert asked.done() == (1, 1)
    (asked.folder / "results.xlsx").write_bytes(b"PK no workbook")
    assert "no Excel workbook" in asked.refused("tell", "hand", "results.xlsx")


def test_a_workbook_without_openpyxl_is_one_sentence(asked, monkeypatch):
    """What to install, and nothing else."""
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    asked.write("results.xlsx", "PK")
    assert "needs the extra [excel]" in asked.refused("tell", "hand", "results.xlsx")


def test_an_experiment_twice_in_one_file_is_told_once(asked):
    """The first row counts, the second one is told."""
    header, rows = asked.table()
    rows[0][-2:] = ["1.5", "0.9"]
    code, said = asked.told(header, [rows[0], rows[0]])
    assert code == 1
    assert "told twice in this file" in said
    assert asked.done() == (1, 0)


@pytest.mark.parametrize(
    "content",
    [b"", b"heat,ratio,gain,purity\n", b"\xff\xfe\x00h", b"\0", b"a\x81\x8d", b'"a"b,c\n'],
)
def test_an_empty_or_binary_file_is_told(asked, content):
    """A file without results is no success."""
    (asked.folder / "results.csv").write_bytes(content)
    said = asked.refused("tell", "hand", "results.csv")
    assert any(each in said for each in ("no row with results", "cannot be read", "no column for"))


def test_asking_never_writes_over_results(asked):
    """The file of the last round may hold results by now."""
    before = (asked.folder / "next.csv").read_text()
    assert "next.csv exists" in asked.refused("ask", "hand", "--out", "next.csv")
    assert (asked.folder / "next.csv").read_text() == before
    blocked = asked.write("file", "")
    assert "nothing can be written" in asked.refused("ask", "hand", "--out", blocked / "x.csv")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("tell", "hand.py", "results.csv"), "has no row with results"),
        (("tell", "hand.py", "nowhere.csv"), "cannot be read"),
        (("ask", "broken.py"), "does not run"),
        (("tell", "broken.py", "results.csv"), "does not run"),
    ],
)
def test_what_cannot_be_asked_or_told_begins_no_campaign(shell, by_hand, words, sentence):
    """A mistake in the very first command leaves neither a database nor a campaign behind."""
    shell.write("hand.py", by_hand)
    shell.write("broken.py", "1/0")
    shell.write("results.csv", "heat,ratio,gain,purity\n20,0.5,,\n")
    assert sentence in shell.refused(*words)
    assert not (shell.folder / "labloop.db").exists()


def test_what_has_no_recipe_says_how_it_is_carried_out(asked):
    """Run names the file to ask with; status says whose hands do it; resume names the mode."""
    assert "use: labloop ask hand.py -n 5" in asked.refused("run", "hand.py", "--engine", "plain")
    assert "carried out by hand" in asked.ok("status", "hand")
    assert "known are: hand (real)" in asked.refused("resume", "hand", "--engine", "plain")
    assert "goes on with: labloop ask hand --db" in asked.ok("command", "hand", "fix", "ratio=0.5")
    said = asked.ok("ask", "hand", "-n", "1", "--out", "one.csv")
    assert "1 experiment to carry out" in said


LOTS = """
from labloop import Budget, CampaignSpec, Categorical, Maximize, Scalar, SearchSpace

campaign = CampaignSpec(
    "lots", SearchSpace(Categorical("lot", ["1", "02", "x"])), outputs=[Scalar("gain")],
    objective=Maximize("gain"), strategy="random", budget=Budget(experiments=9),
)
"""


def test_a_name_that_looks_like_a_number_stays_a_name(shell):
    """Lots are called 1 and 02: a table tells of them as they were asked for."""
    shell.write("lots.py", LOTS)
    shell.write("results.csv", "lot,gain\n1,0.5\n02,0.25\n")
    assert "stored    2 results" in shell.ok("tell", "lots.py", "results.csv")
    assert "best      0.5 at lot=1" in shell.ok("status", "lots")


def test_a_table_that_cannot_be_written_is_told_with_the_way_on(asked, monkeypatch):
    """What was asked for is stored, and the sentence says where to find it."""

    def full(path, *_arguments):
        path.write_text("half a ")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("labloop.campaign.write_proposals", full)
    said = asked.refused("ask", "hand", "--out", "more.csv")
    assert "more.csv cannot be written: No space left on device" in said
    assert "labloop export hand" in said
    assert not list(asked.folder.glob("*more*"))


def test_simulated_and_persons_data_stay_apart(tiny):
    """Results of persons are real; a simulated campaign takes them only when told so."""
    tiny.ok("run", "campaign.py", "--engine", "plain")
    tiny.write("results.csv", "level,ratio,shown\n1,0.5,3\n")
    said = tiny.refused("tell", "tiny", "results.csv")
    assert "is a simulated campaign, and real results were offered; add --sim" in said
    tiny.ok("tell", "tiny", "results.csv", "--sim")
    assert '"done": 4' in tiny.ok("status", "tiny", "--json")


def test_analysing_again_keeps_the_old_outputs(ran):
    """Newer outputs supersede, and a broken analysis is told for each experiment."""
    text = (ran.folder / "campaign.py").read_text()
    analysed = text.replace(
        "procedure=use", "procedure=use, analyse=lambda raw: {'shown': 2 * raw['shown']}"
    )
    ran.write("other.py", analysed)
    before = best(ran)
    assert "analysed  3 experiments" in ran.ok("reanalyse", "tiny", "--changed", "other.py")
    assert best(ran) == pytest.approx(2 * before, rel=1e-3)
    ran.write("other.py", analysed.replace("2 * raw['shown']", "1 / 0"))
    code, said = ran("reanalyse", "tiny", "--changed", "other.py")
    assert code == 1
    assert said.count("ZeroDivisionError") == 3


def best(shell):
    """Return the best value so far."""
    said = shell.ok("status", "tiny")
    return float(next(line.split()[1] for line in said.splitlines() if line.startswith("best")))
