"""The verb that compares strategies: every proposal as CSV, a plot, a table."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labloop.cli.terminal import (
    Device,
    atomic_write,
    console,
    ensure_writable_folder,
    table_lines,
    waiting,
)
from labloop.errors import CampaignError, LabloopError, MissingExtraError

if TYPE_CHECKING:
    from rich.console import Console

    from labloop.brain import Strategy
    from labloop.testing.strategies import Problem, Run

Methods = Mapping[str, "Callable[[], Strategy]"]


def bench(
    *,
    strategy: Annotated[str, typer.Option(help="a name, or FILE.py:object")] = "auto",
    problem: Annotated[str, typer.Option(help="built-in problems, with commas")] = "branin",
    seeds: Annotated[int, typer.Option(help="how many starts", min=1, max=1000)] = 30,
    experiments: Annotated[
        int | None, typer.Option(help="instead of the problem's budget", min=1)
    ] = None,
    against: Annotated[
        str, typer.Option(help="others, with commas: names (baybe, ax, ...), FILE.py:object")
    ] = "random",
    out: Annotated[Path, typer.Option(help="folder for CSV and plot")] = Path("bench"),
    device: Device = "auto",
) -> None:
    """Compare a strategy with others from the same starts: proposals as CSV, plot, table.

    Runs are kept in the folder as they end, so the same command goes on where it was ended.
    """
    if find_spec("torch") is None:
        raise MissingExtraError("bench", "brain")
    screen = console()
    with waiting(screen, "loading the strategies"):
        problems = _problems(problem, experiments)
        methods = _methods([strategy, *_words(against)], device)
    ensure_writable_folder(out / "proposals.csv")
    runs = _run(screen, problems, methods, range(seeds), out)
    _write(screen, runs, out)
    _print_table(screen, runs, next(iter(methods)))


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _problems(text: str, experiments: int | None) -> "list[Problem]":
    from labloop.testing.strategies import builtin_problems  # noqa: PLC0415 - heavy

    known, names = builtin_problems(), _words(text)
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        raise CampaignError(
            f"no problem is called {', '.join(unknown) or repr(text)}; "
            f"there are: {', '.join(known)}"
        )
    return [_of_length(known[name], experiments) for name in dict.fromkeys(names)]


def _of_length(problem: "Problem", experiments: int | None) -> "Problem":
    """Return the problem with another budget, under a name that keeps its runs apart."""
    if experiments is None or experiments == problem.budget:
        return problem
    if experiments <= problem.start:
        raise CampaignError(
            f"--experiments {experiments} leaves nothing to propose: {problem.name} begins with "
            f"{problem.start} points that all strategies share; give more than that"
        )
    return replace(problem, name=f"{problem.name}-{experiments}", budget=experiments)


def _methods(words: Sequence[str], device: str) -> "dict[str, Callable[[], Strategy]]":
    from labloop.cli.running.strategies import find_method  # noqa: PLC0415 - heavy

    return dict(find_method(word, device) for word in dict.fromkeys(words))


def _run(
    screen: "Console",
    problems: "Sequence[Problem]",
    methods: Methods,
    seeds: range,
    folder: Path,
) -> "list[Run]":
    import torch  # noqa: PLC0415 - heavy

    from labloop.testing.strategies import read_runs, run_bench  # noqa: PLC0415 - heavy

    torch.set_num_threads(1)
    wanted = {(p.name, m, s) for p in problems for m in methods for s in seeds}
    done = {(r.problem, r.method, r.seed) for r in read_runs(folder)} & wanted
    if done:
        screen.print(f"kept      {len(done)} of {len(wanted)} runs lie in {folder} already")
    with waiting(screen, f"0/{len(wanted)} runs") as meanwhile, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ended = len(done)

        def say(line: str) -> None:
            nonlocal ended
            ended += 1
            screen.print(f"{ended}/{len(wanted)} {line}")
            meanwhile.say(f"{ended}/{len(wanted)} runs, the next one")

        try:
            return run_bench(problems, methods, seeds, folder, say=say)
        except KeyboardInterrupt:
            screen.print(f"kept      {ended} runs in {folder}; the same command goes on")
            raise
        except LabloopError:
            raise
        except Exception as error:  # a person's strategy may raise anything
            raise CampaignError(
                f"a strategy failed with {type(error).__name__}: {error}; "
                f"{ended} runs are kept in {folder}, and the same command goes on"
            ) from error


def _write(screen: "Console", runs: "Sequence[Run]", folder: Path) -> None:
    from labloop.testing.strategies import write_csv  # noqa: PLC0415 - heavy

    with atomic_write(folder / "proposals.csv") as part:
        write_csv(runs, part)
    screen.print(f"wrote     {folder / 'proposals.csv'}: every proposal of {len(runs)} runs")
    if find_spec("plotly") is None:
        screen.print(f"no plot   {MissingExtraError('the plot', 'report')}")
        return
    from labloop.testing.strategies import write_plot  # noqa: PLC0415 - heavy

    with atomic_write(folder / "traces.html") as part:
        write_plot(runs, part)
    screen.print(f"wrote     {folder / 'traces.html'}: the best so far, median and quartiles")


def _print_table(screen: "Console", runs: "Sequence[Run]", ours: str) -> None:
    """Print a row for every problem and strategy, and how ours compares with each other."""
    from labloop.testing.strategies import summarise  # noqa: PLC0415 - heavy

    header = ("problem", "strategy", "runs", "median", "hits [90 %]", "best", "s/ask", "ratio")
    rows = [
        (
            line.problem,
            line.method,
            line.runs,
            f"{line.median:.1f}",
            f"{line.hit_rate:.2f} [{line.hit_low:.2f}, {line.hit_high:.2f}]",
            f"{line.best:.4g}",
            f"{line.seconds:.3f}",
            "" if line.method == ours else _ratio(runs, line.problem, ours, line.method),
        )
        for line in summarise(runs)
    ]
    for text in table_lines(header, rows):
        screen.print(text)
    screen.print(
        "median: experiment at which the target was reached (a miss counts as one more than the "
        f"budget); ratio: median of {ours} over that of this strategy, below 1 where it is quicker"
    )


def _ratio(runs: "Sequence[Run]", problem: str, ours: str, theirs: str) -> str:
    from labloop.testing.strategies import median_ratio, paired_hits  # noqa: PLC0415 - heavy

    mine, other = paired_hits(runs, problem, ours), paired_hits(runs, problem, theirs)
    both = sorted(set(mine) & set(other))
    ratio, low, high = median_ratio([mine[s] for s in both], [other[s] for s in both])
    return f"{ratio:.2f} [{low:.2f}, {high:.2f}]"
