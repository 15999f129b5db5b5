"""One request, carried out in the lab's loop; its answer is committed before anybody hears it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from labloop.errors import DefinitionError, LabloopError, NotSafeError, StaleStateError
from labloop.lab.devices import Device
from labloop.lab.host import LabHost, SafetyReport
from labloop.lab.procedure import Lab
from labloop.lab.remote import Answer, Request, encode, kind_of_error
from labloop.lab.sessions.action_record import ActionRecord
from labloop.lab.sessions.held_session import HeldSession
from labloop.lab.transports import RECORDER, Recorder
from labloop.records import ActionState, Json
from labloop.units import quantity


class CarryingOut:
    """Makes the work of requests.

    Args:
        host: the open lab.
        record: the host's own record.
    """

    def __init__(self, host: LabHost, record: ActionRecord) -> None:
        self._host = host
        self._record = record

    def work(self, session: HeldSession, request: Request) -> Callable[[Lab], Awaitable[Answer]]:
        """Return what carries a request out in the lab's loop.

        Raises:
            DefinitionError: the device has no such action or read.
        """
        kinds: dict[str, Callable[[Device, HeldSession, Request], Awaitable[Json]]] = {
            "action": self._act,
            "read": self._read,
            "identify": self._identify,
            "safe_state": self._make_safe,
        }
        one = kinds.get(request.kind)
        if one is None or request.device not in self._host.lab_file.devices:
            raise DefinitionError(f"the host knows no {request.kind!r} of {request.device!r}")

        async def carry_out(lab: Lab) -> Answer:
            device: Device = getattr(lab, request.device)
            recorder = Recorder()
            RECORDER.set(recorder)

            async def work() -> Json:
                _check_known(device, request)
                return await one(device, session, request)

            answer = await self._answered(work(), session, request, recorder)
            if request.kind == "action":
                await self._host.clock.kept(self._record.ended(session, request, answer))
            if session.pace is not None:
                session.pace.finish(request.id)
            return answer

        return carry_out

    async def cut_off(self, session: HeldSession, request: Request, error: BaseException) -> Answer:
        """Return the answer of a request whose work was cut off by ``error``, and commit it.

        Called in the loop of the service.
        """
        state = await asyncio.wrap_future(self._record.gate_state(session.key(request.id)))
        told = f"{request.device} was cut off at the host: {error}"
        is_begun = state is not ActionState.NOT_SENT
        answer = Answer(
            state=ActionState.UNCERTAIN if is_begun else state,
            error="UncertainError" if is_begun else kind_of_error(error),
            message=told,
        )
        if request.kind == "action":
            with suppress(StaleStateError):
                await asyncio.wrap_future(self._record.ended(session, request, answer))
        if session.pace is not None:
            self._host.clock.loop.call_soon_threadsafe(session.pace.finish, request.id)
        return answer

    async def _answered(
        self,
        work: Awaitable[Json],
        session: HeldSession,
        request: Request,
        recorder: Recorder,
    ) -> Answer:
        result: Json = None
        error: BaseException | None = None
        try:
            result = await work
        except (Exception, asyncio.CancelledError) as raised:  # noqa: BLE001 - process edge: a driver may raise anything
            error = raised
        sent, received = tuple(recorder.sent), tuple(recorder.received)
        if error is None:
            return Answer(state=ActionState.DONE, result=result, sent=sent, received=received)
        state = await self._state(session, request)
        is_known = isinstance(error, LabloopError)
        kind = kind_of_error(error)
        return Answer(
            state=state,
            error=kind if is_known else "UncertainError",
            message=str(error) if is_known else f"{request.device}: {kind}: {error}",
            sent=sent,
            received=received,
        )

    async def _state(self, session: HeldSession, request: Request) -> ActionState:
        """Return how the gate has classified the end of an action."""
        if request.kind != "action":
            return ActionState.FAILED
        found = self._record.gate_state(session.key(request.id))
        return await self._host.clock.kept(found)

    async def _act(self, device: Device, session: HeldSession, request: Request) -> Json:
        spec = device.actions[request.name]
        given = {
            name: quantity(value, spec.arguments[name].unit)
            if spec.arguments[name].arg is not None and isinstance(value, (int, float))
            else value
            for name, value in request.arguments.items()
            if name in spec.arguments
        }
        session.unsafe.add(device.name)
        return encode(await getattr(device, request.name)(**given))

    @staticmethod
    async def _read(device: Device, _: HeldSession, request: Request) -> Json:
        return encode(await getattr(device, request.name)())

    @staticmethod
    async def _identify(device: Device, _: HeldSession, __: Request) -> Json:
        return encode(await device.identify())

    async def _make_safe(self, device: Device, session: HeldSession, _: Request) -> Json:
        report: SafetyReport = await self._host.make_safe_now({device.name})
        if report.failures:
            raise NotSafeError("; ".join(report.failures.values()))
        session.unsafe.discard(device.name)
        return None


def _check_known(device: Device, request: Request) -> None:
    known = {"action": device.actions, "read": device.reads}.get(request.kind)
    if known is not None and request.name not in known:
        raise DefinitionError(
            f"{device.name} knows no {request.kind} {request.name!r}; it knows: {', '.join(known)}"
        )
