"""Promise: a process is known by its id and its beginning, so that no later one is taken for it."""

import os
import subprocess
import sys

import pytest

from labloop import processes


def test_a_process_has_one_beginning():
    """It is the same whenever it is asked, and no process has none."""
    own = processes.process_start(os.getpid())
    assert own == processes.process_start(os.getpid())
    assert processes.process_start(2**22 + 1) is None


@pytest.mark.skipif(os.name == "nt", reason="asks the POSIX program ps")
def test_where_the_kernel_tells_nothing_ps_does():
    """Systems without /proc are asked in another way."""
    assert processes._start_posix(os.getpid())
    assert processes._start_posix(2**22 + 1) is None


def test_one_that_ended_and_was_not_waited_for_has_no_beginning():
    """A zombie has closed its files: it has ended."""
    ended = subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE)
    mark = processes.process_mark(ended.pid)
    assert f"pid={ended.pid} " in mark
    ended.stdin.close()
    while processes.process_start(ended.pid) is not None:
        pass
    assert processes.process_mark(ended.pid) is None
    ended.wait(10)
