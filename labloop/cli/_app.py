"""The typer application and the one edge where an error becomes a sentence and an exit code."""

import io
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib import metadata
from typing import Annotated

import typer

from labloop.cli.contact import group as devices
from labloop.cli.hosts import group as hosts
from labloop.cli.stored import explain, export, forecast, records, samples, show, status, stock
from labloop.cli.terminal import NOT_SAFE_EXIT
from labloop.cli.verbs import (
    bench,
    by_hand,
    check,
    command,
    correct,
    demo,
    new,
    physics,
    run,
    service,
    steps,
    strategy,
    testing,
)
from labloop.errors import LabloopError, MissingExtraError, NotSafeError
from labloop.records import printable

app = typer.Typer(
    name="labloop",
    help="A self-driving lab: propose, carry out, learn, in one loop that survives.",
    no_args_is_help=True,
    invoke_without_command=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

_BUILT_IN = (
    (demo.demo, "demo"),
    (new.new, "new"),
    (run.run, "run"),
    (run.resume, "resume"),
    (service.service, "service"),
    (forecast.forecast, "forecast"),
    (status.campaigns, "campaigns"),
    (status.status, "status"),
    (show.show, "show"),
    (explain.explain, "explain"),
    (export.report, "report"),
    (export.export, "export"),
    (records.archive, "archive"),
    (samples.samples, "samples"),
    (samples.sample, "sample"),
    (command.command, "command"),
    (steps.answer, "answer"),
    (steps.step, "step"),
    (command.acknowledge, "acknowledge"),
    (by_hand.try_, "try"),
    (by_hand.ask, "ask"),
    (by_hand.rank, "rank"),
    (by_hand.tell, "tell"),
    (correct.correct, "correct"),
    (correct.withdraw, "withdraw"),
    (by_hand.reanalyse, "reanalyse"),
    (check.trust, "trust"),
    (check.check, "check"),
    (check.doctor, "doctor"),
    (bench.bench, "bench"),
)


@app.callback()
def _root(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="say which labloop this is", is_eager=True)
    ] = False,
) -> None:
    """A self-driving lab: propose, carry out, learn, in one loop that survives."""
    if version:
        typer.echo(f"labloop {metadata.version('labloop-sdl')}")
        raise typer.Exit


@cache
def _register() -> None:
    for verb, name in _BUILT_IN:
        app.command(name)(verb)
    app.add_typer(devices, name="devices")
    app.add_typer(hosts, name="lab")
    app.add_typer(physics.group, name="physics")
    app.add_typer(records.group, name="db")
    app.add_typer(stock.group, name="stock")
    app.add_typer(testing.group, name="test")
    app.add_typer(strategy.group, name="strategy")
    for point in sorted(metadata.entry_points(group="labloop.verbs"), key=lambda p: p.name):
        app.command(
            point.name, help=_PLUGGED_IN_HELP.get(point.name, ""), context_settings=_PASS_ON
        )(_late(point))


_PLUGGED_IN_HELP = {
    "serve": "Keep a campaign ready to be started from the Prefect UI.",
    "ui": "Find or start the Prefect server and print where its UI is.",
    "emulate": "Serve an emulated instrument to any software, on a port or a pseudo-terminal.",
    "adapt": "Write the driver and the lab file of an instrument that another library drives.",
}
"""Help of verbs that another package brings, told without importing it."""
_PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def _late(point: metadata.EntryPoint) -> Callable[[typer.Context], None]:
    """Return a verb that is imported when it is called, so that --help stays quick."""

    def verb(context: typer.Context) -> None:
        try:
            group = point.load()
        except ModuleNotFoundError as error:
            raise MissingExtraError(f"labloop {point.name}", "workflows") from error
        made = typer.Typer(
            add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None
        )
        made.command(point.name)(group)
        # What the inner program ended with is this one's exit code too.
        code = made(
            args=list(context.args), prog_name=f"labloop {point.name}", standalone_mode=False
        )
        raise typer.Exit(code if isinstance(code, int) else 0)

    return verb


def main() -> None:
    """Run the command line; a user's mistake ends with one sentence and exit code 1."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    _never_fail_at_letters()
    _register()
    try:
        # Not standalone, so that errors come here; a verb's typer.Exit is then a return value.
        code = app(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except NotSafeError as error:
        _print(str(error), "!! ")
        sys.exit(NOT_SAFE_EXIT)
    except LabloopError as error:
        _print(str(error))
        sys.exit(1)
    except BrokenPipeError:
        _nobody_reads()
        sys.exit(1)
    except OSError as error:
        # Of a file that was named, such as one with too long a name; any other is a bug to be seen.
        if error.filename is None:
            raise
        _print(f"{error.filename} cannot be used ({error.strerror}); name another file or folder")
        sys.exit(1)
    except KeyboardInterrupt as error:
        _print(str(error) or "ended by Ctrl-C")
        sys.exit(130)
    except typer.Abort:
        sys.exit(1)
    except Exception as error:
        # click's usage errors know how to show themselves; anything else is a bug to be seen.
        show = getattr(error, "show", None)
        if show is None:
            raise
        show()
        sys.exit(getattr(error, "exit_code", 2))


def _never_fail_at_letters() -> None:
    """Let a console that cannot show a letter show a question mark in its place."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _nobody_reads() -> None:
    """Let what is still to be written go nowhere: the reader of the pipe has gone."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _print(text: str, mark: str = "labloop: ") -> None:
    """Write one message to the terminal, whatever its code page can show, where it is there."""
    encoding = sys.stderr.encoding or "ascii"
    line = f"{mark}{printable(text)}\n"
    with suppress(OSError, ValueError):
        sys.stderr.write(line.encode(encoding, "replace").decode(encoding))
