"""Peers are strategies: the same contract, and a process that dies or hangs is a sentence."""

import json
import math
import sys

import pytest

from labloop.brain import Brain, resolve_strategy
from labloop.brain.peers import PEERS, Peer, PeerStrategy, install, installed, peers_folder
from labloop.brain.peers.process import worker_of
from labloop.brain.peers.request import Translation
from labloop.errors import BrainError, SpaceExhaustedError
from labloop.objectives import Maximize, Minimize, Objectives, OutcomeConstraint
from labloop.records import Dataset, Observation
from labloop.space import (
    Categorical,
    Continuous,
    Integer,
    Linear,
    Mixture,
    Ordered,
    Pool,
    SearchSpace,
)
from labloop.testing.strategies import check_strategy, strategy_cases

CASES = {case.name: case for case in strategy_cases()}
OURS_ALONE = {"subset of a mixture", "conditional parameter", "non-linear constraint"}
REFUSED = {
    "baybe": OURS_ALONE,
    "ax": {*OURS_ALONE, "pool", "reusable pool", "mixture"},
    "bofire": {*OURS_ALONE, "pool", "reusable pool"},
    "optuna": {*OURS_ALONE, "pool", "reusable pool", "mixture", "linear constraint"},
}
DICE = """
import random

VERSION = "1"

def propose(request):
    told = len(request["results"]) + len(request["pending"])
    def one(p):
        if p["kind"] == "range":
            return random.uniform(p["low"], p["high"])
        return random.choice(p["values"])
    return [{p["name"]: one(p) for p in request["parameters"]} for _ in range(request["n"])]
"""
"""A planner that draws at random from what it is told, with the standard library alone."""
BOX = SearchSpace(
    Continuous("t", 20, 120, unit="degC"), Continuous("time", 0.5, 50, log=True), Integer("k", 0, 9)
)
AIM = Objectives.of(Maximize("y"))


def peer(folder, text, **able):
    """Return a peer that this script answers for, in the Python of the tests."""
    script = folder / "dice.py"
    script.write_text(text, encoding="utf-8")
    return Peer(name="dice", title="Dice", module="json", requirement="dice", script=script, **able)


def data(space, count):
    points = space.sample(count, seed=2)
    return Dataset(
        tuple(
            Observation(f"e{i}", p, outputs={"y": math.sin(i), "z": i / 7.0})
            for i, p in enumerate(points)
        )
    )


@pytest.mark.parametrize(("name", "case"), [(n, c) for n in PEERS for c in CASES])
def test_a_peer_keeps_the_contract_or_refuses_in_one_sentence(name, case):
    """What holds for our strategies holds for others; what they cannot do they do not try."""
    if installed(PEERS[name]) is None:
        pytest.skip(f"{name} is not installed here: labloop strategy install {name}")
    strategy, made = resolve_strategy(name), CASES[case]
    if case not in REFUSED[name]:
        check_strategy(strategy, cases=[made])
        return
    space, objective = made.make(), Objectives.of(made.aims)
    with pytest.raises(BrainError, match=f"{PEERS[name].title} knows no "):
        strategy.propose(space, objective, Dataset(), (), 1, 1)


@pytest.mark.parametrize("case", ["box", "mixed", "product", "two objectives", "minimize"])
def test_any_script_can_answer(tmp_path, case):
    """The lines that workers speak are enough for the whole contract."""
    check_strategy(PeerStrategy(peer(tmp_path, DICE)), cases=[CASES[case]])


def test_a_list_of_points_is_used_up_and_then_said_to_be(tmp_path):
    """A worker that repeats itself gets the nearest point that is left."""
    space = SearchSpace(Pool({"a": [1, 2, 3]}, {"a": "1"}))
    strategy = PeerStrategy(peer(tmp_path, DICE, pools=True))
    batch = strategy.propose(space, AIM, data(space, 1), (), 5, 1)
    assert len(batch.proposals) == 2
    with pytest.raises(SpaceExhaustedError):
        strategy.propose(space, AIM, data(space, 3), (), 1, 1)


def test_what_died_says_so_and_proposes_the_same_when_it_is_asked_again(tmp_path):
    """Nothing is kept in a worker, so nothing is lost with it."""
    strategy = PeerStrategy(peer(tmp_path, DICE))
    first = strategy.propose(BOX, AIM, data(BOX, 5), (), 3, 11)
    process = worker_of(strategy._peer)._process
    process.kill()
    process.wait()
    again = strategy.propose(BOX, AIM, data(BOX, 5), (), 3, 11)
    assert worker_of(strategy._peer)._process is not process
    assert again.proposals == first.proposals


