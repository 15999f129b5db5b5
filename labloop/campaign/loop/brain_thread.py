"""The thread in which the brain computes proposals, so that a stop never waits for it."""

import atexit
import queue
import threading
import time
from collections.abc import Callable
from contextvars import Context, copy_context
from weakref import WeakSet

from labloop.campaign.loop.proposing import RoundAnswer, RoundRequest, answer_request
from labloop.records import ProposalBatch

_THREADS: "WeakSet[threading.Thread]" = WeakSet()


def wait_for_brain_threads(seconds: float = 30.0) -> None:
    """Wait up to so many wall seconds, at the end of a process, until no brain thread runs.

    Python ends a daemon thread at its next step, and one that is inside of C++ code then takes
    the whole process with it. The ``labloop`` command does not wait: it leaves by ``os._exit``.
    """
    until = time.monotonic() + seconds
    for thread in list(_THREADS):
        thread.join(max(0.0, until - time.monotonic()))


atexit.register(wait_for_brain_threads)


class BrainThread:
    """One daemon thread that answers all rounds of a run.

    One for all rounds, because torch and BLAS keep a pool of threads for each thread that calls
    them. A daemon, because nothing can interrupt a fit: one that nobody wants any more ends with
    the process, and its answer is not read.
    """

    def __init__(self, answer: Callable[[RoundAnswer], None]) -> None:
        """Make the thread; it starts when it is first asked.

        Args:
            answer: receives each answer, in that thread.
        """
        self._answer = answer
        self._requests: queue.SimpleQueue[
            tuple[Context, RoundRequest, Callable[[], ProposalBatch]] | None
        ] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def ask(self, request: RoundRequest, call: Callable[[], ProposalBatch]) -> None:
        """Have ``call`` answer a request, in a copy of the caller's context."""
        self._requests.put((copy_context(), request, call))
        if self._thread is None:
            # Not before: a run that is given up while it begins leaves no thread behind.
            self._thread = threading.Thread(target=self._work, name="labloop-brain", daemon=True)
            self._thread.start()
            _THREADS.add(self._thread)

    def close(self) -> None:
        """Take no further request; one that is being answered is not waited for."""
        self._requests.put(None)

    def _work(self) -> None:
        while (item := self._requests.get()) is not None:
            context, request, call = item
            self._answer(context.run(answer_request, request, call))
