"""A campaign's session with a host: its devices, its heart-beats, its requests, its lab time."""

import asyncio
import itertools
import math
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any
from uuid import uuid4

from labloop.errors import LabloopError, LeaseError, NotConnectedError, NotSafeError
from labloop.lab.remote.link import HostLink
from labloop.lab.remote.wire import RUNNING, Answer, Request
from labloop.lab.time import Clock
from labloop.records import ActionState

_BEATS = 3
"""Heart-beats within the time after which a host takes its devices back."""
_LAST_SECONDS = 2.0
"""A host that was given up is asked once more, for so long."""
_THREADS = 32
"""Requests of real time that are waited for at once."""


class HostSession:
    """The right to command some devices of a host, kept alive by a thread.

    Args:
        link: to the host.
        asked: who asks, for which devices, told to whoever asks for the same ones.

    Raises:
        LeaseError: somebody else has one of the devices; the message says who and since when.
        NotConnectedError: the host does not answer.
    """

    def __init__(self, link: HostLink, asked: Mapping[str, Any]) -> None:
        self._link = link
        self._id = uuid4().hex
        opened = link.call("POST", "/sessions", {"session": self._id, **asked})
        self.token: int = opened["token"]
        """The fencing token; it is written beside each intent of the campaign."""
        self._patience: float = opened["seconds"]
        self._origin: float = opened["now"]
        """The host's lab second at which this campaign's lab begins."""
        self.stepped: bool = opened["stepped"]
        self.lost = ""
        """Why nothing can be asked any more; empty while the session holds."""
        self._numbers = itertools.count(1)
        self._steps = itertools.count(1)
        self._waiting: dict[str, asyncio.Future[None]] = {}
        """Request -> who waits for it in the lab's loop, where the host keeps lab time."""
        # One thread: requests reach the host in the order in which the procedures made them.
        self._sender = ThreadPoolExecutor(1, "labloop-host-send")
        self._stepper = ThreadPoolExecutor(1, "labloop-host-time")
        self._asker = ThreadPoolExecutor(_THREADS, "labloop-host-ask")
        self._closed = threading.Event()
        self._beating = threading.Thread(target=self._beat, name="labloop-host-beat", daemon=True)
        self._beating.start()

    # Requests, called in the lab's loop.

    def number(self) -> str:
        """Return an id for what is not journaled."""
        return f"-{next(self._numbers)}"

    async def carry_out(self, clock: Clock, request: Request) -> Answer:
        """Return what became of a request; see :class:`~labloop.lab.remote.Carrier`."""
        try:
            refused = await clock.kept(self._sender.submit(self._send, request))
            return refused or await self._answer(clock, request.id)
        except asyncio.CancelledError:
            await clock.finish(self._cancel(clock, request))
            raise

    def lease(self, device: str) -> "Future[int]":
        """Return the fencing token, for the campaign's own gate; raises LeaseError."""
        future: Future[int] = Future()
        if self.lost:
            future.set_exception(LeaseError(f"{device} is not commanded any more: {self.lost}"))
        else:
            future.set_result(self.token)
        return future

    async def _answer(self, clock: Clock, request_id: str) -> Answer:
        if self.stepped and not self.lost:
            waiter = self._waiting[request_id] = clock.loop.create_future()
            try:
                await waiter
            finally:
                self._waiting.pop(request_id, None)
        return await clock.external(self._asker.submit(self._fetch, request_id))

    async def _cancel(self, clock: Clock, request: Request) -> None:
        """Let the host end a request, and wait until it has; a lost one is left to the host."""
        if self.lost:
            return
        path = f"/sessions/{self._id}/requests/{request.id}/cancel"
        try:
            ended = await clock.external(self._asker.submit(self._link.call, "POST", path))
        except LabloopError:
            return
        if ended["open"]:
            await self._answer(clock, request.id)

    def _send(self, request: Request) -> Answer | None:
        """Bring a request to the host; returns an answer where it has one that is no result."""
        path = f"/sessions/{self._id}/requests"
        try:
            self._call("POST", path, request.to_json())
        except (NotConnectedError, LeaseError) as error:
            return self._ask(request.id, error)
        except LabloopError as error:
            return Answer(
                state=ActionState.NOT_SENT, error=type(error).__name__, message=str(error)
            )
        return None

    def _fetch(self, request_id: str) -> Answer:
        """Return what became of a request, however long it takes; called in a thread."""
        path = f"/sessions/{self._id}/requests/{request_id}"
        while True:
            try:
                answer = Answer.from_json(self._call("GET", path))
            except (NotConnectedError, LeaseError) as error:
                return self._ask(request_id, error)
            if not answer.is_open:
                return answer

    def _ask(self, request_id: str, error: LabloopError) -> Answer:
        """Ask the host's record, which outlives session and process."""
        self._lose(str(error))
        try:
            answer = ask_host(self._link, self.token, request_id, _LAST_SECONDS)
        except LabloopError:
            answer = RUNNING
        if answer.state is ActionState.NOT_SENT:
            return Answer(
                state=ActionState.NOT_SENT, error=type(error).__name__, message=str(error)
            )
        if not answer.is_open:
            return answer
        return Answer(
            state=ActionState.UNCERTAIN,
            error="UncertainError",
            message=f"it may or may not have happened: {error}",
        )

    # Lab time, where the host keeps it.

    @property
    def gone(self) -> bool:
        """Whether the host keeps no lab time for this campaign any more."""
        return bool(self.lost)

    @property
    def owes(self) -> bool:
        """Whether the host owes an answer."""
        return bool(self._waiting)

    def advance(self, until: float) -> "Future[tuple[float, Callable[[], object]]]":
        """See :class:`~labloop.lab.time.TimeKeeper`."""
        return self._stepper.submit(self._advance, next(self._steps), until)

    def withdraw(self) -> None:
        """See :class:`~labloop.lab.time.TimeKeeper`."""
        self._asker.submit(self._withdraw)

    def _withdraw(self) -> None:
        try:
            self._call("POST", f"/sessions/{self._id}/hold")
        except LabloopError as error:
            self._lose(str(error))

    def _advance(self, step: int, until: float) -> tuple[float, Callable[[], object]]:
        wanted = None if until == math.inf else until + self._origin
        body = {"step": step, "until": wanted}
        while not self.lost:
            try:
                granted = self._call("POST", f"/sessions/{self._id}/advance", body)
            except LabloopError as error:
                self._lose(str(error))
                break
            if granted["granted"]:
                return granted["now"] - self._origin, partial(self._finish, granted["finished"])
        return -math.inf, self._finish_all

    def _finish(self, finished: list[str]) -> None:
        for request_id in finished:
            waiter = self._waiting.get(request_id)
            if waiter is not None and not waiter.done():
                waiter.set_result(None)

    def _finish_all(self) -> None:
        self._finish([*self._waiting])

    # Its life.

    async def taken_back(self, clock: Clock, device: str) -> None:
        """Wait until the host has taken a device back and made it safe.

        Raises:
            NotSafeError: it is not safe.
            NotConnectedError: the host does not answer.
        """
        ended = await clock.external(self._asker.submit(self._end, _LAST_SECONDS))
        if device in ended["failures"]:
            raise NotSafeError(ended["failures"][device])

    def _end(self, patience: float) -> Any:
        try:
            return self._link.call("DELETE", f"/sessions/{self._id}", patience=patience)
        except NotConnectedError as error:
            raise NotConnectedError(
                f"{error}. By itself it makes the devices safe that it has not heard of for "
                f"{self._patience:g} s; whether it could is not known here"
            ) from error

    def close(self) -> None:
        """Give the devices back; the host makes safe what it does not know to be safe.

        A host that does not answer does so by itself when it has heard nothing for long enough.
        """
        self._closed.set()
        try:
            if not self.lost:
                self._end(self._patience / 2)
        except NotConnectedError as error:
            self._lose(str(error))
        finally:
            for pool in (self._sender, self._stepper, self._asker):
                pool.shutdown(wait=False, cancel_futures=True)
            self._beating.join(1.0)

    def _beat(self) -> None:
        pause = self._patience / _BEATS
        while not self._closed.wait(pause):
            try:
                self._call("POST", f"/sessions/{self._id}/beat")
            except LabloopError as error:
                self._lose(str(error))
                return

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        return self._link.call(
            method, path, body, patience=self._patience, wanted=lambda: not self.lost
        )

    def _lose(self, why: str) -> None:
        self.lost = self.lost or why


def ask_host(link: HostLink, token: int, request_id: str, patience: float | None = None) -> Answer:
    """Return what a host's record says of an action of any session, also of one that is over.

    An action that the host never heard of is NOT_SENT, and refused from then on.

    Args:
        link: to the host.
        token: the session's fencing token, as the intent has it.
        request_id: the id of the intent.
        patience: seconds for which it is waited for.
    """
    path = f"/actions/{token}/{request_id}"
    return Answer.from_json(link.call("POST", path, patience=patience))
