"""The planner's bench: ``OMP_NUM_THREADS=1 python benchmarks/planner/run.py --problems ...``.

Runs are appended to a folder as they end, so that the bench can be stopped and taken up again.
"""

import argparse
import sys
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
warnings.filterwarnings("ignore")

import torch  # noqa: E402 - after the switches above
from data_problems import PROBLEMS, ROOT  # noqa: E402
from plain_botorch import PlainBotorch  # noqa: E402

from labloop.brain import BotorchStrategy, PeerStrategy, Strategy, resolve_strategy  # noqa: E402
from labloop.surrogates import GPFactory  # noqa: E402
from labloop.testing.strategies import (  # noqa: E402
    Run,
    builtin_problems,
    median_ratio,
    paired_hits,
    run_bench,
    summarise,
    write_csv,
    write_plot,
)

KERNELS = ("matern", "rbf", "additive", "hamming", "tied", "both")


def methods() -> dict[str, Callable[[], Strategy]]:
    """Return every method by name."""
    found: dict[str, Callable[[], Strategy]] = {
        name: partial(resolve_strategy, name)
        for name in ("auto", "sobol", "random", "skopt", "baybe", "ax", "bofire", "optuna")
    }
    for kernel in KERNELS:
        found[f"gp-{kernel}"] = partial(BotorchStrategy, GPFactory(kernels=(kernel,)))
    found["plain"] = PlainBotorch
    for categories in ("names", "smiles"):
        told = {"categories": categories}
        found[f"baybe-{categories}"] = partial(PeerStrategy, "baybe", options=told)
    return found


def main() -> None:
    """Run, then say what came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    known = methods()
    ready = builtin_problems()
    parser.add_argument("--problems", nargs="+", choices=[*ready, *PROBLEMS], required=True)
    parser.add_argument("--methods", nargs="+", choices=list(known), default=["auto"])
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--folder", type=Path, default=ROOT / "benchmarks" / "results" / "planner")
    parser.add_argument("--against", help="a method whose medians the others are divided by")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    problems = [ready[name] if name in ready else PROBLEMS[name]() for name in asked.problems]
    wanted = {name: known[name] for name in asked.methods}
    runs = run_bench(problems, wanted, range(asked.seeds), asked.folder, say=_say)
    report(runs, asked.against)
    write_csv(runs, asked.folder / "proposals.csv")
    write_plot(runs, asked.folder / "traces.html")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def report(runs: list[Run], against: str | None) -> None:
    """Print a line for every problem and method."""
    for line in summarise(runs):
        text = (
            f"{line.problem:22s} {line.method:18s} n={line.runs:<3d} median {line.median:5.1f}  "
            f"hit {line.hit_rate:.2f} [{line.hit_low:.2f}, {line.hit_high:.2f}]  "
            f"best {line.best:9.4f}  {line.seconds:.3f} s"
        )
        if against and against != line.method:
            ours = paired_hits(runs, line.problem, line.method)
            theirs = paired_hits(runs, line.problem, against)
            both = sorted(set(ours) & set(theirs))
            ratio, low, high = median_ratio([ours[s] for s in both], [theirs[s] for s in both])
            text += f"  / {against}: {ratio:.2f} [{low:.2f}, {high:.2f}]"
        print(text)


if __name__ == "__main__":
    main()
