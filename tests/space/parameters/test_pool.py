"""A pool is a table whose rows are the only legal points."""

import pytest

from labloop.errors import SpaceError
from labloop.space import (
    Categorical,
    Pool,
    SearchSpace,
)

TABLE = {"s": ["x", "y", "z"], "t": [10, 20, 30]}


def shelf(**options):
    return Pool(TABLE, {"s": Categorical, "t": "degC"}, **options)


def test_only_rows_of_a_pool_are_legal():
    """A combination that is not on the shelf is refused, and decoded to one that is."""
    space = SearchSpace(shelf())
    with pytest.raises(SpaceError, match=r"no row of the pool holds .*'x'.*20"):
        space.validate({"s": "x", "t": 20})
    assert space.validate({"t": 20, "s": "y"}) == {"s": "y", "t": 20.0}
    assert space.decode([[0, 0.1, 0, 0.45]]) == [{"s": "y", "t": 20.0}]


def test_a_pool_is_read_from_a_file(tmp_path):
    """A CSV file as a spreadsheet writes it; measured columns are not read."""
    path = tmp_path / "my shelf.csv"
    path.write_bytes("\ufeffs,t,yield\r\nx, 10,0.5\r\ny,2e1,\r\n".encode())
    space = SearchSpace(Pool(path, {"s": Categorical, "t": "degC"}))
    assert space.size == 2
    assert space.contains({"s": "y", "t": 20})
    assert "yield" not in str(space.spec())
    rows = [{"s": "x", "t": 10}, {"s": "y", "t": 20}]
    assert SearchSpace(Pool(rows, {"s": str, "t": "degC"})) == space


def test_descriptors_may_know_more_than_the_shelf_holds():
    """One table of solvents serves many pools."""
    known = {n: {"polarity": float(i)} for i, n in enumerate("wxyz")}
    space = SearchSpace(shelf(descriptors={"s": known}))
    assert [(f.kind, f.level, f.low, f.high) for f in space.features] == [
        ("descriptor", "polarity", 1.0, 3.0),
        ("linear", "", 10.0, 30.0),
    ]


@pytest.mark.parametrize("cell", ["1_000", "nan", "1e999", "\uff11", "1,5"])
def test_a_pool_reads_no_number_in_two_ways(tmp_path, cell):
    """What a computer's language would take for one is named with its column."""
    path = tmp_path / "pool.csv"
    path.write_text(f's,t\nx,5\ny,"{cell}"\n', encoding="utf-8")
    with pytest.raises(SpaceError, match="'t' must hold finite numbers"):
        SearchSpace(Pool(path, {"s": Categorical, "t": "1"}))


@pytest.mark.parametrize(
    "text",
    [
        "s;heat (K);mass (mg);note\nx;283,15;1,5;a, b\ny;293,15;2;\n",
        "s\theat (K)\tmass [mg]\nx\t283.15\t1.5\ny\t293.15\t2\n",
        's,heat (K),mass (mg),note\n"x",283.15,1.5,"a, b"\ny,293.15,2\n\n',
    ],
)
def test_a_file_is_read_as_a_spreadsheet_saves_it(tmp_path, text):
    """Semicolons with decimal commas, tabs, units in the header: the same shelf each time."""
    path = tmp_path / "shelf.csv"
    path.write_bytes(text.replace("note", "Bemerkung \u00fc").encode("cp1252"))
    points = SearchSpace(Pool(path, {"s": Categorical, "heat": "degC", "mass": "g"})).sample(2, 1)
    found = sorted((p["s"], round(p["heat"], 9), round(p["mass"], 12)) for p in points)
    assert found == [("x", 10, 0.0015), ("y", 20, 0.002)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("s;t\nx;1,5\ny;1.234\n", "'1.234' may be 1234 or 1,234"),
        ("s,t\nx,5\ny,1,5\n", "row 3 of the pool's file .* has 3 cells under 2 columns"),
        ("s,t (min)\nx,5\n", "pool column 't': 'min' cannot be converted to 'degC'"),
        ("s,t,t (K)\nx,5,6\n", "two columns 't'"),
        ("s;heat\nx;5\n", "has no column 't'; it has 's', 'heat'"),
        ("s;t\n", "the pool has no rows"),
    ],
)
def test_what_a_file_does_not_say_for_sure_is_refused(tmp_path, text, words):
    """With the column or the row."""
    path = tmp_path / "shelf.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SpaceError, match=words):
        Pool(path, {"s": Categorical, "t": "degC"})


def test_a_data_frame_is_a_pool():
    """What has ``to_dict`` as a data frame has it."""
    frame = pytest.importorskip("pandas").DataFrame({"s": ["x", "y"], "t": [10, 20], "u": [1, 2]})
    space = SearchSpace(Pool(frame, {"s": Categorical, "t": "degC"}))
    assert space == SearchSpace(
        Pool({"s": ["x", "y"], "t": [10, 20]}, {"s": Categorical, "t": "degC"})
    )
