"""Runs strategies on problems, from the same starts; resumable, and every proposal is kept."""

import csv
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from labloop.brain import RandomStrategy, Strategy
from labloop.errors import BrainError
from labloop.records import Dataset, Observation, Point, PointValue, derive_seed
from labloop.testing.strategies._figures import restricted, restricted_median, wilson
from labloop.testing.strategies._problems import OUTPUT, Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One strategy on one problem from one start."""

    problem: str
    method: str
    seed: int
    budget: int
    points: Sequence[Mapping[str, PointValue]]
    values: Sequence[float]
    """What was measured, noise included."""
    truths: Sequence[float]
    hit: int | None
    """Number (from 1) of the first experiment at the target, or None."""
    seconds: Sequence[float]
    """Wall time of each call for proposals."""


def run_once(
    problem: Problem, method: str, strategy: Strategy, seed: int, *, until_hit: bool = False
) -> Run:
    """Carry one run out; all methods begin with the same points for the same seed.

    Args:
        problem: what is optimised.
        method: the name that the run is kept under.
        strategy: who proposes.
        seed: chooses the start, the noise and what the strategy draws.
        until_hit: whether it ends with the round in which the target is reached.
    """
    points = _shared_start(problem, seed)
    observations = [_observe(problem, p, seed, i) for i, p in enumerate(points)]
    seconds: list[float] = []
    while len(observations) < problem.budget:
        if until_hit and any(problem.truth(o.point) >= problem.target for o in observations):
            break
        n = min(problem.batch, problem.budget - len(observations))
        began = time.perf_counter()
        batch = strategy.propose(
            problem.space,
            problem.objective,
            Dataset(tuple(observations)),
            (),
            n,
            derive_seed(_stream(problem, seed), len(seconds) + 1),
        )
        seconds.append(time.perf_counter() - began)
        for proposal in batch.proposals:
            observations.append(_observe(problem, proposal.point, seed, len(observations)))
    truths = [problem.truth(o.point) for o in observations]
    return Run(
        problem=problem.name,
        method=method,
        seed=seed,
        budget=problem.budget,
        points=[dict(o.point) for o in observations],
        values=[o.outputs[OUTPUT] for o in observations],
        truths=truths,
        hit=next((i + 1 for i, t in enumerate(truths) if t >= problem.target), None),
        seconds=seconds,
    )


def _stream(problem: Problem, seed: int) -> str:
    return f"{problem.family or problem.name}-{seed}"


def _shared_start(problem: Problem, seed: int) -> list[Point]:
    batch = RandomStrategy().propose(
        problem.space,
        problem.objective,
        Dataset(),
        (),
        problem.start,
        derive_seed(_stream(problem, seed), 0),
    )
    return [proposal.point for proposal in batch.proposals]


def _observe(problem: Problem, point: Point, seed: int, index: int) -> Observation:
    value = problem.measure(point, derive_seed(f"{_stream(problem, seed)}-noise", index))
    return Observation(f"{seed}-{index + 1}", point, outputs={OUTPUT: value})


def run_bench(
    problems: Iterable[Problem],
    methods: Mapping[str, Callable[[], Strategy]],
    seeds: Sequence[int],
    folder: Path,
    *,
    say: Callable[[str], None] = lambda line: None,  # noqa: ARG005 - silent by default
) -> list[Run]:
    """Return all runs; those that ``folder`` holds are read, the others are carried out.

    Seeds are the outer loop, so that an interrupted bench has the same seeds for every method.

    Args:
        problems: what is optimised.
        methods: name -> a function that makes the strategy anew.
        seeds: one run each.
        folder: one JSON line is appended for each run.
        say: is called with a line of progress.
    """
    folder.mkdir(parents=True, exist_ok=True)
    wanted = list(problems)
    done = {(run.problem, run.method, run.seed): run for run in read_runs(folder)}
    for seed in seeds:
        for problem in wanted:
            for method, make in methods.items():
                if (problem.name, method, seed) in done:
                    continue
                run = run_once(problem, method, make(), seed)
                _append(folder, run)
                done[problem.name, method, seed] = run
                say(f"{problem.name} {method} seed {seed}: hit {run.hit}, best {max(run.truths):g}")
    names = {problem.name for problem in wanted}
    return [
        run
        for (problem, method, seed), run in sorted(done.items())
        if problem in names and method in methods and seed in set(seeds)
    ]


def _append(folder: Path, run: Run) -> None:
    path = folder / f"{run.problem}--{run.method}.jsonl"
    cut = path.exists() and not path.read_bytes().endswith(b"\n")
    with path.open("a", encoding="utf-8") as stream:
        # A line that a crash cut off must not spoil the next one.
        stream.write(("\n" if cut else "") + json.dumps(asdict(run)) + "\n")


def read_runs(folder: Path) -> list[Run]:
    """Return the runs of a folder; a line that a crash cut off is left out."""
    runs = []
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                runs.append(Run(**json.loads(line)))
            except json.JSONDecodeError:
                continue
    return runs


def write_csv(runs: Sequence[Run], path: Path) -> None:
    """Write every experiment of every run as one row."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(
            ["problem", "method", "seed", "experiment", "point", "value", "truth", "best_so_far"]
        )
        for run in runs:
            best = -float("inf")
            rows = zip(run.points, run.values, run.truths, strict=True)
            for number, (point, value, truth) in enumerate(rows, start=1):
                best = max(best, truth)
                text = json.dumps(point, sort_keys=True)
                head = [run.problem, run.method, run.seed, number]
                writer.writerow([*head, text, value, truth, best])


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """One method on one problem."""

    problem: str
    method: str
    runs: int
    median: float
    """Restricted median experiment of the hit."""
    hit_rate: float
    hit_low: float
    hit_high: float
    best: float
    """Median over runs of the best truth."""
    seconds: float
    """Median of a call for proposals."""


def summarise(runs: Sequence[Run]) -> list[Summary]:
    """Return a line for every problem and method, by problem and then by median."""
    groups: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        groups.setdefault((run.problem, run.method), []).append(run)
    lines = [_summary(problem, method, group) for (problem, method), group in groups.items()]
    return sorted(lines, key=lambda s: (s.problem, s.median, s.method))


def _summary(problem: str, method: str, group: Sequence[Run]) -> Summary:
    hits = [run.hit for run in group]
    success = sum(hit is not None for hit in hits)
    low, high = wilson(success, len(group))
    best = sorted(max(run.truths) for run in group)
    times = sorted(s for run in group for s in run.seconds)
    return Summary(
        problem=problem,
        method=method,
        runs=len(group),
        median=restricted_median(hits, group[0].budget),
        hit_rate=success / len(group),
        hit_low=low,
        hit_high=high,
        best=best[len(best) // 2],
        seconds=times[len(times) // 2] if times else 0.0,
    )


def paired_hits(runs: Sequence[Run], problem: str, method: str) -> dict[int, int]:
    """Return seed -> experiment of the hit, ``budget + 1`` for a miss; raises BrainError."""
    mine = [run for run in runs if (run.problem, run.method) == (problem, method)]
    if not mine:
        raise BrainError(f"no run of {method!r} on {problem!r} is kept; run the bench first")
    hits = restricted([run.hit for run in mine], mine[0].budget)
    return {run.seed: hit for run, hit in zip(mine, hits, strict=True)}
