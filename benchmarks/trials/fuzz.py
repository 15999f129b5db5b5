"""Odd definitions, files and arguments: a sentence for each, never a traceback.

Usage: python -m benchmarks.trials.fuzz [--n 2000] [--kinds definitions labs ...] [--seed 0]

Every kind draws its cases from the seed. A case is bad where anything but labloop's own error
(at the command line: anything but an exit) came of it, or where a number that is not finite
was taken. Prints one JSON line; each bad case is told on stderr.
"""

import argparse
import contextlib
import io
import math
import os
import random
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import labloop as ll
from benchmarks.loop._common import answer, say
from labloop.errors import LabloopError
from labloop.lab import lab_file_of, load_lab_file, plan_lab
from labloop.records import Mode

ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 10**400, -(10**30), 2**63, 0.5, -0.0, 1e308, 5e-324),
    *(math.nan, math.inf, -math.inf, np.float64("nan"), np.array([1.0, 2.0]), np.int64(3)),
    *("", " ", "x", "y", "nan", "1e400", "1_000", "\uff11\uff12", "\0", "\x1b[2J", "\ud800"),
    *("a" * 5000, "degC", "../../x", b"x", 1j, object(), object, len, lambda: 1),
    *([], [1], ["a", "a"], ["a", None], (), {}, {"a": 1}, {1: 2}, {"x": [1, 2]}, {1, 2}),
)


def definitions() -> list[tuple[Callable[..., Any], dict[str, Any]]]:
    """Return what a person builds, with arguments that are right."""
    x, c = ll.Continuous("x", 0, 1), ll.Categorical("c", ["a", "b"])
    space = ll.SearchSpace(x, c)
    outputs = [ll.Scalar("y")]
    spec = {"name": "n", "space": space, "outputs": outputs, "objective": ll.Maximize("y")}
    return [
        (ll.Continuous, {"name": "x", "low": 0, "high": 1, "unit": "degC"}),
        (ll.Integer, {"name": "x", "low": 0, "high": 9, "unit": "1"}),
        (ll.Ordered, {"name": "x", "values": [1, 2, 5], "unit": "mL"}),
        (ll.Categorical, {"name": "c", "values": ["a", "b"]}),
        (ll.Categorical, {"name": "c", "values": ["a", "b"], "descriptors": {"a": [1], "b": [2]}}),
        (
            ll.Pool,
            {"table": {"x": [1, 2, 3], "s": ["a", "b", "c"]}, "columns": {"x": "mL", "s": str}},
        ),
        (ll.Mixture, {"parts": {"a": (0, 1), "b": (0, 1)}, "total": 1, "step": 0.1}),
        (ll.Linear, {"weights": {"x": 1.0}, "sense": "<=", "bound": 0.5}),
        (lambda one: ll.SearchSpace(x, one), {"one": c}),
        (ll.Scalar, {"name": "y", "unit": "%"}),
        (ll.Curve, {"name": "y", "x": "min", "y": "mAU"}),
        (ll.Maximize, {"output": "y", "threshold": 0.5}),
        (ll.Minimize, {"output": "y", "threshold": 0.5}),
        (ll.Target, {"output": "y", "value": 0.5, "tolerance": 0.1}),
        (ll.Budget, {"experiments": 3, "hours": 1.0, "cost": None}),
        (ll.Reached, {"score": 3.0}),
        (ll.NoImprovement, {"experiments": 3, "by": 0.1}),
        (ll.FailurePolicy, {"stop_after": 3, "on_uncertain": "pause"}),
        (ll.quantity, {"value": 1.0, "unit": "mL"}),
        (ll.parse_quantity, {"text": "5 mL/min"}),
        (ll.CurveData, {"x": [0.0, 1.0], "y": [1.0, 2.0], "x_unit": "min", "y_unit": "mAU"}),
        (ll.ScalarValue, {"value": 1.0, "unit": "mL", "sd": 0.1}),
        (ll.CampaignSpec, {**spec, "batch": 1, "parallel": 1, "seed": 0, "strategy": "sobol"}),
        (ll.CampaignSpec, {**spec, "budget": ll.Budget(experiments=3), "lab": None, "stop": ()}),
        (ll.CampaignSpec, {**spec, "procedure": None, "analyse": None, "cost": None}),
        (ll.Brain, {"space": space, "objective": ll.Maximize("y"), "strategy": "sobol", "seed": 1}),
        (space.validate, {"point": {"x": 0.5, "c": "a"}}),
        (space.encode, {"points": [{"x": 0.5, "c": "a"}]}),
        (lambda told: tell(space, told), {"told": {"y": 1.0}}),
        (lambda n: ll.Brain(space, ll.Maximize("y"), "sobol").ask(n), {"n": 1}),
    ]


def tell(space: ll.SearchSpace, told: Any) -> None:
    """Tell a result to a brain that has asked for one."""
    brain = ll.Brain(space, ll.Maximize("y"), "sobol")
    number, _ = brain.ask()[0]
    brain.tell(number, told)


