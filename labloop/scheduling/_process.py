"""The process of the solver: begun when it is first asked, kept, and ended with this process."""

import atexit
import json
import os
import subprocess
import sys
from contextlib import suppress
from threading import Lock

from labloop.errors import DefinitionError
from labloop.scheduling._problem import Problem, Schedule
from labloop.scheduling._wire import problem_json, schedule_json, schedule_of

_END_SECONDS = 5.0


class SolverProcess:
    """One process that orders jobs, asked by one thread at a time."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._process: subprocess.Popen[str] | None = None
        self._owner = 0

    def solve(
        self, problem: Problem, known: Schedule | None, effort: float, gap: float, seed: int
    ) -> Schedule | None:
        """Return the best schedule that the solver finds; None where it finds none.

        Raises:
            DefinitionError: the process of the solver ended; the next call begins another one.
        """
        question = {
            "problem": problem_json(problem),
            "known": schedule_json(known),
            "effort": effort,
            "gap": gap,
            "seed": seed,
        }
        with self._lock:
            process = self._running()
            answer = _asked(process, json.dumps(question))
            if not answer:
                self.end()
                code = process.returncode
                raise DefinitionError(
                    f"the solver's process ended with exit code {code}; without schedule= the "
                    "campaign goes on first come, first served"
                )
        return schedule_of(json.loads(answer))

    def end(self) -> None:
        """End the process, where it is this one's own."""
        process, self._process = self._process, None
        if process is None or self._owner != os.getpid():
            return
        if process.stdin is not None:
            # What could not be written to a process that is gone is written again here.
            with suppress(OSError):
                process.stdin.close()
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()

    def _running(self) -> "subprocess.Popen[str]":
        # A forked child does not share its parent's solver.
        if self._process is None or self._owner != os.getpid():
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "labloop.scheduling"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
                # Ctrl-C is for this process, which ends the other one.
                start_new_session=True,
            )
            self._owner = os.getpid()
        return self._process


def _asked(process: "subprocess.Popen[str]", question: str) -> str:
    """Return the line that answers; empty where the process is gone."""
    if process.stdin is None or process.stdout is None:
        return ""
    try:
        process.stdin.write(question + "\n")
        process.stdin.flush()
    except OSError:
        return ""
    return process.stdout.readline()


SOLVER = SolverProcess()
atexit.register(SOLVER.end)
