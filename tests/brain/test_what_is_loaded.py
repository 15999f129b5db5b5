"""What a planner loads and does not load, in a process of its own."""

import json
import os
import subprocess
import sys

HEAVY = ("torch", "botorch", "gpytorch", "sklearn", "skopt", "scipy", "numba", "pandas")

SAMPLED = """
from labloop import Brain, Categorical, Continuous, Maximize, Pool, SearchSpace

box = SearchSpace(Continuous("x", 0, 1), Categorical("kind", ["a", "b"]))
shelf = SearchSpace(Pool({"x": [1, 2, 3, 4, 5, 6]}, {"x": "1"}))
for space in (box, shelf):
    for strategy in ("sobol", "random"):
        brain = Brain(space, Maximize("y"), strategy)
        for _ in range(2):
            for number, proposal in brain.ask(2):
                brain.tell(number, {"y": proposal.point["x"]})
"""

TWO_AIMS = """
from labloop import Brain, Continuous, Maximize, Minimize, SearchSpace

brain = Brain(SearchSpace(Continuous("x", 0, 1)), [Maximize("y"), Minimize("c")])
for number, proposal in brain.ask(4):
    brain.tell(number, {"y": proposal.point["x"], "c": proposal.point["x"] ** 2})
assert brain.ask()[0][1].acquisition
"""

COMPILED = """
from botorch.acquisition.multi_objective import logei

class Kernel:
    def __getattr__(self, name):
        raise AssertionError("what somebody compiled was used")

logei._load_attempted, logei._C = True, Kernel()
"""


def run(program, **env):
    """Run a program in a new process and return what it says."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "OMP_NUM_THREADS": "1", **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_strategies_that_learn_nothing_load_nothing_that_learns():
    """A first campaign must not wait for torch, nor need it."""
    told = f"import json, sys\nprint(json.dumps([m for m in {HEAVY} if m in sys.modules]))"
    assert json.loads(run(SAMPLED + told)) == []


def test_nothing_is_compiled_at_the_first_proposal_for_two_aims(tmp_path):
    """No compiler, no folder of built code, no lock in it that a later run could hang on."""
    run(TWO_AIMS, TORCH_EXTENSIONS_DIR=str(tmp_path), PATH=str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_what_was_compiled_elsewhere_changes_no_proposal():
    """The same data and seed give the same bits in every process."""
    told = "\nprint(repr(brain.ask()[0][1].point))"
    assert run(COMPILED + TWO_AIMS + told) == run(TWO_AIMS + told)
