"""Ask and tell: what persons measured enters whole, once, in its unit, or not at all."""

import csv

import pytest


@pytest.fixture
def asked(shell, by_hand):
    """Return a shell where three experiments were asked for, and are in ``next.csv``."""
    shell.write("hand.py", by_hand)
    shell.ok("ask", "hand.py", "-n", "3", "--out", "next.csv")
    return shell


def table(shell):
    """Return header and rows of the file to be filled in."""
    with (shell.folder / "next.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    return header, rows


def tell(shell, header, rows, *words, refused=False, delimiter=","):
    """Write a results file, tell it and return what was said."""
    with (shell.folder / "results.csv").open("w", newline="", encoding="utf-8-sig") as file:
        csv.writer(file, delimiter=delimiter).writerows([header, *rows])
    verb = shell.refused if refused else shell.ok
    return verb("tell", "hand", "results.csv", *words)


def done(shell):
    """Return how many experiments are done, and how many failed."""
    said = shell.ok("status", "hand")
    lines = dict(line.split(None, 1) for line in said.splitlines() if " " in line)
    return int(lines["done"]), int(lines["failed"])


def test_a_round_trip_keeps_what_is_not_yet_measured(asked):
    """A filled row is told, a failure is told, an empty row stays to be told another day."""
    header, rows = table(asked)
    assert header[2:] == ["heat (degC)", "ratio (1)", "gain (mL)", "purity (1)"]
    rows[0][-2:] = ["1.5", "0.9"]
    rows[1][-2:] = ["failed", ""]
    assert "stored    2 experiments" in tell(asked, header, rows)
    assert done(asked) == (1, 1)
    rows[2][-2:] = ["2.5", "0.8"]
    assert "stored    1 experiments" in tell(asked, header, rows[2:])
    assert done(asked) == (2, 1)
    assert "best      2.5" in asked.ok("status", "hand")


def test_what_was_told_is_not_told_again(asked):
    """A second telling is refused as a whole, also where one of its lines would be new."""
    header, rows = table(asked)
    rows[0][-2:] = ["1.5", "0.9"]
    tell(asked, header, rows[:1])
    rows[1][-2:] = ["2", "0.9"]
    said = tell(asked, header, rows[:2], refused=True)
    assert "is done already" in said
    assert done(asked) == (1, 0)


def test_older_data_come_in_in_another_unit(asked):
    """Rows without the number of an experiment are imported, kelvin and microlitres too."""
    rows = [["300", "0.5", "1500", "0.7"], ["350", "0.25", "2500", "0.6"]]
    said = tell(asked, ["heat (K)", "ratio", "gain (uL)", "purity"], rows, delimiter=";")
    assert "stored    2 experiments" in said
    best = asked.ok("status", "hand")
    assert "best      2.5 at heat=76.85" in best


@pytest.mark.parametrize(
    ("column", "cell", "words"),
    [
        (4, "nan", "must be finite"),
        (4, "a lot", "column 'gain' holds 'a lot', which is no number"),
        (4, "1,5", "column 'gain' holds '1,5', which is no number"),
        (5, "", "the outputs ['purity'] are missing"),
        (4, "failed", "tells both a failure and a value"),
        (2, "-3", "heat"),
        (2, "12.5", "was asked for at another point (heat=12.5 instead of"),
        (0, "nobody", "is not known"),
        (1, "simulated", "simulated data cannot enter a real campaign"),
    ],
)
def test_a_wrong_cell_stores_nothing(asked, column, cell, words):
    """The line is named, and the good lines before it are not stored either."""
    header, rows = table(asked)
    rows[0][-2:], rows[1][-2:] = ["1.5", "0.9"], ["2.5", "0.8"]
    rows[1][column] = cell
    said = tell(asked, header, rows[:2], refused=True)
    assert words in said
    assert "line 3" in said
    assert "nothing was stored" in said
    assert done(asked) == (0, 0)


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (["colour", "ratio", "gain", "purity"], "'colour' is neither a parameter (heat, ratio)"),
        (["heat (mL)", "ratio", "gain", "purity"], "mL"),
        (["heat (furlong)", "ratio", "gain", "purity"], "furlong"),
        (["heat", "heat", "gain", "purity"], "the column 'heat' twice"),
        (["heat", "3!", "gain", "purity"], "column '3!' has no name"),
        (["heat", "ratio", "gain"], "has 4 cells, and there are 3 columns"),
        (["heat", "gain", "purity", "experiment"], "ratio|is not known"),
    ],
)
def test_a_wrong_header_stores_nothing(asked, header, words):
    """A column that nobody declared, or in another dimension, is told by its name."""
    said = tell(asked, header, [["100", "0.5", "1", "0.5"]], refused=True)
    assert any(each in said for each in words.split("|")), said
    assert done(asked) == (0, 0)


def test_an_experiment_twice_in_one_file_stores_nothing(asked):
    """Half of a file is never stored."""
    header, rows = table(asked)
    rows[0][-2:] = ["1.5", "0.9"]
    assert "told twice in this file" in tell(asked, header, [rows[0], rows[0]], refused=True)
    assert done(asked) == (0, 0)


@pytest.mark.parametrize("content", [b"", b"heat,ratio,gain,purity\n", b"\xff\xfe\x00h"])
def test_an_empty_or_binary_file_is_told(asked, content):
    """A file without results is no success."""
    (asked.folder / "results.csv").write_bytes(content)
    said = asked.refused("tell", "hand", "results.csv")
    assert "no line with results" in said or "cannot be read" in said


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
        (("tell", "hand.py", "results.csv"), "has no line with results"),
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
    assert "stored    2 experiments" in shell.ok("tell", "lots.py", "results.csv")
    assert "best      0.5 at lot=1" in shell.ok("status", "lots")


def test_a_table_that_cannot_be_written_is_told_with_the_way_on(asked, monkeypatch):
    """What was asked for is stored, and the sentence says where to find it."""

    def full(path, *_arguments):
        path.write_text("half a ")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("labloop.campaign.write_asked", full)
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
