"""A worker: a peer's process, spoken to in lines of JSON on its standard input and output.

A request is ``{"op": "propose", ...}`` on one line and says all there is to know, so that a
worker keeps nothing: one that died or was ended is started anew and gives the same answer. The
answer is ``{"points": [...], "version": ..., "seconds": ...}`` or ``{"error": ...}``, on one line.
"""

import atexit
import json
import os
import queue
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import IO, Any

from labloop.brain.peers.catalogue import WORKERS, Peer
from labloop.brain.peers.environment import python_of
from labloop.errors import BrainError

_LINE = 300
"""Longest piece of a worker's last words that a message repeats."""
_GRACE = 5.0
"""Seconds that a worker has to leave once its input has ended."""


class Worker:
    """One process for all campaigns that ask the same peer; started when it is first asked."""

    def __init__(self, peer: Peer, python: Path) -> None:
        self._peer = peer
        self._python = python
        self._turn = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._answers: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._words: IO[str] | None = None

    def ask(self, request: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        """Return the answer to a request.

        Raises:
            BrainError: the peer refused, its process ended, or it gave no answer in ``seconds``.
        """
        with self._turn:
            process = self._running()
            try:
                line = self._exchange(process, json.dumps(request), seconds)
            except BaseException:
                # An answer that comes later must not pass for the answer to another request.
                self.close()
                raise
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise BrainError(
                f"{self._peer.title} {answer.get('version', '')} made no proposal: "
                f"{str(answer['error'])[:_LINE]}; change what it stumbles over, or use 'auto'"
            )
        return answer

    def _exchange(self, process: "subprocess.Popen[str]", line: str, seconds: float) -> str:
        name = self._peer.name
        try:
            if process.stdin is not None:
                process.stdin.write(line + "\n")
                process.stdin.flush()
            answer = self._answers.get(timeout=seconds)
        except queue.Empty:
            raise BrainError(
                f"the process of strategy {name!r} gave no answer within {seconds:g} s and was "
                "ended; ask again to start it anew, with fewer results or candidates if it is slow"
            ) from None
        except OSError:
            answer = ""
        if not answer:
            raise BrainError(
                f"the process of strategy {name!r} ended without an answer"
                f"{self._last_words()}; ask again to start it anew"
            )
        return answer

    def _running(self) -> "subprocess.Popen[str]":
        if self._process is not None and self._process.poll() is None:
            return self._process
        self.close()
        self._words = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 - it is read when the process has ended
        self._answers = queue.SimpleQueue()
        self._process = subprocess.Popen(  # noqa: S603 - a script of ours, or a caller's own
            [str(self._python), str(WORKERS / "serve.py"), str(self._peer.script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._words,
            text=True,
            encoding="utf-8",
            # One thread: the same seed gives the same bits only with a fixed number.
            env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"},
        )
        reader = threading.Thread(
            target=_read, args=(self._process.stdout, self._answers), daemon=True
        )
        reader.start()
        return self._process

    def _last_words(self) -> str:
        if self._words is None:
            return ""
        self._words.seek(0)
        lines = [line.strip() for line in self._words.read().splitlines() if line.strip()]
        return f" ({lines[-1][:_LINE]})" if lines else ""

    def close(self) -> None:
        """End the process; the next request starts another."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait(_GRACE)
            for stream in (process.stdin, process.stdout):
                _shut(stream)
        words, self._words = self._words, None
        _shut(words)


def _shut(stream: IO[str] | None) -> None:
    if stream is None:
        return
    try:
        stream.close()
    except OSError:
        # What was still to be written to a process that has ended is lost with it.
        return


def _read(stream: IO[str], answers: "queue.SimpleQueue[str]") -> None:
    """Hand each line on; an empty one says that the process has ended."""
    try:
        for line in stream:
            answers.put(line)
    except ValueError:
        # Closed by the other thread.
        return
    finally:
        answers.put("")


@cache
def worker_of(peer: Peer) -> Worker:
    """Return the one worker of a peer; raises BrainError where the peer is not installed."""
    worker = Worker(peer, python_of(peer))
    atexit.register(worker.close)
    return worker