def not_finite(value: Any, depth: int = 0) -> bool:
    """Return whether a number in what was built is not finite."""
    if isinstance(value, float):
        return not math.isfinite(value)
    if depth > 4:
        return False
    if isinstance(value, dict):
        return any(not_finite(each, depth + 1) for each in value.values())
    if isinstance(value, (list, tuple)):
        return any(not_finite(each, depth + 1) for each in value)
    spec = getattr(value, "spec", None)
    if callable(spec):
        with contextlib.suppress(TypeError):
            return not_finite(spec(), depth + 1)
    return False


def fuzz_definitions(rng: random.Random, _folder: Path) -> None:
    """Build something with one or two odd arguments."""
    make, right = rng.choice(definitions())
    given = dict(right)
    for name in rng.sample(sorted(given), min(len(given), rng.choice([1, 1, 2]))):
        odd = rng.choice(ODD)
        whole = given[name]
        if isinstance(whole, list) and rng.random() < 0.5:
            given[name] = [*whole[:-1], odd]
        elif isinstance(whole, dict) and whole and rng.random() < 0.5:
            given[name] = {**whole, rng.choice(sorted(whole)): odd}
        else:
            given[name] = odd
    CASE[:] = [f"{getattr(make, '__name__', make)}({shown(given)})"]
    if not_finite(make(**given)):
        raise AssertionError("a number that is not finite was taken")


LAB = """[lab]
name = "l"
world = "flow_reactor"
safe_order = ["pump_a"]
[devices.pump_a]
driver = "new_era"
url = "serial://COM3?baud=19200"
serial_number = "123"
[devices.pump_a.options]
diameter = "14.6 mm"
[devices.pump_a.limits]
"set_rate.rate" = { min = "0 mL/min", max = "10 mL/min" }
[stations.vial]
count = 3
"""
PIECES = (
    *('"', "[", "]", "{", "}", "=", "\n", "0", "nan", "inf", "-1", "1e999", "true", "\\", "''"),
    *("\0", "\ud800", "mL", "::", "/", "..", "[lab]", "[devices.pump_a]", "9" * 400, "#", ","),
    *("[" * 3000, "serial://", "emulator://", "socket://127.0.0.1:99999", "?baud=-1", "é"),
)


def mangled(text: str, rng: random.Random) -> str:
    """Return ``text`` with a few pieces cut, doubled, moved or put in."""
    for _ in range(rng.randint(1, 4)):
        at, length = rng.randrange(len(text) + 1), rng.choice([0, 1, 3, 10, 40])
        kind = rng.randrange(4)
        if kind == 0:
            text = text[:at] + text[at + length :]
        elif kind == 1:
            text = text[:at] + rng.choice(PIECES) + text[at:]
        elif kind == 2:
            text = text[:at] + text[at : at + length] * 2 + text[at + length :]
        else:
            text = text[:at] + rng.choice(PIECES) + text[at + length :]
    return text


def fuzz_labs(rng: random.Random, folder: Path) -> None:
    """Read a lab file that was mangled, or whose values are odd, and plan it for both modes."""
    text = mangled(LAB, rng)
    CASE[:] = [text]
    path = folder / "lab.toml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    mode = rng.choice([Mode.SIMULATED, Mode.REAL])
    if rng.random() < 0.2:
        odd = rng.choice(ODD)
        CASE[:] = [f"tables with {shown(odd)}"]
        table = {"driver": "new_era", rng.choice(["url", "driver", "limits", "options"]): odd}
        plan_lab(lab_file_of({"lab": {"name": "l"}, "devices": {"pump_a": table}}), mode)
        return
    plan_lab(load_lab_file(path), mode)


CAMPAIGN = """from labloop import *
campaign = CampaignSpec("fuzz", SearchSpace(Continuous("t", 20, 90, unit="degC"),
    Categorical("s", ["alum", "iron"])), outputs=[Scalar("depth", unit="%"), Scalar("cost")],
    objective=Maximize("depth"), strategy="sobol", budget=Budget(experiments=9))
"""


def fuzz_campaigns(rng: random.Random, folder: Path) -> None:
    """Load a campaign file that was mangled."""
    text = mangled(CAMPAIGN, rng)
    CASE[:] = [text]
    path = folder / "campaign.py"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    ll.load_campaign(path)


TABLE = """t (degC),s,depth (%),cost (1)
60.5,iron,50.5,3
30,alum,20,2
45,iron,,1
"""


def fuzz_tables(rng: random.Random, folder: Path) -> None:
    """Tell a table of results that was mangled, at the command line."""
    text = mangled(TABLE, rng)
    if rng.random() < 0.2:
        text = text.replace(",", ";").replace(".", ",")
    CASE[:] = [text]
    (folder / "campaign.py").write_text(CAMPAIGN, encoding="utf-8")
    (folder / "told.csv").write_bytes(text.encode("utf-8", "surrogatepass"))
    command_line("tell", folder / "campaign.py", folder / "told.csv", "--db", folder / "t.db")


