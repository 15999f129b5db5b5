"""A command line as work: words, results, exit codes, time-outs."""

import json
import sys

import pytest

from labloop import Command, ScalarValue, quantity
from labloop.errors import DefinitionError, WorkError, WorkTimeoutError

SIMULATION = """
import json, os, sys, time
t = float(sys.argv[1].removeprefix("--t="))
print("heating to", t, file=sys.stderr)
with open(os.environ["LABLOOP_PROGRESS"], "a") as file:
    file.write(json.dumps({"fraction": 0.5, "text": "hot"}) + "\\n")
result = {"purity": {"value": t / 2, "unit": "%", "sd": 0.5}, "remark": "fine"}
if len(sys.argv) > 2:
    with open(sys.argv[2], "w") as file:
        json.dump(result, file)
else:
    print("some words before")
    print(json.dumps(result))
"""


@pytest.fixture
def rig(bench):
    """Return a bench with a simulation in its folder."""
    (bench.folder / "sim.py").write_text(SIMULATION)
    return bench


@pytest.mark.parametrize("where", ["stdout", "file", "function"])
def test_a_program_gives_results(rig, where):
    """From its last line, from a file of its own folder, or as a function reads them."""
    words = ["python", "sim.py", "--t={temperature:.1f}"]
    work = {
        "stdout": Command(words),
        "file": Command([*words, "{folder}/out.json"], reads="{folder}/out.json"),
        "function": Command(words, reads=lambda text: json.loads(text.splitlines()[-1])),
    }[where]
    work.check(["temperature"])
    found = rig.run(work, {"temperature": quantity(80, "degC")})
    if where != "function":
        assert found["purity"] == ScalarValue(40.0, "%", 0.5)
    assert found["remark"] == "fine"
    assert "heating to 80.0" in rig.told["log"]
    assert rig.told["progress"][0][1:] == [0.5, "hot"]
    assert rig.told["exit code"] == 0


def python(code):
    """Return a command that runs some Python."""
    return Command([sys.executable, "-c", code])


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import sys; sys.exit('no licence')", "ended with exit code 1: no licence"),
        ("print('done')", "gave no JSON object .its last line is 'done'."),
        ("", "gave no JSON object .there is nothing."),
        ("print([1])", r"gave no JSON object"),
        ("print('{{\"a\": [1]}}')", "which cannot be kept"),
        ("print('{{\"a\": NaN}}')", "a"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "was ended by SIGKILL"),
    ],
)
def test_what_goes_wrong_is_a_sentence(bench, code, words):
    """An exit code, a signal, and output that holds no results."""
    work = python(code)
    if "NaN" in code:
        assert bench.run(work, {})["a"] != bench.run(work, {})["a"]
        return
    with pytest.raises(WorkError, match=words):
        bench.run(work, {})


def test_a_program_that_does_not_exist_is_told(bench):
    """Its name and the system's words."""
    with pytest.raises(WorkError, match=r"nowhere ended with exit code 125: .*cannot be started"):
        bench.run(Command(["nowhere"]), {})


def test_a_time_out_ends_it(bench):
    """A program is ended, and its output until then is kept."""
    work = Command(
        [sys.executable, "-uc", "import time; print('began'); time.sleep(60)"], timeout=3
    )
    with pytest.raises(WorkTimeoutError, match="did not end within 3 s"):
        bench.run(work, {})
    assert "began" in bench.told["log"]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Command("python sim.py"), "a list of words"),
        (lambda: Command([]), "a list of words"),
        (lambda: Command(["sim", "{t"]), "cannot be read"),
        (lambda: Command(["sim"], reads=3), 'must be "json"'),
        (lambda: Command(["sim", "--t={t}"]).check(["temperature"]), "which is no parameter"),
    ],
)
def test_bad_input_is_one_sentence(make, words):
    """It says what was asked, what came and what to do."""
    with pytest.raises(DefinitionError, match=words):
        make()
