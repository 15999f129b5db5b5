"""The console that everything for a person is written to, and tables as plain lines."""

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from labloop.records import printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text


def console(*, stderr: bool = False) -> "Console":
    """Return the console that everything for a person is written to.

    ``stderr``: the error stream, where standard output holds JSON for a program.

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
        stderr=stderr,
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
