"""What was mistyped is corrected, what does not count withdrawn, an edited file used."""

import pytest

WRONG = ("1000", "0.9")


@pytest.fixture
def mistyped(asked):
    """Return a shell where experiment 1 was told as 1000 mL, and 2 as failed."""
    header, rows = asked.table()
    rows[0][-2:], rows[1][-2:] = WRONG, ["failed", ""]
    asked.tell(header, rows)
    return asked


def test_a_mistyped_result_is_corrected_by_the_same_table(mistyped):
    """The newer value counts everywhere, the old one is kept; the old table does not undo it."""
    header, rows = mistyped.table()
    rows[0][-2:] = ["10.00", "0.9"]
    said = mistyped.tell(header, rows[:1])
    assert "experiment 1: gain 1000 mL -> 10 mL, the old one is kept" in said
    assert "best      10 at" in mistyped.ok("status", "hand")
    rows[0][-2:] = WRONG
    said = mistyped.tell(header, rows[:1])
    assert "row 2: gain 1000 mL was corrected to 10 mL since it was told: that stands" in said
    assert "best      10 at" in mistyped.ok("status", "hand")
    assert "gain 1000 mL -> 10 mL, told by" in mistyped.ok("correct", "hand", "1")
    mistyped.ok("report", "hand", "--out", "r.html")
    page = (mistyped.folder / "r.html").read_text(encoding="utf-8")
    assert "gain 1000 mL -&gt; 10 mL" in page


@pytest.mark.parametrize("named", ["1", "id"])
@pytest.mark.parametrize("given", ["gain=10.00", "gain=10 mL", "gain=10000 uL", "gain=1e1"])
def test_a_mistyped_result_is_corrected_by_a_verb(mistyped, named, given):
    """By number or id, with or without a unit, with a reason that is kept."""
    name = mistyped.table()[1][0][0] if named == "id" else named
    said = mistyped.ok("correct", "hand", name, given, "--why", "typing mistake")
    assert "corrected experiment 1: gain 1000 mL -> 10 mL" in said
    assert mistyped.exported()[0]["gain (mL)"] == "10.0"
    said = mistyped.ok("correct", "hand", "1")
    assert "gain 1000 mL -> 10 mL, corrected: typing mistake by" in said


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("9", "gain=1"), "has no experiment '9'; its experiments are 1 to 3"),
        (("1", "gian=1"), "did you mean 'gain'?"),
        (("1", "gain=1_0"), "gain: '1_0' is no number"),
        (("1", "gain=nan"), "gain: 'nan' is no number"),
        (("1", "gain=1 degC"), "gain: "),
        (("1", "heat=warm"), "heat: 'warm' is no number"),
        (("1", "better"), "expected name=value"),
        (("3", "gain=1"), "experiment 3 is planned and has no result yet"),
    ],
)
def test_a_wrong_correction_changes_nothing(mistyped, words, sentence):
    """One sentence, and what stands stays."""
    assert sentence in mistyped.refused("correct", "hand", *words)
    assert "best      1000 at" in mistyped.ok("status", "hand")


def test_a_failure_and_a_result_are_mistaken_for_each_other(mistyped):
    """Either way, by verb and by table; and conditions were mistyped as well."""
    assert "experiment 1: done -> failed" in mistyped.ok("correct", "hand", "1", "failed")
    assert mistyped.done() == (0, 2)
    said = mistyped.ok("correct", "hand", "2", "gain=3", "purity=0.5", "heat=81")
    assert "experiment 2: failed -> done" in said
    assert mistyped.done() == (1, 1)
    assert "best      3 at heat=81, " in mistyped.ok("status", "hand")
    said = mistyped.ok("correct", "hand", "2")
    assert "gain nothing -> 3 mL, corrected by" in said
    assert " was asked for, 81 degC reached" in said
    header, rows = mistyped.table()
    rows[0][-2:] = ["4", "0.9"]
    assert "experiment 1 was failed, and is done now" in mistyped.tell(header, rows[:1])
    rows[0][-2:] = ["failed", ""]
    said = mistyped.tell(header, rows[:1], refused=True)
    assert "labloop correct hand 1 failed" in said
    assert mistyped.done() == (2, 0)


def test_an_asked_experiment_is_withdrawn(mistyped):
    """No result is awaited any more, and its point may be asked for again; told all the same."""
    said = mistyped.ok("withdraw", "hand", "3", "--why", "vial broke")
    assert "experiment 3: no result is awaited any more" in said
    assert "abandoned 1" in mistyped.ok("status", "hand")
    assert "was given up before (withdrawn: vial broke)" in mistyped.refused(
        "withdraw", "hand", "3"
    )
    header, rows = mistyped.table()
    rows[2][-2:] = ["5", "0.9"]
    assert "experiment 3 was abandoned, and is done now" in mistyped.tell(header, rows[2:])


def test_a_result_is_withdrawn_and_counts_no_more(mistyped):
    """It stays in the record; best, brain and budget are without it."""
    assert "its result is kept and counts no more" in mistyped.ok("withdraw", "hand", "1,2")
    assert mistyped.done() == (0, 0)
    assert "best" not in mistyped.ok("status", "hand")
    assert mistyped.exported()[0]["gain (mL)"] == "1000.0"
    assert "wrote" in mistyped.ok("ask", "hand", "--out", "more.csv")


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ('"heat", 0, 200', '"heat", 0, 400', "heat: high (200.0 -> 400.0)"),
        (
            'Continuous("ratio", 0, 1)',
            'Continuous("ratio", 0, 1), Continuous("time", 1, 9)',
            "time is new",
        ),
        ('Scalar("purity")', 'Scalar("purity"), Scalar("cost")', "cost is new"),
        ('"heat", 0, 200', '"heat", 0, 1', "outside of the new space, and learned from"),
    ],
)
def test_an_edited_file_is_used_from_now_on(mistyped, before, after, words):
    """The difference is shown, recorded as the bundle, and the old results stay."""
    text = (mistyped.folder / "hand.py").read_text()
    assert before in text
    mistyped.write("hand.py", text.replace(before, after))
    said = mistyped.ok("ask", "hand", "--out", "by-name.csv")
    assert "changed   hand.py has changed since it was last used, and is not used now" in said
    assert "name the file" in said
    said = mistyped.ok("ask", "hand.py", "-n", "4", "--out", "new.csv")
    assert words in said
    assert "from now on" in said
    assert "changed" not in mistyped.ok("ask", "hand", "--out", "again.csv")
    assert mistyped.done() == (1, 1)
    head = (mistyped.folder / "new.csv").read_text().splitlines()[0]
    assert ("time" in head) == ("time" in after)
    assert ("cost" in head) == ("cost" in after)


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ('unit="degC"', 'unit="K"', "in another unit"),
        ('Scalar("gain", unit="mL")', 'Scalar("gain", unit="L")', "measures other outputs"),
    ],
)
def test_an_edit_that_would_misread_results_is_refused(mistyped, before, after, words):
    """With --new it begins another campaign, by a person's wish."""
    text = (mistyped.folder / "hand.py").read_text()
    mistyped.write("hand.py", text.replace(before, after))
    assert words in mistyped.refused("ask", "hand.py", "--out", "new.csv")
    assert "wrote" in mistyped.ok("ask", "hand.py", "--out", "new.csv", "--new")
    assert mistyped.done() == (0, 0)
