"""The sessions of one host: who has which device, what was asked, and what became of it."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from labloop.errors import DefinitionError, LabFileError, LeaseError
from labloop.lab.host import LabHost, SafetyReport
from labloop.lab.procedure import Lab
from labloop.lab.remote import Answer, Request, check_name
from labloop.lab.sessions.action_record import ActionRecord
from labloop.lab.sessions.asking_devices import AskingDevices
from labloop.lab.sessions.carrying_out import CarryingOut
from labloop.lab.sessions.held_session import Asker, HeldSession, RequestScope
from labloop.lab.sessions.lease import SessionLease
from labloop.lab.sessions.pace import Grant, Pace
from labloop.records import ActionState

T = TypeVar("T")

WAIT_SECONDS = 5.0
"""A long wait for lab time or for an answer is interrupted so often, so that no line is silent."""


class HostSessions:
    """Every method is called in the loop of the host's service, none in the lab's.

    Args:
        host: the open lab.
        lease: what the lab's gate asks before it sends.
        record: the host's own record.
        seconds: so long a campaign may be silent.
        stepped: whether campaigns let lab time pass, in simulated time.
    """

    def __init__(
        self,
        host: LabHost,
        lease: SessionLease,
        record: ActionRecord,
        *,
        seconds: float,
        stepped: bool,
    ) -> None:
        self._host = host
        self._lease = lease
        self._record = record
        self.seconds = seconds
        self.stepped = stepped
        self._sessions: dict[str, HeldSession] = {}
        self._ending: dict[str, asyncio.Task[SafetyReport]] = {}
        self._steps: dict[str, asyncio.Task[Grant]] = {}
        self._opening = asyncio.Lock()
        self._background: set[asyncio.Task[Any]] = set()
        self._carrying = CarryingOut(host, record)
        self._asking = AskingDevices(host, record)
        self._closing = ""
        self.notes: list[tuple[float, str]] = []
        """Second of wall time, and what a person should know of it."""

    # Sessions.

    @property
    def open(self) -> Sequence[HeldSession]:
        """The sessions that hold devices."""
        return [each for each in self._sessions.values() if not each.over]

    async def begin(self, session_id: str, asker: Asker, devices: Sequence[str]) -> HeldSession:
        """Give a campaign its devices, all of them or none; the same call twice gives them once.

        Raises:
            LeaseError: another campaign has one of them.
            LabFileError: the lab has no such device.
        """
        async with self._opening:
            known = self._sessions.get(session_id)
            if known is not None:
                return self._checked(known)
            if self._closing:
                raise LeaseError(f"{self._closing}; nothing was sent")
            lab_file = self._host.lab_file
            odd = [each for each in devices if each not in {*lab_file.devices, *lab_file.stations}]
            if odd:
                names = ", ".join((*lab_file.devices, *lab_file.stations))
                raise LabFileError(f"the host has no {', '.join(odd)}; it has: {names}")
            if not devices:
                raise LabFileError("no device was asked for; name at least one of the host's")
            check_name(session_id)
            self._check_free(devices)
            token = await self._record.new_session(asker, devices)
            session = HeldSession(session_id, token, asker, tuple(devices), time.time(), None)
            if self.stepped:
                session.pace = await self._in_lab(session, "pace", self._pace)
            self._lease.give(session)
            self._sessions[session_id] = session
            return session

    def find(self, session_id: str) -> HeldSession:
        """Return a session that holds its devices, and note that it was heard.

        Raises:
            LeaseError: it has ended, or belongs to another start of the host.
        """
        session = self._sessions.get(session_id)
        if session is None:
            raise LeaseError(
                "the host was started anew, or has forgotten this campaign, so its devices are "
                "not commanded any more; see how they stand, then go on with: labloop resume NAME"
            )
        session.heard = time.monotonic()
        return self._checked(session)

    async def end(self, session_id: str, why: str) -> SafetyReport:
        """Take a campaign's devices back: what runs is ended, what moved is made safe."""
        session = self._sessions.get(session_id)
        if session is None:
            return SafetyReport()
        task = self._ending.get(session_id)
        if task is None:
            task = asyncio.create_task(self._end(session, why))
            self._ending[session_id] = task
        return await asyncio.shield(task)

    def end_silent(self) -> None:
        """Begin to take back the devices of every campaign that was not heard for too long."""
        now = time.monotonic()
        for session in self.open:
            silent = now - session.heard
            if silent > self.seconds:
                why = (
                    f"{session.asker} was not heard for {silent:.0f} s, so its devices were made "
                    "safe and freed"
                )
                self.notes.append((time.time(), why))
                # Not awaited: its safe states may need lab time that another silent one holds.
                self._keep(asyncio.create_task(self.end(session.id, why)))

    def close(self, why: str) -> None:
        """Let nobody ask for anything any more; the lab itself is made safe by its host."""
        self._closing = why
        for session in self.open:
            session.over = why
            if session.pace is not None:
                self._host.clock.loop.call_soon_threadsafe(session.pace.end)

    # Requests.

    async def accept(self, session: HeldSession, request: Request) -> None:
        """Begin to carry a request out, unless it was heard before.

        Raises:
            DefinitionError: another request was heard under the same id, or it makes no sense.
            LeaseError: the campaign does not hold the device.
        """
        known = session.requests.get(request.id)
        if known is not None:
            if known != request:
                raise DefinitionError(
                    f"the host has heard {known.device}.{known.name} under the id {request.id}, "
                    f"and now {request.device}.{request.name}; nothing was sent"
                )
            return
        if request.device not in session.devices:
            raise LeaseError(f"{session.asker} does not hold {request.device}; nothing was sent")
        work = self._carrying.work(session, request)
        # From here on a second one is known.
        session.requests[request.id] = request
        session.ended[request.id] = asyncio.Event()
        try:
            if request.kind == "action":
                await self._record.heard(session, request)
            scope = self._scope(session, request)
            done = self._host.submit(session.key(request.id), work, scope)
        except BaseException:
            session.ended.pop(request.id).set()
            session.requests.pop(request.id)
            raise
        self._keep(asyncio.create_task(self._watch(session, request, asyncio.wrap_future(done))))

    async def answer(self, session: HeldSession, request_id: str) -> Answer:
        """Return what became of a request, or that it is still under way.

        Raises:
            DefinitionError: it was never heard.
        """
        event = session.ended.get(request_id)
        if event is not None:
            await _within(event.wait(), WAIT_SECONDS)
        found = session.answer(request_id)
        if found is None:
            found = await self._record.answer(session.token, request_id)
        if found is None:
            raise DefinitionError(f"the host has not heard the request {request_id}")
        return found

    def cancel(self, session: HeldSession, request_id: str) -> bool:
        """End a request; return whether it was still under way."""
        is_open = request_id in session.ended
        if is_open:
            self._host.cancel(session.key(request_id), "the campaign ended it")
        return is_open

    async def ask(self, token: int, request_id: str) -> Answer:
        """Return what became of an action of any session; one never heard is refused then.

        Where the record does not know, an instrument that can tell is asked.
        """
        for session in self._sessions.values():
            if session.token == token and request_id in session.requests:
                found = await self.answer(session, request_id)
                break
        else:
            found = await self._record.settled(token, request_id)
        if found.state is not ActionState.UNCERTAIN:
            return found
        return await self._asking.settle_one(token, request_id, self.by_hand) or found

    def ask_devices(self, campaign_id: str) -> None:
        """Ask instruments that can tell what an earlier start left unknown, and note it.

        Called before any campaign can come, in no event loop.
        """
        self.notes += [(time.time(), told) for told in self._asking.settle(campaign_id)]

    # Lab time.

    async def advance(self, session: HeldSession, step: int, until: float | None) -> Grant | None:
        """Let simulated lab time pass for a campaign; None where it is not granted yet.

        Args:
            session: of the campaign.
            step: its number; the latest one may be asked for again.
            until: lab second at most; None for no end.
        """
        if session.pace is None or step < session.step:
            raise DefinitionError(f"step {step} of lab time is over, or nobody steps here")
        task = self._steps.get(session.id)
        if step > session.step or task is None:
            session.step = step
            task = asyncio.create_task(self._advance(session, session.pace, until))
            self._steps[session.id] = task
        granted: Grant | None = await _within(asyncio.shield(task), WAIT_SECONDS)
        return granted

    def hold(self, session: HeldSession) -> None:
        """Grant lab time at once: something has come up in the campaign."""
        pace = session.pace
        if pace is not None:
            self._host.clock.loop.call_soon_threadsafe(pace.hold)

    # The host's own.

    @property
    def devices(self) -> Mapping[str, Any]:
        """Name -> table of every device."""
        return self._host.lab_file.devices

    async def by_hand(self, name: str, work: Callable[[Lab], Awaitable[T]]) -> T:
        """Carry ``work(lab)`` out on behalf of the host itself."""
        scope = RequestScope(self._record.campaign_id, request_key=f"host-{name}")
        return await asyncio.wrap_future(self._host.submit(f"host-{name}", work, scope))

    # Inside.

    async def _advance(self, session: HeldSession, pace: Pace, until: float | None) -> Grant:
        granted: Grant = await self._in_lab(session, "time", lambda: pace.advance(until))
        return granted

    async def _pace(self) -> Pace:
        return Pace(self._host.clock)

    async def _in_lab(self, session: HeldSession, what: str, work: Any) -> Any:
        key = session.key(what)
        scope = RequestScope("", session=session, request_key=key)
        return await asyncio.wrap_future(self._host.submit(key, lambda _: work(), scope))

    def _scope(self, session: HeldSession, request: Request) -> RequestScope:
        return RequestScope(
            self._record.campaign_id,
            actor=f"{session.asker.user} ({session.asker.campaign})",
            session=session,
            request_key=session.key(request.id),
        )

    def _keep(self, task: "asyncio.Task[Any]") -> None:
        """Keep a task that nobody awaits until it has ended."""
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _watch(
        self, session: HeldSession, request: Request, done: "asyncio.Future[Answer]"
    ) -> None:
        """Keep the answer of a request when it has ended, however it did."""
        try:
            answer = await done
        except Exception as error:  # noqa: BLE001 - process edge: told to whoever asked
            answer = await self._carrying.cut_off(session, request, error)
        session.keep(request.id, answer)
        session.ended.pop(request.id).set()

    def _check_free(self, devices: Sequence[str]) -> None:
        for session in self.open:
            both = [each for each in devices if each in session.devices]
            if both:
                since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(session.since))
                raise LeaseError(
                    f"{', '.join(both)} is held by {session.asker} since {since}; nothing was "
                    "sent. Wait until that has ended, or ask for a part of the lab: "
                    'lab="host://NAME?devices=..."'
                )

    @staticmethod
    def _checked(session: HeldSession) -> HeldSession:
        if session.over:
            raise LeaseError(f"the devices are not commanded any more: {session.over}")
        return session

    async def _end(self, session: HeldSession, why: str) -> SafetyReport:
        session.over = why
        # From here on nothing of it reaches a device.
        self._lease.stop(session)
        if session.pace is not None:
            self._host.clock.loop.call_soon_threadsafe(session.pace.end)
        for request_id in list(session.ended):
            self._host.cancel(session.key(request_id), why)
        for event in list(session.ended.values()):
            await _within(event.wait(), 2 * WAIT_SECONDS)
        report = SafetyReport()
        if session.unsafe:
            moved = frozenset(session.unsafe)
            report = await self._in_lab(session, "end", lambda: self._host.make_safe_now(moved))
        if report.failures:
            told = "; ".join(f"{name}: {text}" for name, text in report.failures.items())
            self.notes.append((time.time(), f"NOT SAFE after {session.asker}: {told}"))
        self._lease.free(session)
        await self._record.session_over(session, why)
        return report


async def _within(awaitable: Any, seconds: float) -> Any:
    """Return what ``awaitable`` gives, or None where it takes longer."""
    try:
        return await asyncio.wait_for(awaitable, seconds)
    except TimeoutError:
        return None
