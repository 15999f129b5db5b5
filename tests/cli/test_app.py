"""The command line as a whole: its version, and consoles that show few letters."""

import io
import sys
from importlib import metadata

import pytest


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_a_console_with_few_letters_shows_question_marks(tiny, monkeypatch, encoding):
    """A letter that the code page lacks costs the letter, not the campaign."""
    text = (tiny.folder / "campaign.py").read_text()
    tiny.write("campaign.py", text.replace('return {"sh', BROKEN))
    streams = [io.TextIOWrapper(io.BytesIO(), encoding=encoding) for _ in range(2)]
    with monkeypatch.context() as narrow:
        narrow.setattr(sys, "stdout", streams[0])
        narrow.setattr(sys, "stderr", streams[1])
        code, _ = tiny("run", "campaign.py", "--engine", "plain")
    assert code == 1
    said = b"".join(each.buffer.getvalue() for each in streams if not each.flush())
    assert b"3 experiments in a row failed" in said
    assert b"? and" in said


BROKEN = 'raise ValueError("\N{GREEK SMALL LETTER MU} and \N{SNOWMAN}")\n    return {"sh'


def test_the_version_is_told(shell):
    """--version says which labloop this is, and no verb at all says what there is."""
    assert shell.ok("--version").strip() == f"labloop {metadata.version('labloop-sdl')}"
    assert "Commands" in shell()[1]
