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
    assert "asked for with heat from 40 to 50" in asked.ok("explain", "hand")


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


def test_wishes_until_further_notice_are_typed(asked):
    """Fixed, avoided, changed and lifted; status tells who asked, and every table obeys."""
    said = asked.ok("command", "hand", "fix", "heat=40..50")
    assert "accepted; from the next round on: only heat from 40 to 50" in said
    asked.ok("command", "hand", "avoid", "ratio=0.5..", "heat=45..")
    status = asked.ok("status", "hand")
    assert "wished    only heat from 40 to 50 (asked for by " in status
    assert "wished    never ratio from 0.5 and heat from 45 (" in status
    asked.ok("report", "hand", "--out", "page.html")
    page = (asked.folder / "page.html").read_text(encoding="utf-8")
    assert "Persons ask for only heat from 40 to 50 (asked for by " in page
    asked.ok("ask", "hand", "-n", "5", "--out", "wished.csv")
    with (asked.folder / "wished.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert all(40 <= float(row["heat (degC)"]) <= 50 for row in rows)
    assert not any(float(row["ratio"]) > 0.5 and float(row["heat (degC)"]) > 45 for row in rows)
    said = asked.ok("command", "hand", "change", "heat=..300", "minimize=purity")
    assert "heat: high (200.0 -> 300.0)" in said
    asked.ok("command", "hand", "lift", "all")
    assert "wished" not in asked.ok("status", "hand")
    for words, sentence in (
        (("fix", "heat"), "a condition is name=value"),
        (("fix", "heat=9000"), "must lie between 0 and 300"),
        (("lift",), "lift needs the names of parameters, or all"),
        (("lift", "heat"), "nothing of heat is fixed or avoided"),
        (("change",), "change needs name=value"),
        (("change", "heat=40"), "is changed by its bounds"),
    ):
        code, said = asked("command", "hand", *words)
        assert code == 1
        assert sentence in said
