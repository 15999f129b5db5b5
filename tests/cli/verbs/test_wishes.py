"""A person asks for something held fixed, and has own candidates ranked, at the terminal."""

import csv

import pytest


def test_what_is_held_fixed_is_asked_for(asked):
    """Every row of the table is as was wished, and the wish is told where a round is explained."""
    header, rows = asked.table()
    for number, row in enumerate(rows):
        row[-2:] = [f"{number}.5", "0.9"]
    asked.tell(header, rows)
    said = asked.ok("ask", "hand", "-n", "2", "--fixed", "heat=40..50", "--out", "fixed.csv")
    assert "2 experiments to carry out" in said
    with (asked.folder / "fixed.csv").open(newline="", encoding="utf-8") as file:
        heats = [float(row["heat (degC)"]) for row in csv.DictReader(file)]
    assert all(40 <= heat <= 50 for heat in heats)
    assert "asked for with heat from 40 up to 50" in asked.ok("explain", "hand")


@pytest.mark.parametrize(
    ("option", "text", "sentence"),
    [
        ("--fixed", "heat", "a condition is name=value"),
        ("--fixed", "heat=40,heat=50", "'heat' is given twice"),
        ("--fixed", "heats=40", "names 'heats', which is no parameter"),
        ("--fixed", "heat=4000", "must lie between"),
        ("--avoid", "heat=..4000", "no question can be asked with forbidden: heat up to 4000"),
        ("--avoid", "heat=warm..", "must be a number, got 'warm'"),
    ],
)
def test_a_wish_that_cannot_be_met_is_refused(asked, option, text, sentence):
    """One sentence, and nothing is stored."""
    before = asked.exported()
    assert sentence in asked.refused("ask", "hand", option, text, "--out", "other.csv")
    assert asked.exported() == before


def test_candidates_are_ranked_by_the_terminal(asked):
    """A person's table comes back in the order in which its rows are worth doing."""
    header, rows = asked.table()
    for number, row in enumerate(rows):
        row[-2:] = [f"{number}.5", "0.9"]
    asked.tell(header, rows)
    asked.write("own.csv", "heat (K),ratio\n320,0.5\n330,0.25\n9000,0.5\n")
    said = asked.ok("rank", "hand", "own.csv", "--out", "ranked.csv")
    assert {line.split()[0] for line in said.splitlines() if "row" in line} == {"1", "2", "-"}
    assert "not legal: parameter 'heat' must lie between" in said
    with (asked.folder / "ranked.csv").open(newline="", encoding="utf-8") as file:
        ranked = list(csv.DictReader(file))
    assert [row["place"] for row in ranked] == ["1", "2", ""]
    assert all(row["reason"] for row in ranked)
    asked.write("own.csv", "heat (K),ratio\nwarm,0.5\n")
    assert "row 2: heat 'warm' is no number; nothing was ranked" in asked.refused(
        "rank", "hand", "own.csv"
    )