def test_the_last_words_of_what_dies_are_told(tmp_path):
    """One sentence with the reason, not a traceback of another program."""
    dying = "VERSION = '1'\ndef propose(request):\n    raise SystemExit('no licence found')\n"
    strategy = PeerStrategy(peer(tmp_path, dying))
    with pytest.raises(BrainError, match=r"ended without an answer \(no licence found\)"):
        strategy.propose(BOX, AIM, Dataset(), (), 1, 1)


def test_a_script_that_does_not_start_is_a_sentence(tmp_path):
    """A library that is not there after all."""
    strategy = PeerStrategy(peer(tmp_path, "import no_such_library\n"))
    with pytest.raises(BrainError, match="No module named 'no_such_library'"):
        strategy.propose(BOX, AIM, Dataset(), (), 1, 1)


def test_what_the_peer_raises_is_told_and_the_process_goes_on(tmp_path):
    """Its refusal is its own sentence, and the next question is answered."""
    text = DICE.replace(
        "    told =", "    if request['n'] == 2: raise ValueError('odd')\n    told ="
    )
    strategy = PeerStrategy(peer(tmp_path, text))
    with pytest.raises(BrainError, match="Dice 1 made no proposal: ValueError: odd"):
        strategy.propose(BOX, AIM, Dataset(), (), 2, 1)
    process = worker_of(strategy._peer)._process
    assert len(strategy.propose(BOX, AIM, Dataset(), (), 3, 1).proposals) == 3
    assert worker_of(strategy._peer)._process is process


def test_what_hangs_is_ended_and_started_anew(tmp_path):
    """The answer to a question that nobody waits for is never taken for the next one's."""
    text = f"import time\n{DICE}".replace(
        "    told =", "    time.sleep(60 if request['n'] == 2 else 0)\n    told ="
    )
    strategy = PeerStrategy(peer(tmp_path, text), seconds=0.5)
    patient = PeerStrategy(strategy._peer)
    with pytest.raises(BrainError, match=r"gave no answer within 0.5 s and was ended"):
        strategy.propose(BOX, AIM, Dataset(), (), 2, 1)
    assert len(patient.propose(BOX, AIM, Dataset(), (), 3, 1).proposals) == 3


def test_what_a_library_prints_is_no_answer(tmp_path):
    """Progress bars go elsewhere."""
    text = DICE.replace("    told =", "    print('{\"points\": []}')\n    told =")
    strategy = PeerStrategy(peer(tmp_path, text))
    assert len(strategy.propose(BOX, AIM, Dataset(), (), 2, 1).proposals) == 2


def test_a_worker_ends_with_its_input(tmp_path):
    """Also in the middle of a round: nobody is left behind by a campaign that was killed."""
    text = f"import time\n{DICE}".replace("    told =", "    time.sleep(60)\n    told =")
    strategy = PeerStrategy(peer(tmp_path, text), seconds=60)
    process = worker_of(strategy._peer)._running()
    process.stdin.write('{"op": "propose", "seed": 1, "n": 1, "results": [], "pending": []}\n')
    process.stdin.flush()
    process.stdin.close()
    assert process.wait(30) == 0


def test_everything_there_is_to_know_is_in_a_request():
    """Names of a person's own, logarithms, constraints, aims and what failed."""
    space = SearchSpace(
        Continuous("lambda_", 1, 100, log=True),
        Mixture({"p": (0, 1), "q": (0, 0.5)}),
        Continuous("b", 0, 2),
        Linear({"p": 1.0, "b": 2.0}, "<=", 3.0),
        Categorical("acid", ["x", "y"], descriptors={"x": [1.0], "y": [2.0]}),
        Ordered("level", [1.0, 2.0, 5.0]),
    )
    wanted = Objectives.of(
        [Minimize("y", threshold=3.0), Maximize("z")], [OutcomeConstraint("w", at_most=2)]
    )
    point = {"lambda_": 10.0, "p": 0.6, "q": 0.4, "b": 0.5, "acid": "y", "level": 5.0}
    known = Dataset(
        (
            Observation("a", point, outputs={"y": 1.0, "z": 2.0, "w": 3.0}),
            Observation("b", {**point, "b": 0.1}, failed=True),
            Observation("c", {**point, "b": 9.0}, outputs={"y": 1.0, "z": 2.0, "w": 3.0}),
        )
    )
    told = Translation(space, {}).request(wanted, known, [{**point, "b": 0.2}], [])
    assert json.loads(json.dumps(told)) == told
    assert told["parameters"][0] == {
        "name": "p0",
        "kind": "range",
        "low": 0.0,
        "high": math.log(100),
    }
    assert [p["kind"] for p in told["parameters"]] == ["range"] * 4 + ["names", "numbers"]
    (one,) = told["results"]
    assert one["scores"] == {"a0": -1.0, "a1": 2.0}
    assert one["limits"] == {"k0": 3.0}
    assert told["aims"] == [{"name": "a0", "least": -3.0}, {"name": "a1", "least": None}]
    assert told["limits"] == [{"name": "k0", "low": None, "high": 2.0}]
    assert [len(told[k]) for k in ("failed", "pending")] == [1, 1]
    row = Translation(space, {}).inward([one["point"]])[0]
    assert row == pytest.approx(space.encode([point])[0])


