"""Brain remembers what it asked and what it was told; it needs nothing else."""

import subprocess
import sys
import textwrap

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from labloop.brain import Brain, RandomStrategy, resolve_strategy
from labloop.brain.observations.seeding import isolated
from labloop.errors import BrainError, DefinitionError, LabloopError, SpaceExhaustedError
from labloop.objectives import Maximize, Minimize
from labloop.records import CurveData, points_of
from labloop.space import Categorical, Continuous, Integer, Ordered, SearchSpace


def grid():
    return SearchSpace(Categorical("dye", ["p", "q", "r"]), Ordered("dose", [1.0, 2.0, 5.0]))


def value(point):
    return {"p": 0.1, "q": 1.0, "r": 0.4}[point["dye"]] + 0.1 * point["dose"]


def test_ten_lines_find_the_best_point():
    brain = Brain(grid(), Maximize("y"), seed=4)
    for _ in range(6):
        for number, proposal in brain.ask():
            brain.tell(number, {"y": value(proposal.point)})
    assert dict(brain.best().point) == {"dye": "q", "dose": 5.0}


@pytest.mark.parametrize("strategy", ["auto", "sobol", "random"])
def test_the_same_campaign_gives_the_same_course(strategy):
    def course():
        brain = Brain(grid(), Maximize("y"), strategy, seed=9)
        for _ in range(2):
            for number, proposal in brain.ask(3):
                brain.tell(number, {"y": value(proposal.point)})
        return [dict(o.point) for o in brain.data.observations]

    assert course() == course()


def test_another_seed_gives_another_course():
    def course(seed):
        box = SearchSpace(Continuous("x", 0, 1))
        return dict(Brain(box, Maximize("y"), "sobol", seed=seed).ask()[0][1].point)

    assert course(1) != course(2)


def test_what_is_pending_is_not_asked_for_again():
    brain = Brain(grid(), Maximize("y"), seed=1)
    points = [dict(p.point) for _ in range(3) for _, p in brain.ask(3)]
    assert len({tuple(p.items()) for p in points}) == 9
    assert len(brain.pending) == 9


def test_dropped_proposals_do_not_come_back_in_their_round():
    brain = Brain(grid(), Maximize("y"), seed=1)
    for number, proposal in brain.ask(4):
        brain.tell(number, {"y": value(proposal.point)})
    refused = []
    for attempt in range(5):
        ((number, proposal),) = brain.ask(1, attempt=attempt)
        assert dict(proposal.point) not in refused
        refused.append(dict(proposal.point))
        brain.drop(number)
    assert not brain.pending


def test_the_next_round_may_ask_for_what_was_dropped():
    brain = Brain(SearchSpace(Ordered("x", [1.0, 2.0])), Maximize("y"), "random", seed=1)
    first = brain.ask(2)
    for number, _ in first:
        brain.drop(number)
    assert len(brain.ask(2)) == 2


def test_failed_experiments_are_kept_and_not_repeated():
    brain = Brain(grid(), Maximize("y"), seed=2)
    for _ in range(4):
        for number, proposal in brain.ask(2):
            works = proposal.point["dye"] != "q"
            brain.tell(number, {"y": value(proposal.point)} if works else None)
    points = [tuple(o.point.items()) for o in brain.data.observations]
    assert len(set(points)) == len(points) == 8
    assert any(o.failed for o in brain.data.observations)


@pytest.mark.parametrize(
    ("act", "error", "message"),
    [
        (lambda b: b.tell("nobody", {"y": 1.0}), BrainError, "not pending"),
        (lambda b: b.drop("nobody"), BrainError, "not pending"),
        (lambda b: b.ask(0), BrainError, "ask for 1 to"),
        (lambda b: b.ask(1, attempt=1), BrainError, "not open"),
        (lambda b: b.tell(b.ask()[0][0], {"z": 1.0}), BrainError, r"needs \['y'\]"),
        (lambda b: b.tell(b.ask()[0][0], {"y": float("nan")}), DefinitionError, "must be finite"),
    ],
)
def test_mistakes_are_told_in_a_sentence(act, error, message):
    with pytest.raises(error, match=message):
        act(Brain(grid(), Maximize("y")))


def test_a_curve_is_kept_with_its_result_and_a_failed_experiment_has_none():
    """What physics learns from is there without a database, too."""
    brain = Brain(grid(), Maximize("y"))
    curve = CurveData([0.0, 1.0], [2.0, 3.0], "min", "mol/L")
    for outputs in ({"y": 1.0}, None):
        brain.tell(brain.ask()[0][0], outputs, curves={"course": curve})
    assert [dict(o.curves) for o in brain.data.observations] == [{"course": curve}, {}]


def test_a_result_with_a_mistake_stays_pending():
    brain = Brain(grid(), Maximize("y"))
    number = brain.ask()[0][0]
    with pytest.raises(LabloopError, match="needs"):
        brain.tell(number, {})
    brain.tell(number, {"y": 1.0})
    assert len(brain.data) == 1


