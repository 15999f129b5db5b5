"""The runs of the proof of physics: six labs, eight methods, paired seeds; resumable.

Usage: python -m benchmarks.physics.run [--labs NAME ...] [--methods NAME ...]
                                        [--seeds N | --seeds FIRST:END] [--most N] [--to-target]
                                        [--out FILE] [--fresh]

All methods begin with the same five Sobol points, meet the same noise, and are asked for one
experiment at a time. A run has at least 30 experiments (every fifth of ours 50, where intervals are
checked) and ends when the best MEASURED experiment has a noise-free score of 0.95, at the latest
after 90 (``--most``; runs shorter than 30 count for early alarms only). Each run is one line of
JSON; what is there already is not done again, unless the code of labs and draws has changed. The
lines also tell in which state our planner was.
"""

import argparse
import ast
import hashlib
import json
import sys
import time
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

import labloop
from benchmarks.physics.draws import MASTER
from benchmarks.physics.further.labs import FURTHER
from benchmarks.physics.labs import LABS, OBJECTIVE, VALUE, Lab
from benchmarks.physics.landmarks import landmarks
from benchmarks.physics.methods import COVERED, FIRST, LEAST, METHODS, MOST, START, Drawn, Method
from labloop.brain import AutoStrategy, Strategy
from labloop.brain.acquisition import expected
from labloop.brain.observations.seeding import isolated
from labloop.brain.strategies.physics import measured_data
from labloop.records import AlarmRecord, Dataset, Observation, Point, ProposalBatch, derive_seed
from labloop.report import AlarmBell

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / ".figures" / "physics" / "runs.jsonl"
_KEPT = ("peers.jsonl", "ours.jsonl", "further/runs.jsonl")
DONE = tuple(Path(__file__).parent / name for name in _KEPT)
"""Runs that are kept with the code: of others, which no change of our planner makes old, and of
ours, each with the state of the planner; ``--fresh`` does them again."""
LEVEL = 0.95
HELD_OUT = 200
_Z90 = 1.6448536269514722
_DECIDES = ("truth.py", "labs.py", "landmarks.py")
_DECIDES_BELIEF = ("draws.py", "beliefs.py")
_FURTHER = ("landmarks.py", "further/truth.py", "further/labs.py")
_FURTHER_BELIEF = tuple(
    f"further/{name}.py" for name in ("draws", "beliefs", "rates", "matter", "reactions")
)
_NEWER = frozenset({"type_params", "default_value"})
"""Fields of trees that Python has since 3.12 and 3.13; nothing that is signed uses them."""
_PLANNER = ("physics", "surrogates", "brain", "space", "objectives")
EVERY: Mapping[str, Lab] = {**LABS, **FURTHER}
Key = tuple[str, str, int, str]


def _dumped(node: object) -> str:
    """Return a tree as text, the same by every Python: newer ones have fields that are empty here.

    It is what ``ast.dump`` of Python 3.11 returns, by which the kept runs were signed.
    """
    if isinstance(node, list):
        return f"[{', '.join(_dumped(one) for one in node)}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = [
        f"{name}={_dumped(value)}"
        for name, value in ast.iter_fields(node)
        if name not in _NEWER and not (value is None and getattr(type(node), name, 0) is None)
    ]
    return f"{type(node).__name__}({', '.join(fields)})"


def _digest(paths: Iterable[Path], without: frozenset[str] = frozenset()) -> str:
    """Return a hash of what Python sees, without what is named after some labs."""
    trees = []
    for path in paths:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        owners = [getattr(node, "name", "").lstrip("_").split("_")[0] for node in tree.body]
        kept = [node for node, lab in zip(tree.body, owners, strict=True) if lab not in without]
        trees.append(_dumped(ast.Module(kept, [])))
    return hashlib.sha256("\n".join(trees).encode()).hexdigest()[:12]


@cache
def code_of(lab: str, *, belief: bool) -> str:
    """Return the hash of the code that decides what a run in a laboratory meets."""
    names: tuple[str, ...] = (*_DECIDES, *_DECIDES_BELIEF) if belief else _DECIDES
    if lab in FURTHER:
        names = (*_FURTHER, *_FURTHER_BELIEF) if belief else _FURTHER
    # A change of one lab leaves the runs in the others what they are.
    others = frozenset(EVERY) - {lab}
    return _digest((Path(__file__).parent / name for name in names), others)


@cache
def planner_code() -> str:
    """Return the hash of our planner."""
    rooms = (Path(labloop.__file__).parent / room for room in _PLANNER)
    return _digest(path for room in rooms for path in sorted(room.rglob("*.py")))


def key_of(lab: str, method: Method, seed: int) -> Key:
    """Return what makes two runs the same one."""
    return lab, method.name, seed, code_of(lab, belief=method.belief is not None)