def test_constraints_come_back_in_the_parameters_own_numbers():
    """A legal point keeps them, one beyond does not."""
    space = SearchSpace(
        Continuous("a", 10, 30), Continuous("b", -2, 2), Linear({"a": 2.0, "b": -1.0}, ">=", 30.0)
    )
    (told,) = Translation(space, {}).request(AIM, Dataset(), [], [])["linear"]

    def kept(a, b):
        return told["weights"]["p0"] * a + told["weights"]["p1"] * b <= told["bound"] + 1e-12

    assert told["sense"] == "<="
    assert kept(15.0, 0.0)
    assert kept(16.0, 2.0)
    assert not kept(15.0, 0.1)


@pytest.mark.parametrize(
    ("items", "wanted", "what"),
    [
        ([Pool({"a": [1, 2]}, {"a": "1"})], AIM, "list of points, such as a Pool"),
        ([Mixture({"p": (0, 1), "q": (0, 1)})], AIM, "mixture or sum that is held constant"),
        (
            [Continuous("a", 0, 1), Continuous("b", 0, 1), Linear({"a": 1, "b": 1}, "<=", 1)],
            AIM,
            "constraint between parameters",
        ),
        (
            [Continuous("a", 0, 1)],
            Objectives.of([Maximize("y", threshold=1.0), Minimize("z")]),
            "threshold of an aim",
        ),
        (
            [Continuous("a", 0, 1)],
            Objectives.of(Maximize("y"), [OutcomeConstraint("z", at_most=1)]),
            "outcome constraint",
        ),
        ([Integer("a", 1, 2000), Integer("b", 1, 2000)], AIM, "more than 1000 combinations"),
    ],
)
def test_what_a_peer_cannot_do_is_refused_before_anything_begins(tmp_path, items, wanted, what):
    """One sentence that says what, and what else there is."""
    strategy = PeerStrategy(peer(tmp_path, DICE, most_combinations=1000))
    with pytest.raises(BrainError, match=f"Dice knows no {what}.*use 'auto'"):
        Brain(SearchSpace(*items), wanted, strategy)


def test_a_peer_that_is_not_there_says_how_to_install_it(tmp_path, monkeypatch):
    """The command stands in the sentence."""
    monkeypatch.setenv("LABLOOP_PEERS", str(tmp_path))
    missing = Peer(
        name="gone", title="Gone", module="no_such_module", requirement="x", script=tmp_path
    )
    with pytest.raises(BrainError, match="install it with: labloop strategy install gone"):
        PeerStrategy(missing)
    with pytest.raises(BrainError, match="no peer is called 'nobody'; there are: baybe"):
        PeerStrategy("nobody")
    with pytest.raises(BrainError, match="no peer is called 'nobody'"):
        install(["nobody"])


def test_the_peers_own_environment_comes_before_ours(tmp_path, monkeypatch):
    """Where a peer is in both, the versions that were chosen for it count."""
    monkeypatch.setenv("LABLOOP_PEERS", str(tmp_path))
    assert peers_folder() == tmp_path.resolve()
    here = Peer(name="here", title="Here", module="json", requirement="x", script=tmp_path)
    assert str(installed(here)) == sys.executable
    package = tmp_path / "lib" / "python3.11" / "site-packages" / "json"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    assert installed(here).is_relative_to(tmp_path)


def test_a_brain_plans_with_a_peer_and_is_taken_up_with_the_same_bits(tmp_path):
    """Saved and loaded, it goes on as if nothing had been between."""
    if installed(PEERS["optuna"]) is None:
        pytest.skip("optuna is not installed here: labloop strategy install optuna")
    brain = Brain(BOX, Maximize("y"), "optuna", seed=3)
    for _ in range(3):
        for number, proposal in brain.ask(4):
            brain.tell(number, {"y": float(proposal.point["k"]) - proposal.point["t"] / 100})
    brain.save(tmp_path / "brain.json")
    loaded = Brain.load(tmp_path / "brain.json")
    (one,), (other,) = brain.ask(), loaded.ask()
    assert one[1].point == other[1].point
    assert one[1].model.startswith("Optuna ")
