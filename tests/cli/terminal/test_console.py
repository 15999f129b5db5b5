"""What comes from files, databases and instruments is shown at a terminal, never obeyed."""

import pytest

from labloop.cli.terminal.console import console
from labloop.records import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J\x1b]0;owned\x07", "\\x1b[2J\\x1b]0;owned\\x07"),
        ("\x9b31m", "\\x9b31m"),
        ("a\rb\x08", "a\\rb\\x08"),
        ("\u202ecod", "\\u202ecod"),
        ("80 °C, µL\tand\nlines", "80 °C, µL\tand\nlines"),
    ],
)
def test_control_characters_are_shown(text, shown):
    """Escape sequences and turned directions become letters; everything else stays."""
    assert printable(text) == shown


def test_the_console_prints_no_escape_of_a_name(capsys):
    """Whatever is printed, as a line or in a table, no ESC of its own reaches the terminal."""
    from rich.table import Table

    table = Table("name")
    table.add_row("x\x1b[31m")
    out = console()
    out.print("reason \x1b]52;c;aGk=\x07")
    out.print(table)
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert "\\x1b]52" in said
