"""Whatever kind of thing a person hands to a Brain by mistake is refused in a sentence."""

import math

import pytest

from labloop.brain import Brain
from labloop.errors import BrainError, LabloopError
from labloop.objectives import Maximize
from labloop.space import Categorical, Conditional, Continuous, SearchSpace

SPACE = SearchSpace(Continuous("x", 0, 1), Categorical("s", ["a", "b"]))
KINDS = [5, "x", [1], {"a": None}, object(), math.nan, True]

CALLS = {
    "ask fixed": lambda brain, one, it: brain.ask(fixed=it),
    "ask avoid": lambda brain, one, it: brain.ask(avoid=it),
    "tell id": lambda brain, one, it: brain.tell(it, {"y": 1}),
    "tell outputs": lambda brain, one, it: brain.tell(one, it),
    "tell sd": lambda brain, one, it: brain.tell(one, {"y": 1}, sd=it),
    "tell one sd": lambda brain, one, it: brain.tell(
        one, {"y": 2}, sd={"y": "5" if it == 5 else it}
    ),
    "tell point": lambda brain, one, it: brain.tell(one, {"y": 1}, point=it),
    "tell curves": lambda brain, one, it: brain.tell(one, {"y": 1}, curves=it),
    "tell one curve": lambda brain, one, it: brain.tell(one, {"y": 1}, curves={"c": it}),
    "past": lambda brain, one, it: brain.tell_past(it),
    "past row": lambda brain, one, it: brain.tell_past([it]),
    "past column": lambda brain, one, it: brain.tell_past({"x": it, "s": it, "y": it}),
    "drop": lambda brain, one, it: brain.drop(it),
    "replace": lambda brain, one, it: brain.replace(one, it),
    "replace id": lambda brain, one, it: brain.replace(it, {"x": 0.1, "s": "a"}),
    "add": lambda brain, one, it: brain.add(it),
    "rank": lambda brain, one, it: brain.rank(it),
    "predict": lambda brain, one, it: brain.predict(it),
    "space": lambda brain, one, it: brain.change(space=it),
    "aim": lambda brain, one, it: brain.change(objective=it),
    "plate": lambda brain, one, it: Brain(SPACE, Maximize("y"), plate=it),
    "constraints": lambda brain, one, it: Brain(SPACE, Maximize("y"), constraints=it),
}


@pytest.mark.parametrize("call", CALLS)
def test_another_kind_is_refused_and_nothing_changes(call):
    """No TypeError of Python from within, and the results are as they were."""
    brain = Brain(SPACE, Maximize("y"), "random", seed=0)
    (first, _), (second, _) = brain.ask(2)
    brain.tell(first, {"y": 1})
    before = brain.records()
    for it in KINDS:
        with pytest.raises(LabloopError):
            CALLS[call](brain, second, it)
    assert brain.records() == before


def test_how_sure_a_value_is_says_of_which():
    """A number alone, or of another output, would silently be lost."""
    brain = Brain(SPACE, Maximize("y"), "random", seed=0)
    ((one, _),) = brain.ask()
    with pytest.raises(BrainError, match=r"is written as \{'yield': 0.3\}, got 0.5"):
        brain.tell(one, {"y": 1}, sd=0.5)
    with pytest.raises(BrainError, match="names 'Y', which was not told; told were y"):
        brain.tell(one, {"y": 1}, sd={"Y": 0.5})
    brain.tell(one, {"y": 1}, sd={"y": 0.5})


def test_an_empty_cell_of_a_data_frame_is_no_number():
    """There it is NaN: a parameter that is not used may be left out, one that is used may not."""
    space = SearchSpace(
        Categorical("metal", ["none", "Pd"]),
        Continuous("load", 1, 5),
        Conditional("load", {"metal": "Pd"}),
    )
    brain = Brain(space, Maximize("y"), "random", seed=0)
    brain.tell_past({"metal": ["none", "Pd"], "load": [math.nan, 2.0], "y": [1.0, 2.0]})
    assert [row["load"] for row in brain.records()] == [0, 2]
    with pytest.raises(BrainError, match="the point has no value for 'load'"):
        brain.tell_past({"metal": ["Pd"], "load": [math.nan], "y": [1.0]})
