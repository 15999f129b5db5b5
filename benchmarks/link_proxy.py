"""A bad line to a host, on loopback: requests lost, answers lost, delayed, heard twice.

It forwards HTTP/1.1 a request at a time, so that each trouble strikes a whole request.
"""

import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Literal, TypeAlias

Trouble: TypeAlias = Literal["none", "lose_request", "lose_answer", "twice", "late"]


class LinkProxy:
    """Listens on a free port of loopback and forwards to ``port``; a thread a connection.

    Args:
        port: where the host listens; a call where it moves, which raises OSError while it is down.
        trouble: what happens to each request, by its bytes; called in threads.
        late: seconds by which a late one is delayed.
    """

    def __init__(
        self,
        port: int | Callable[[], int],
        trouble: Callable[[bytes], Trouble],
        *,
        late: float = 0.05,
    ) -> None:
        self._upstream = port if callable(port) else lambda: port
        self._trouble = trouble
        self._late = late
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.count: Counter[str] = Counter()
        self.cut = threading.Event()
        """While it is set, nothing passes."""
        self._closed = False
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        """Listen no more."""
        self._closed = True
        with suppress(OSError):
            # Wakes the thread that accepts.
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        self._listening.close()

    def _accept(self) -> None:
        while not self._closed:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            while not self._closed:
                request = _message(client)
                if not request or not self._forward(client, request):
                    return

    def _forward(self, client: socket.socket, request: bytes) -> bool:
        """Forward one request; return whether the connection goes on."""
        trouble: Trouble = "lose_request" if self.cut.is_set() else self._trouble(request)
        self.count[trouble] += 1
        if trouble == "lose_request":
            return False
        if trouble == "late":
            time.sleep(self._late)
        answer = self._asked(request)
        if trouble == "twice":
            self._asked(request)
        if trouble == "lose_answer" or self.cut.is_set():
            return False
        client.sendall(answer)
        return True

    def _asked(self, request: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", self._upstream()), 5) as upstream:
            upstream.sendall(request)
            return _message(upstream)


def random_trouble(seed: int, share: float) -> Callable[[bytes], Trouble]:
    """Return troubles that strike a share of all requests."""
    rng, lock = random.Random(seed), threading.Lock()
    kinds: tuple[Trouble, ...] = ("lose_request", "lose_answer", "twice", "late")

    def trouble(_: bytes) -> Trouble:
        with lock:
            return rng.choice(kinds) if rng.random() < share else "none"

    return trouble


def _message(line: socket.socket) -> bytes:
    """Return one whole request or answer; empty where the connection ended."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = line.recv(65536)
        if not more:
            return b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for field in head.split(b"\r\n")[1:]:
        name, _, value = field.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    while len(body) < length:
        more = line.recv(65536)
        if not more:
            return b""
        body += more
    return head + b"\r\n\r\n" + body
