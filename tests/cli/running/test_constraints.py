"""A campaign with an outcome constraint, from its file to its report."""

import csv
import json

from labloop.store import open_database

FILE = """
from labloop import (
    Budget, CampaignSpec, Continuous, Maximize, OutcomeConstraint, Scalar, SearchSpace
)

def measure(x):
    a, b = x.a, x.b
    return {"yield": 100 * (a + b) / 2, "impurity": 10 * a * a + 2 * b}

campaign = CampaignSpec(
    "kept", SearchSpace(Continuous("a", 0, 1), Continuous("b", 0, 1)),
    outputs=[Scalar("yield", unit="%"), Scalar("impurity", unit="%")],
    objective=Maximize("yield"), constraints=[OutcomeConstraint("impurity", at_most=CAP)],
    procedure=measure, budget=Budget(experiments=9), seed=3,
)
"""


def points(shell, db):
    with open_database(shell.folder / db, read_only=True) as store:
        (record,) = store.campaigns.all()
        return [dict(row.point) for row in store.experiments.all(record.id)]


def test_a_constraint_from_file_to_report(shell):
    """Best, counts, a column of the export and the page keep to it; resumed it is bit-equal."""
    shell.write("kept.py", FILE.replace("CAP", "4"))
    said = shell.ok("run", "kept.py", "--engine", "plain")
    assert "of 9 results have impurity at most 4" in said
    status = json.loads(shell.ok("status", "kept", "--json"))
    assert "results have impurity at most 4" in status["kept"]
    shell.ok("export", "kept", "--out", "tables")
    with (shell.folder / "tables" / "experiments.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    kept = [r for r in rows if float(r["impurity (%)"]) <= 4]
    assert [r["feasible"] for r in rows] == ["True" if r in kept else "False" for r in rows]
    assert max(float(r["yield (%)"]) for r in kept) == status["best"]
    assert max(float(r["yield (%)"]) for r in kept) > 55
    shell.ok("report", "kept", "--out", "r.html")
    page = (shell.folder / "r.html").read_text(encoding="utf-8")
    assert "with impurity at most 4" in page
    assert "breaks impurity at most 4" in page
    assert "% it has impurity at most 4" in shell.ok("explain", "kept")
    words = ("--engine", "plain", "--db", "again.db")
    shell.ok("run", "kept.py", *words, "--experiments", "6")
    shell.ok("resume", "kept", *words, "--experiments", "9")
    assert points(shell, "again.db") == points(shell, "labloop.db")


def test_what_cannot_be_kept_is_told_by_check(shell):
    """A constraint on an undeclared output or of no number is a sentence, not a traceback."""
    shell.write("kept.py", FILE.replace("CAP", "'4 %'"))
    assert "in the output's unit, must be a number" in shell.refused(
        "run", "kept.py", "--engine", "plain"
    )
    shell.write("kept.py", FILE.replace("CAP", "4").replace('Constraint("imp', 'Constraint("p'))
    assert "names an output that is not declared" in shell.refused(
        "run", "kept.py", "--engine", "plain"
    )