@pytest.mark.parametrize("strategy", ["magic", 7])
def test_unknown_strategies_are_refused(strategy):
    with pytest.raises(BrainError, match="`name` and `propose`"):
        resolve_strategy(strategy)


def test_a_strategy_of_ones_own_is_taken():
    brain = Brain(grid(), [Maximize("y"), Minimize("z")], RandomStrategy())
    assert brain.ask()[0][1].strategy == "random"


def test_an_exhausted_pool_is_said():
    from labloop.space import Pool

    pool = SearchSpace(Pool({"x": [1.0, 2.0]}, {"x": "1"}))
    brain = Brain(pool, Maximize("y"))
    assert len(brain.ask(5)) == 2
    with pytest.raises(SpaceExhaustedError, match="widen the space"):
        brain.ask()
    assert len(points_of(list(brain.pending.values()))) == 2


def test_linear_algebra_has_one_thread_inside_a_proposal():
    """Inside, all of it has one thread, also what was loaded since; afterwards as before."""
    with isolated(1):
        import sklearn  # noqa: F401 - brings a pool of its own
    with threadpool_limits(2):
        before = [pool["num_threads"] for pool in threadpool_info()]
        with isolated(1):
            inside = {pool["num_threads"] for pool in threadpool_info()}
        after = [pool["num_threads"] for pool in threadpool_info()]
    assert 2 in before
    assert inside == {1}
    assert after == before


def test_the_brain_runs_without_store_lab_and_prefect():
    code = """
        import sys, warnings
        warnings.simplefilter("ignore")
        blocked = ["labloop.store", "labloop.lab", "prefect", "sqlmodel", "typer", "serial"]
        for name in blocked:
            sys.modules[name] = None
        from labloop.brain import Brain
        from labloop.objectives import Maximize
        from labloop.space import Continuous, SearchSpace
        brain = Brain(SearchSpace(Continuous("x", 0, 1)), Maximize("y"))
        for _ in range(5):
            for number, proposal in brain.ask():
                brain.tell(number, {"y": -(proposal.point["x"] - 0.3) ** 2})
        print(proposal.model)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "gp"


@pytest.mark.parametrize("strategy", ["auto", "skopt", "sobol", "random", "botorch"])
def test_a_result_from_outside_is_learned_from_and_not_asked_for(strategy):
    """Reached conditions may leave the bounds; what is asked for never does."""
    brain = Brain(SearchSpace(Continuous("x", 0, 1), Integer("n", 1, 4)), Maximize("y"), strategy)
    for i in range(8):
        ((number, proposal),) = brain.ask()
        assert brain.space.contains(proposal.point)
        reached = {"x": proposal.point["x"] + (0.4 if i % 2 else 0.0), "n": proposal.point["n"]}
        brain.tell(number, {"y": reached["x"] + reached["n"]}, point=reached)
    seen = brain.data.observations
    assert max(o.point["x"] for o in seen) > 1
    assert [o.asked is None for o in seen] == [True, False] * 4


def test_a_point_that_was_missed_is_not_asked_for_again():
    """Where 2 was asked for and 2.2 reached, 2 counts as tried; so does a row of a pool."""
    brain = Brain(SearchSpace(Ordered("dose", [1.0, 2.0, 5.0])), Maximize("y"), "botorch")
    asked = []
    for _ in range(3):
        ((number, proposal),) = brain.ask()
        asked.append(proposal.point["dose"])
        reached = {"dose": proposal.point["dose"] + 0.2}
        brain.tell(number, {"y": reached["dose"]}, point=reached)
    assert sorted(asked) == [1.0, 2.0, 5.0]


def test_a_result_told_again_is_corrected():
    """The newer one counts in the old one's place; the old one is kept, the same one is none."""
    brain = Brain(grid(), Maximize("y"), "random", seed=1)
    (first, one), (second, _) = brain.ask(2)
    brain.tell(first, {"y": 1000.0})
    brain.tell(second, {"y": 2.0})
    brain.tell(first, {"y": 10.0})
    brain.tell(second, {"y": 2.0})
    assert [o.outputs["y"] for o in brain.data.observations] == [10.0, 2.0]
    assert brain.data.observations[0].point == one.point
    assert [o.outputs["y"] for o in brain.superseded] == [1000.0]
    assert brain.best().outputs["y"] == 10.0
    brain.tell(first, None)
    assert brain.data.observations[0].failed
    assert brain.best().outputs["y"] == 2.0


def test_a_result_is_withdrawn():
    """It is learned from no more, kept, and not known afterwards."""
    brain = Brain(grid(), Maximize("y"), "random", seed=1)
    ((first, _),) = brain.ask()
    brain.tell(first, {"y": 3.0})
    brain.drop(first)
    assert len(brain.data) == 0
    assert [o.outputs["y"] for o in brain.superseded] == [3.0]
    with pytest.raises(BrainError, match="not pending"):
        brain.drop(first)
