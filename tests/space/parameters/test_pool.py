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
