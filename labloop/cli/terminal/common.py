"""What several verbs do first: open the database, find the campaign, read name=value pairs."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labloop.errors import CampaignError, NotFoundError
from labloop.records import CampaignRecord, Mode, Point, Repositories, printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text


NOT_SAFE_EXIT = 4
"""Exit code of a verb after which something is not known to be in its safe state."""


def mode_of(real: bool) -> Mode:
    """Return the mode that a flag asks for; the default of every verb is simulation."""
    return Mode.REAL if real else Mode.SIMULATED


def console() -> "Console":
    """Return the console that everything for a person is written to.

    What is printed came from files, databases and instruments: it is shown, never obeyed.
    """
    from rich.console import Console  # noqa: PLC0415 - keeps labloop --help quick

    class PlainConsole(Console):
        def render_str(self, text: str, *args: Any, **kwargs: Any) -> "Text":
            return super().render_str(printable(text), *args, **kwargs)

    # What is printed holds names such as [store] and paths: none of it is markup.
    # A notebook takes plain lines, whatever its environment says of colours: neither a box of
    # HTML for each, nor a panel that is drawn over again.
    return PlainConsole(
        highlight=False,
        soft_wrap=True,
        markup=False,
        emoji=False,
        force_jupyter=False,
        force_terminal=None if _terminal() else False,
    )


def _terminal() -> bool:
    """Return whether what is printed reaches a terminal."""
    try:
        return sys.stdout.isatty()
    except (AttributeError, ValueError):  # there is none, or it is closed
        return False


def table_lines(header: Sequence[str], rows: Sequence[Sequence[object]]) -> Iterator[str]:
    """Yield a table as lines of plain letters, however wide: it may go into a file or a pipe."""
    table = [tuple(str(cell) for cell in row) for row in (header, *rows)]
    widths = [max(len(row[i]) for row in table) for i in range(len(header))]
    for row in table:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def open_repositories(
    url: str | None, *, read_only: bool = False, create: bool = False
) -> Repositories:
    """Open the database, made only where a campaign may begin.

    Raises:
        MissingExtraError: the store is not installed.
        DatabaseUnusableError: it is missing, locked, foreign, newer or damaged.
    """
    from labloop.store import open_database  # noqa: PLC0415 - keeps labloop --help quick

    return open_database(url, create=create, read_only=read_only)


def print_not_safe(repositories: Repositories, record: CampaignRecord) -> None:
    """Print what of a campaign is not known to be safe, before everything else."""
    out = console()
    told = [a.alarm.message for a in repositories.alarms.all(record.id) if a.is_open]
    for message in dict.fromkeys(told):
        out.print(f"!! NOT SAFE: {message}")
    if told:
        out.print(f"!! when you have looked: {acknowledge_command(repositories, record)}")


def acknowledge_command(repositories: Repositories, record: CampaignRecord) -> str:
    """Return what a person types who has looked at what was not known to be safe."""
    from labloop.campaign import database_option  # noqa: PLC0415 - keeps labloop --help quick

    mode = "--real" if record.mode is Mode.REAL else "--sim"
    return f"labloop acknowledge {record.name} {mode}{database_option(repositories)}"


def find_campaign(repositories: Repositories, name: str, real: bool | None) -> CampaignRecord:
    """Return a campaign by name or id; without a mode, the only one of that name."""
    modes = [Mode.SIMULATED, Mode.REAL] if real is None else [mode_of(real)]
    found = [r for mode in modes if (r := repositories.campaigns.find(name, mode)) is not None]
    if len(found) == 1:
        return found[0]
    if len(found) > 1:
        raise CampaignError(
            f"{name!r} is both a simulated and a real campaign; add --real or --sim"
        )
    by_id = [r for r in repositories.campaigns.all() if r.id == name]
    if by_id:
        return by_id[0]
    known = sorted({c.name for c in repositories.campaigns.all()})
    raise NotFoundError(
        f"no campaign is called {name!r} in {repositories.url}; "
        f"known are: {', '.join(known) or 'none yet'}"
    )


def parse_pairs(texts: Sequence[str]) -> dict[str, str]:
    """Return ``name=value`` words as a mapping."""
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name or not value:
            raise CampaignError(f"expected name=value such as temperature=80, got {text!r}")
        if name in found:
            raise CampaignError(f"{name!r} is given twice; give it once")
        found[name] = value
    return found


def format_point(point: Point, digits: int = 4) -> str:
    """Return the conditions of an experiment, numbers with so many digits."""
    return ", ".join(
        f"{name}={value:.{digits}g}" if isinstance(value, float) else f"{name}={value}"
        for name, value in point.items()
    )


def ensure_writable_folder(path: Path) -> Path:
    """Return the folder of ``path``, made where it lacks; raises where it cannot be written."""
    folder = path.resolve().parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".labloop-probe"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise CampaignError(f"nothing can be written to {folder}: {error.strerror}") from error
    return folder


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Give a name to write to; the file gets its own name when all of it is written.

    Raises:
        CampaignError: it cannot be written; what was there before is there still.
    """
    if path.is_dir():
        raise CampaignError(f"{path} is a folder; name a file in it")
    part = path.with_name(f".{path.name}.part")
    try:
        yield part
        part.replace(path)
    except OSError as error:
        raise CampaignError(
            f"{path} cannot be written: {error.strerror}; name another file or free some space"
        ) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
