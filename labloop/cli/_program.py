"""The command as a process: it ends cleanly also while a thread of it cannot be ended."""

import atexit
import os
import sys
import threading
from contextlib import suppress

from labloop.cli._app import main


def program() -> None:
    """Run the command line as this process and end it with its exit code.

    A thought of the brain, or a person's function, may still go on in a thread when all else
    has ended. Python would end that thread at its next step, in the middle of C++ code that
    ends the whole process for it ("terminate called without an active exception"), so such a
    process is left without taking Python down first.
    """
    code = [1]
    # What is registered first is called last: everything else has been tidied up by then.
    atexit.register(lambda: _leave(code[0]))
    try:
        main()
    except SystemExit as ended:
        code[0] = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        _forget_waiting()
        raise


def _leave(code: int) -> None:
    if not any(t.daemon and t.name.startswith("labloop-") for t in threading.enumerate()):
        return
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(code)


def _forget_waiting() -> None:
    """A thought is waited for at the end of a script, but not by who sits before a terminal."""
    thoughts = sys.modules.get("labloop.campaign.loop.brain_thread")
    if thoughts is not None:
        atexit.unregister(thoughts.wait_for_brain_threads)