def fuzz_databases(rng: random.Random, folder: Path) -> None:
    """Look into a database that was cut, overwritten or is none at all."""
    whole = folder / "whole.db"
    if not whole.exists():
        (folder / "campaign.py").write_text(CAMPAIGN, encoding="utf-8")
        command_line("ask", folder / "campaign.py", "--db", whole, "--out", folder / "n.csv")
    content = bytearray(whole.read_bytes())
    for _ in range(rng.randint(1, 30)):
        content[rng.randrange(len(content))] = rng.randrange(256)
    if rng.random() < 0.3:
        del content[rng.randrange(len(content)) :]
    broken = folder / "broken.db"
    for rest in folder.glob("broken.db*"):
        rest.unlink()
    broken.write_bytes(content)
    verb = rng.choice([("status", "fuzz"), ("campaigns",), ("export", "fuzz", "--out", folder)])
    CASE[:] = [f"{verb} on a broken database"]
    command_line(*verb, "--db", broken)


VERBS = (
    *("run", "resume", "try", "ask", "tell", "status", "report", "export", "explain", "command"),
    *("campaigns", "check", "bench", "physics", "reanalyse", "trust", "ui", "nonsense", ""),
)
WORDS = (
    *(
        "--db",
        "--engine",
        "plain",
        "nothing",
        "--speed",
        "0",
        "-1",
        "nan",
        "inf",
        "1e999",
        "--seed",
    ),
    *(
        "--experiments",
        "-n",
        "--out",
        "/",
        "/dev/null/x",
        "fuzz",
        "t=60",
        "t=nan",
        "t=",
        "=",
        "s=iron",
    ),
    *(
        "t=1_000",
        "t=\uff16",
        "experiment=1",
        "approve",
        "pause",
        "--real",
        "--help",
        "--",
        "\x1b[2J",
    ),
    *(
        "\ud800",
        "a" * 3000,
        "--format",
        "csv",
        "parquet",
        "postgresql://x:y@127.0.0.1:1/z",
        "é",
        "*",
    ),
    *("campaign.py", "lab.toml", ".", "..", "told.csv", "9" * 400, "--depth", "--reason", "--dry"),
)


def fuzz_arguments(rng: random.Random, folder: Path) -> None:
    """Type a verb with odd words."""
    (folder / "campaign.py").write_text(CAMPAIGN, encoding="utf-8")
    words = [rng.choice(VERBS), *rng.sample(WORDS, rng.randint(0, 5))]
    CASE[:] = [repr(words)]
    command_line(*words)


def command_line(*words: object) -> None:
    """Run the command line in this process; any end but an exit is raised."""
    from labloop.cli import main

    said = io.StringIO()
    before = sys.argv
    sys.argv = ["labloop", *(str(word) for word in words)]
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            main()
    except SystemExit:
        if "Traceback (most recent call last)" in said.getvalue():
            raise AssertionError(said.getvalue()) from None
    finally:
        sys.argv = before


CASE: list[str] = []
"""The case under way, for whoever tells of it."""
KINDS: dict[str, Callable[[random.Random, Path], None]] = {
    "definitions": fuzz_definitions,
    "labs": fuzz_labs,
    "campaigns": fuzz_campaigns,
    "tables": fuzz_tables,
    "databases": fuzz_databases,
    "arguments": fuzz_arguments,
}


def shown(value: object) -> str:
    """Return a value in at most 300 characters."""
    try:
        return repr(value)[:300]
    except RecursionError:
        return "something very deep"


@contextlib.contextmanager
def workplace() -> Iterator[Path]:
    """Work in an empty folder, with a memory and locks of its own and nobody at the keyboard."""
    before, stdin, here = dict(os.environ), sys.stdin, Path.cwd()
    with tempfile.TemporaryDirectory() as name:
        os.environ |= {"LABLOOP_STATE": f"{name}/state", "LABLOOP_LOCKS": f"{name}/locks"}
        # No server is started: the one that is named answers nobody.
        os.environ |= {
            "PREFECT_HOME": f"{name}/prefect",
            "PREFECT_API_URL": "http://127.0.0.1:1/api",
        }
        sys.stdin = io.StringIO()
        place = Path(name) / "work"
        place.mkdir()
        os.chdir(place)
        try:
            yield place
        finally:
            os.chdir(here)
            sys.stdin = stdin
            os.environ.clear()
            os.environ.update(before)


def measure(kind: str, n: int, seed: int) -> list[str]:
    """Return what was wrong with each bad case of a kind."""
    bad = []
    with workplace() as folder:
        for number in range(n):
            rng = random.Random(f"{kind} {seed} {number}")
            try:
                KINDS[kind](rng, folder)
            except LabloopError as error:
                str(error).encode("utf-8", "replace")
            except Exception as error:  # noqa: BLE001 - what it is here to find
                last = traceback.extract_tb(error.__traceback__)[-1]
                where = f"{Path(last.filename).name}:{last.lineno}"
                bad.append(f"{kind} {number}: {type(error).__name__}: {error} at {where}")
                say(f"{bad[-1][:300]}\n    {' '.join(CASE)[:400]}")
    return bad


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", nargs="*", choices=list(KINDS), default=list(KINDS))
    given = parser.parse_args()
    found = {kind: len(measure(kind, given.n, given.seed)) for kind in given.kinds}
    answer({"n": given.n, "bad": found})


if __name__ == "__main__":
    main()
