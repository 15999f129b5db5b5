"""A planner in a notebook: old results in, predictions out, a table to look at, a file to keep."""

import json

import pytest

from labloop.brain import Brain, SobolStrategy
from labloop.errors import BrainError, LabloopError
from labloop.objectives import Maximize, Minimize
from labloop.space import Categorical, Continuous, SearchSpace

SPACE = SearchSpace(Continuous("x", 0, 1), Categorical("cup", ["a", "b"]))
ROWS = [
    {"x": v / 6, "cup": "ab"[v % 2], "y": -((v / 6 - 0.4) ** 2), "operator": "Ann"}
    for v in range(7)
]


class Frame:
    """What of a data frame is used."""

    def to_dict(self, orient):
        assert orient == "records"
        return ROWS


@pytest.mark.parametrize(
    "rows", [ROWS, {name: [row[name] for row in ROWS] for name in ROWS[0]}, Frame()]
)
def test_past_results_are_told_at_once(rows):
    """Rows, columns and frames mean the same; words beside them are not read."""
    brain = Brain(SPACE, Maximize("y"), "sobol")
    ids = brain.tell_past(rows)
    assert [row["experiment"] for row in brain.records()] == ids
    assert [(row["x"], row["y"]) for row in brain.records()] == [(r["x"], r["y"]) for r in ROWS]
    assert brain.best().point["x"] == pytest.approx(2 / 6)
    number, proposal = brain.ask()[0]
    assert number not in ids
    assert proposal.point["x"] not in {row["x"] for row in ROWS}


def test_a_row_without_results_failed_and_one_of_two_outputs_is_kept():
    """None and NaN are no measurement."""
    brain = Brain(SPACE, [Maximize("y"), Minimize("c")], "sobol")
    brain.tell_past(
        [
            {"x": 0.1, "cup": "a", "y": None, "c": float("nan")},
            {"x": 0.2, "cup": "a", "y": 1, "c": None},
            {"x": 0.3, "cup": "b", "y": 2, "c": 3},
        ]
    )
    assert [row["failed"] for row in brain.records()] == [True, False, False]
    assert brain.best().point["x"] == 0.3


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([*ROWS, {"x": 0.5, "cup": "c", "y": 1}], "row 8: parameter 'cup' must be one of a, b"),
        ([{"x": 0.5, "cup": "a"}], "row 1: there is no column 'y', which the objective reads"),
        ([{"cup": "a", "y": 1}], "row 1: the point has no value for 'x'"),
        ([{"x": 0.5, "cup": "a", "y": "much"}], "row 1: output 'y' must be a number, got 'much'"),
        ([{"x": 0.5, "cup": "a", "y": float("inf")}], "row 1: output 'y' must be finite"),
        ([3], "row 1 must map columns to values, got 3"),
        ("x,y", "past results are rows"),
        ({"x": [1], "y": [1, 2]}, "must be equally long"),
    ],
)
def test_a_table_that_means_nothing_is_refused_whole(rows, words):
    """The sentence names the row, and nothing is taken in."""
    brain = Brain(SPACE, Maximize("y"), "sobol")
    with pytest.raises(BrainError, match=words):
        brain.tell_past(rows)
    assert brain.records() == []


def test_results_in_place_of_the_id_end_in_a_sentence():
    """The mistake that everybody makes once."""
    brain = Brain(SPACE, Maximize("y"), "sobol")
    brain.ask()
    with pytest.raises(BrainError, match=r"tell takes the id that ask gave.*tell_past"):
        brain.tell({"y": 1.0}, None)


def test_predictions_have_intervals():
    """Near what was measured they are sure, far from it they are not."""
    brain = Brain(SPACE, Maximize("y"))
    with pytest.raises(BrainError, match="nothing is known yet"):
        brain.predict({"x": 0.5, "cup": "a"})
    brain.tell_past(ROWS)
    there, between = brain.predict([{"x": 2 / 6, "cup": "a"}, {"x": 2 / 6, "cup": "b"}])
    assert there["y"].mean == pytest.approx(ROWS[2]["y"], abs=0.02)
    assert there["y"].low < there["y"].mean < there["y"].high
    assert between["y"].sd > there["y"].sd
    assert brain.predict([]) == []
    with pytest.raises(LabloopError, match="cup"):
        brain.predict([{"x": 0.5, "cup": "z"}])


def test_a_saved_planner_goes_on_with_the_same_bits(tmp_path):
    """What is pending, told and refused is in the file; code is not."""
    brain = Brain(SPACE, Maximize("y"), "sobol", seed=3)
    brain.tell_past(ROWS[:3])
    (kept, _), (dropped, _) = brain.ask(2)
    brain.drop(dropped)
    brain.save(tmp_path / "brain.json")
    again = Brain.load(tmp_path / "brain.json")
    assert again.records() == brain.records()
    assert again.data.observations == brain.data.observations
    assert dict(again.pending) == dict(brain.pending)
    for one in (brain, again):
        one.tell(kept, {"y": 0.5})
    assert again.ask(2, attempt=1) == brain.ask(2, attempt=1)
    assert again.ask(2) == brain.ask(2)
    assert list(tmp_path.iterdir()) == [tmp_path / "brain.json"]


def test_what_no_file_holds_is_asked_for(tmp_path):
    """A strategy of one's own is code, and a file of something else is none."""
    Brain(SPACE, Maximize("y"), SobolStrategy()).save(tmp_path / "own.json")
    with pytest.raises(BrainError, match=r"a strategy of its own; give load\(..., strategy="):
        Brain.load(tmp_path / "own.json")
    assert Brain.load(tmp_path / "own.json", strategy=SobolStrategy()).ask()
    (tmp_path / "other.json").write_text(json.dumps({"schema": 7}))
    for name, words in (("other.json", "holds no planner"), ("none.json", "can be read from")):
        with pytest.raises(BrainError, match=words):
            Brain.load(tmp_path / name)


def test_a_notebook_shows_a_table():
    """Names that would be markup stay text."""
    brain = Brain(SearchSpace(Categorical("cup", ["<b>", "b"])), Maximize("y"), "sobol")
    brain.tell_past([{"cup": "<b>", "y": 1.0}, {"cup": "b", "y": None}])
    shown = brain._repr_html_()
    assert "&lt;b&gt;" in shown
    assert "<b>" not in shown
    assert "2 told, 0 pending" in shown
    pandas = pytest.importorskip("pandas")
    assert isinstance(brain.to_pandas(), pandas.DataFrame)
