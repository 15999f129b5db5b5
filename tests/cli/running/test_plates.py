"""A campaign on plates: its wells are seen by the procedure and by everybody who looks."""

import csv

PLATES = """
from labloop import (Budget, CampaignSpec, Categorical, Maximize, Ordered, Plate, Scalar,
    SearchSpace)

def measure(x):
    return {"y": float(x["k"]) + {"a": 0.0, "b": 1.0}[x.ligand], "row": float(ord(x.well[0]))}

campaign = CampaignSpec("plates",
    SearchSpace(Categorical("ligand", ["a", "b"]), Ordered("k", [1, 2, 3, 4, 5, 6]),
                Ordered("t", [20, 40])),
    outputs=[Scalar("y"), Scalar("row")], objective=Maximize("y"),
    procedure=PROCEDURE,
    plate=Plate(rows=2, columns=3, shared=["t"], controls={"B3": {"ligand": "a", "k": 1}}),
    budget=Budget(experiments=12))
"""


def test_wells_are_known_everywhere(shell):
    """A round is a plate: its wells are in the procedure, status, export and report."""
    shell.write("plates.py", PLATES.replace("PROCEDURE", "measure"))
    shell.ok("run", "plates.py", "--engine", "plain")
    assert "plates    2 so far; of the 6 wells of the newest (A1 to B3) 6 have ended" in shell.ok(
        "status", "plates"
    )
    shell.ok("export", "plates", "--out", "out")
    (table,) = list((shell.folder / "out").glob("experiments*.csv"))
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["well"] for row in rows] == ["A1", "A2", "A3", "B1", "B2", "B3"] * 2
    assert all(float(row["row"]) == ord(row["well"][0]) for row in rows)
    assert len({row["t"] for row in rows[:6]}) == 1
    shell.ok("report", "plates", "--out", "page.html")
    page = (shell.folder / "page.html").read_text(encoding="utf-8")
    assert "Round 1: 6 wells of 2 x 3" in page
    assert 'title="B3: ligand a, k 1' in page


def test_a_person_is_given_a_plate_with_its_wells(shell):
    """`labloop ask` writes a whole plate, a column with the wells, and reads it back."""
    shell.write("plates.py", PLATES.replace("PROCEDURE", "None"))
    shell.ok("ask", "plates.py", "--out", "next.csv")
    with (shell.folder / "next.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["well"] for row in rows] == ["A1", "A2", "A3", "B1", "B2", "B3"]
    for row in rows:
        row.update(y="1.0", row="65")
    with (shell.folder / "next.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    shell.ok("tell", "plates", "next.csv")
    assert "6 have ended" in shell.ok("status", "plates")


def test_a_plate_that_cannot_be_planned_is_one_sentence(shell):
    """A batch that is larger than the plate, and a campaign that replaces single experiments."""
    whole = PLATES.replace("PROCEDURE", "measure")
    shell.write("plates.py", whole.replace("budget=", "batch=7, budget="))
    said = shell.refused("run", "plates.py", "--engine", "plain")
    assert "batch=7 experiments do not fit on a plate of 6 wells" in said
    shell.write("plates.py", whole.replace("budget=", "asynchronous=True, budget="))
    said = shell.refused("run", "plates.py", "--engine", "plain")
    assert "a plate is planned as a whole" in said