def read(path: Path) -> dict[Key, dict[str, Any]]:
    """Return the runs of a file that today's labs and draws decide; of equals the longest, last."""
    found: dict[Key, dict[str, Any]] = {}
    if not path.is_file():
        return found
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            run = json.loads(line)
        except json.JSONDecodeError:
            # A line that a crash cut short.
            continue
        method, lab = METHODS.get(run["method"]), run["lab"]
        if method and run["code"] == code_of(lab, belief=method.belief is not None):
            key = lab, run["method"], run["seed"], run["code"]
            if key not in found or len(run["trace"]) >= len(found[key]["trace"]):
                found[key] = run
    return found


def known(path: Path) -> dict[Key, dict[str, Any]]:
    """Return the runs of a file and those of others that are kept with the code."""
    return {key: run for kept in (*DONE, path) for key, run in read(kept).items()}


def append(path: Path, run: Mapping[str, Any]) -> None:
    """Add one line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cut = path.is_file() and path.stat().st_size > 0 and path.read_bytes()[-1:] != b"\n"
    with path.open("a", encoding="utf-8") as stream:
        stream.write(("\n" if cut else "") + json.dumps(run) + "\n")


@cache
def held_out(name: str) -> tuple[list[Point], Any]:
    """Return points of the space at random and one measurement of each."""
    lab = EVERY[name]
    random = np.random.default_rng([MASTER, lab.number])
    rows = random.random((HELD_OUT, lab.space.dimension))
    points = lab.space.decode(rows)
    return points, np.array([lab.measure(p, random)[0][VALUE] for p in points])


@dataclass
class _Course:
    """What is kept of a run while it goes on."""

    observations: list[Observation] = field(default_factory=list)
    trace: list[float] = field(default_factory=list)
    predicted: list[Any] = field(default_factory=list)
    alarms: list[tuple[str, int]] = field(default_factory=list)
    told: list[tuple[str, int]] = field(default_factory=list)
    """Alarms of which people are told: each doubt once, and again where it has grown."""
    raised: list[AlarmRecord] = field(default_factory=list)
    bell: AlarmBell = field(default_factory=AlarmBell)
    weights: list[Any] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    coverage: dict[str, dict[str, float]] = field(default_factory=dict)

    def measure(self, lab: Lab, seed: int, point: Point) -> None:
        """Carry out one experiment and score the best measured one."""
        number = len(self.observations)
        random = np.random.default_rng([MASTER, lab.number, seed, 1000 + number])
        outputs, curves = lab.measure(point, random)
        self.observations.append(Observation(f"e{number + 1:02d}", point, outputs, curves=curves))
        best = max(self.observations, key=lambda o: o.outputs[VALUE])
        if best is not self.observations[-1] and self.trace:
            self.trace.append(self.trace[-1])
            return
        score = landmarks(lab).score(float(lab.value([best.point])[0]))
        self.trace.append(round(score, 5))

    @property
    def hit(self) -> int | None:
        """The number (from 1) of experiments to the target."""
        return next((i + 1 for i, score in enumerate(self.trace) if score >= LEVEL), None)

    def note(self, batch: ProposalBatch) -> None:
        """Keep what a proposal told beside its point."""
        told = batch.proposals[0].predicted.get(VALUE)
        self.predicted.append([round(told.low, 5), round(told.high, 5)] if told else None)
        self.alarms += [(alarm.kind, len(self.observations)) for alarm in batch.alarms]
        self.raised += [AlarmRecord(campaign_id="", alarm=alarm) for alarm in batch.alarms]
        rung = self.bell.ring(self.raised)
        self.told += [(record.alarm.kind, len(self.observations)) for record in rung]
        given: Any = batch.fit_report.get("weights", {})
        self.weights.append({name: round(float(w), 3) for name, w in given.items()})


def campaign(
    lab: Lab, method: Method, seed: int, most: int = MOST, *, to_target: bool = False
) -> dict[str, Any]:
    """Return one run, at most ``most`` experiments long; it may end where the target is reached."""
    least = START if to_target else method.least(seed)
    strategy, drawn = method.start(lab, seed)
    course = _Course()
    for point in lab.space.sample(START, derive_seed(f"start-{lab.name}", seed)):
        course.measure(lab, seed, point)
    while len(course.trace) < most and not (course.hit and len(course.trace) >= least):
        batch = _propose(strategy, lab, course, seed)
        course.note(batch)
        course.measure(lab, seed, batch.proposals[0].point)
    if method.ours and len(course.trace) in COVERED:
        _propose(strategy, lab, course, seed)
    return _record(lab, method, seed, course, drawn, strategy)


def _propose(strategy: Strategy, lab: Lab, course: _Course, seed: int) -> ProposalBatch:
    """Return the next proposal; where intervals are due, check them on the points held out."""
    number, data = len(course.trace), Dataset(tuple(course.observations))
    drawn = derive_seed(f"run-{lab.name}-{seed}", number)
    began = time.perf_counter()
    batch = strategy.propose(lab.space, OBJECTIVE, data, [], 1, drawn)
    course.seconds.append(round(time.perf_counter() - began, 4))
    if number in COVERED and isinstance(strategy, AutoStrategy):
        points, measured = held_out(lab.name)
        low, high = intervals(strategy, lab, data, drawn, points).T
        course.coverage[str(number)] = _judged(low, high, measured)
    return batch


def _judged(low: Any, high: Any, measured: Any) -> dict[str, float]:
    """Return how well 90 % intervals tell what was measured, everywhere and in the top tenth."""
    inside = (measured >= low) & (measured <= high)
    sd = np.maximum(0.5 * (high - low) / _Z90, 1e-9 * measured.std())
    score = -0.5 * ((measured - 0.5 * (low + high)) / sd) ** 2 - np.log(sd / measured.std())
    return {
        "share": float(np.mean(inside)),
        "top": float(np.mean(inside[measured >= np.quantile(measured, 0.9)])),
        "width": float(np.median(high - low) / measured.std()),
        "log score": float(np.mean(np.maximum(score, -20.0))),
    }


def intervals(
    strategy: AutoStrategy, lab: Lab, data: Dataset, seed: int, points: Sequence[Point]
) -> Any:
    """Return low and high of the 90 % intervals that are told of a measurement, ``n x 2``.

    The model is that of the proposal, fitted again: a fit is a pure function of its data.
    """
    chosen: Any = strategy.row_for(lab.space, OBJECTIVE).make(strategy.physics, strategy.device)
    training = measured_data(lab.space, OBJECTIVE, data, seed)
    if training is None:
        raise ValueError("intervals are asked for before there is anything to learn from")
    rows = torch.as_tensor(lab.space.encode(list(points)), dtype=torch.float64)
    with isolated(seed):
        told = expected(training, chosen.model.fit(training), rows)
    return np.array([[one[VALUE].low, one[VALUE].high] for one in told])


def _record(
    lab: Lab, method: Method, seed: int, course: _Course, drawn: Drawn | None, strategy: Strategy
) -> dict[str, Any]:
    return {
        "lab": lab.name,
        "group": lab.group,
        "method": method.name,
        "seed": seed,
        "code": code_of(lab.name, belief=method.belief is not None),
        "planner": planner_code() if method.ours else None,
        "version": getattr(strategy, "version", ""),
        "drawn": drawn.record() if drawn else None,
        "hit": course.hit,
        "trace": course.trace,
        "points": [dict(o.point) for o in course.observations],
        "measured": [round(o.outputs[VALUE], 6) for o in course.observations],
        "predicted": course.predicted,
        "alarms": course.alarms,
        "told": course.told,
        "weights": course.weights,
        "seconds": course.seconds,
        "coverage": course.coverage,
    }


def carry_out(
    labs: Sequence[str],
    methods: Sequence[str],
    seeds: Iterable[int],
    out: Path = OUT,
    *,
    fresh: bool = False,
    most: int = MOST,
    to_target: bool = False,
) -> None:
    """Do what is missing; seeds are the outer loop, so that like is compared with like."""
    runs = {} if fresh else known(out)
    done = {
        key
        for key, run in runs.items()
        if len(run["trace"]) >= min(most, LEAST) or (to_target and run["hit"])
    }
    for seed in seeds:
        for name in labs:
            for method in (METHODS[m] for m in methods):
                if key_of(name, method, seed) in done:
                    continue
                began = time.monotonic()
                run = campaign(EVERY[name], method, seed, most, to_target=to_target)
                append(out, run)
                print(
                    f"{name:12s} {method.name:14s} seed {seed:<3d} hit {run['hit']!s:>4} "
                    f"score@30 {run['trace'][:LEAST][-1]:.3f}  {time.monotonic() - began:.1f} s",
                    file=sys.stderr,
                    flush=True,
                )


def seeds_of(text: str) -> range:
    """Return the seeds of ``30`` or ``10:20``."""
    first, _, end = text.rpartition(":")
    return range(int(first or 0), int(end))


def main() -> None:
    """Do what is asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--labs", nargs="+", choices=list(EVERY), default=list(LABS))
    parser.add_argument("--methods", nargs="+", choices=list(METHODS), default=list(FIRST))
    parser.add_argument("--seeds", type=seeds_of, default=range(20), metavar="N or FIRST:END")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--most", type=int, default=MOST, help="experiments a run has at most")
    parser.add_argument("--to-target", action="store_true", help="runs end where it is reached")
    parser.add_argument("--fresh", action="store_true", help="again, though it is there")
    given = parser.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    carry_out(
        given.labs,
        given.methods,
        given.seeds,
        given.out,
        fresh=given.fresh,
        most=given.most,
        to_target=given.to_target,
    )


if __name__ == "__main__":
    main()
