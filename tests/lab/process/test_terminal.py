"""Promise: a terminal that has gone or stalled keeps nobody from making devices safe."""

import os
import select
import threading
import time

import pytest

from labloop.lab.process.terminal import Terminal, say

posix = pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals")


def test_a_terminal_that_has_gone_raises_nothing():
    """Promise: a closed pipe, as a closed terminal, is written to in vain."""
    reader, writer = os.pipe()
    os.close(reader)
    with Terminal(writer) as terminal:
        for _ in range(3):
            terminal.write("nobody reads this\n")
        assert terminal.flush()
    os.close(writer)


@posix
def test_a_terminal_that_takes_nothing_is_waited_for_once():
    """Promise: a connection that hangs costs a second and neither memory nor a safe state."""
    reader, writer = os.pipe()
    while select.select([], [writer], [], 0)[1]:
        os.write(writer, b"x" * 4096)
    began = time.monotonic()
    terminal = Terminal(writer)
    for _ in range(5000):
        terminal.write("x" * 80)
        terminal.flush()
    assert time.monotonic() - began < 4
    assert terminal._words.qsize() < 1000
    threads = [t for t in threading.enumerate() if t.name == f"labloop-terminal-{writer}"]
    assert len(threads) == 1
    os.close(reader)
    threads[0].join(5)


def test_words_are_said(capfd):
    """Promise: letters that the terminal cannot show are no error."""
    say("90 µm")
    assert "90" in capfd.readouterr().err
