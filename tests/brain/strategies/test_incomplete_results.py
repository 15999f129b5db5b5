"""Results that lack an output: each output is learned from the experiments that have it."""

import math

import pytest
import torch

from labloop.brain import BotorchStrategy, Brain, PhysicsStrategy
from labloop.brain.acquisition import training_data
from labloop.errors import LabloopError
from labloop.objectives import Maximize, Minimize, Objectives, OutcomeConstraint
from labloop.physics import FunctionPhysics, Prior
from labloop.records import Dataset, Observation
from labloop.space import Continuous, SearchSpace
from labloop.surrogates import GPFactory

BOX = SearchSpace(Continuous("a", 0, 1), Continuous("b", 0, 1))
KEPT = OutcomeConstraint("z", at_most=0.5)
AIMS = {
    "one aim": Objectives.of(Maximize("y"), [KEPT]),
    "two aims": Objectives.of([Maximize("y"), Minimize("z")]),
}


def measure(point):
    """Return y, hilly, and z, which is allowed on one side of a curve."""
    a, b = point["a"], point["b"]
    return {"y": math.sin(5 * a) * math.cos(3 * b) + b, "z": a * a + 0.6 * b}


def results(n=16, *, aside=False, whole=False):
    """Return n results, every second one without z, or set aside, or whole after all."""
    made = []
    for i, point in enumerate(BOX.sample(n, 4)):
        outputs = measure(point)
        if i % 2 and not whole:
            if aside:
                continue
            del outputs["z"]
        made.append(Observation(f"e{i:04d}", point, outputs))
    return Dataset(tuple(made))


def shown(batch):
    return [(p.point, p.predicted, p.reason) for p in batch.proposals]


class Careful(GPFactory):
    """The same model for factories that know nothing of results that lack an output."""

    takes_incomplete = False


def planner(seed, *, aside, every=2):
    """Return a planner with 12 results, every second one without z or dropped."""
    brain = Brain(BOX, Maximize("y"), "botorch", constraints=[KEPT], seed=seed)
    for i, point in enumerate(BOX.sample(12, seed)):
        if i % every and aside:
            continue
        outputs = measure(point)
        brain.tell(brain.add(point), {**outputs, "z": None} if i % every else outputs)
    return brain


def test_what_lacks_an_output_is_better_used_than_set_aside():
    """Told half of its results without z, a planner foretells y better and finds more."""
    errors, best = {True: 0.0, False: 0.0}, {True: 0.0, False: 0.0}
    grid = BOX.sample(40, 99)
    for aside in (True, False):
        for seed in range(3):
            brain = planner(seed, aside=aside)
            found = brain.predict(grid)
            errors[aside] += sum(
                abs(f["y"].mean - measure(p)["y"]) for f, p in zip(found, grid, strict=True)
            )
            for _ in range(3):
                number, proposal = brain.ask()[0]
                brain.tell(number, measure(proposal.point))
            best[aside] += brain.best().outputs["y"]
    assert errors[False] < 0.7 * errors[True]
    assert best[False] > best[True]


@pytest.mark.parametrize("objective", AIMS.values(), ids=AIMS)
@pytest.mark.parametrize("n", [1, 10], ids=["one", "together"])
def test_complete_results_give_the_same_bits_as_ever(objective, n):
    """A model that takes results with a gap, given none, is the one that takes no gaps."""
    data = results(whole=True)
    one = BotorchStrategy().propose(BOX, objective, data, (), n, 3)
    other = BotorchStrategy(Careful()).propose(BOX, objective, data, (), n, 3)
    assert shown(one) == shown(other)


@pytest.mark.parametrize("objective", AIMS.values(), ids=AIMS)
@pytest.mark.parametrize("n", [1, 10], ids=["one", "together"])
def test_proposals_come_and_tell_of_what_lacks(objective, n):
    """Each is legal, foretells every output in numbers, and says how many results lack one."""
    batch = BotorchStrategy().propose(BOX, objective, results(), (), n, 3)
    assert len(batch.proposals) == n
    for proposal in batch.proposals:
        assert BOX.contains(proposal.point)
        assert all(math.isfinite(f.mean) and f.sd > 0 for f in proposal.predicted.values())
        assert "on 8 results and 8 that lack an output" in proposal.reason


def test_other_models_see_only_what_is_complete():
    """A factory that does not say so is never given NaN, and neither is physics."""
    objective = AIMS["one aim"]
    physics = FunctionPhysics(
        lambda x, theta: {"y": theta["k"] * x["a"]},
        {"k": Prior(1.0, "1", fold=2)},
        {"a": "1"},
        "y",
    )
    for strategy in (BotorchStrategy(Careful()), PhysicsStrategy(physics)):
        whole, aside = (
            strategy.propose(BOX, objective, data, (), 1, 3)
            for data in (results(), results(aside=True))
        )
        assert [p.predicted for p in whole.proposals] == [p.predicted for p in aside.proposals]


def test_of_very_many_results_those_that_lack_an_output_are_thinned_too():
    """The subset that is fitted keeps complete results, and the latest ones of either kind."""
    data = training_data(BOX, AIMS["one aim"], results(600), 0, incomplete=True)
    kept = data.thinned(90)
    assert len(kept.outputs) == 90
    assert 30 <= int(kept.complete.sum()) < 90
    assert torch.equal(kept.encoded[-30:], data.encoded[-30:])


def test_a_result_that_lacks_an_output_is_never_the_best():
    """However good what was told of it is."""
    brain = planner(0, aside=False)
    number, _ = brain.ask()[0]
    brain.tell(number, {"y": 1e3, "z": None})
    assert brain.best().experiment_id != number
    assert number not in [o.experiment_id for o in brain.front()]
    assert brain.records()[-1]["feasible"] is None
    brain.tell(number, {"y": 1e3, "z": 0.1})
    assert brain.best().experiment_id == number


def test_rows_of_old_results_may_lack_an_output():
    """They teach like those that were asked for; a single complete one is enough to begin."""
    brain = Brain(BOX, Maximize("y"), "botorch", constraints=[KEPT])
    rows = [{**p, **measure(p)} for p in BOX.sample(24, 1)]
    for i, row in enumerate(rows[1:]):
        row["z" if i % 2 else "y"] = None
    brain.tell_past(rows)
    assert "on 1 results and 23 that lack an output" in brain.ask()[0][1].reason


@pytest.mark.parametrize(
    ("outputs", "words"),
    [
        ({"y": 1.0}, "tell them too, as None where they were not measured"),
        ({"y": None, "z": None}, "None for every output"),
        ({"y": 1.0, "z": math.nan}, "output 'z'"),
    ],
)
def test_what_was_not_measured_is_told_as_none(outputs, words):
    """A name that was forgotten, or mistyped, is no output that was not measured."""
    brain = Brain(BOX, Maximize("y"), "botorch", constraints=[KEPT])
    number, _ = brain.ask()[0]
    with pytest.raises(LabloopError, match=words):
        brain.tell(number, outputs)
    assert number in brain.pending
