"""The gate around every action: a fixed pipeline of small stages, in one file.

validate, turn, lease, limits, interlocks, sharing, stock booked, INTENT committed, lease,
freshness and deadline checked again, bytes, outcome committed, stock given back where nothing was
sent, record. Nothing reaches a device in any other way, and no stage can be left out: their order
is the safety case.

The lease is read from the database both times and never cached: the read that matters is the
one that begins after the INTENT was committed. It runs outside of the event loop, so that a slow
database delays the action that asks, and nothing else.
"""

import asyncio
from contextlib import AsyncExitStack
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, ClassVar

from labloop.errors import (
    DeviceError,
    DeviceTimeoutError,
    ExperimentCancelled,
    ProtocolError,
)
from labloop.lab.devices import INTENT_ID, ActionCall, Scope
from labloop.lab.gate.activity import in_words
from labloop.lab.gate.json_values import to_json
from labloop.lab.gate.outcomes import detail_of, outcome_state, to_raise
from labloop.lab.gate.services import Services
from labloop.lab.transports import RECORDER, Recorder
from labloop.records import ActionState, Intent, Outcome, Portion


@dataclass(slots=True)
class ActionRun:
    """One action on its way through the gate."""

    call: ActionCall[Any]
    scope: Scope
    bound: dict[str, Any] = field(default_factory=dict)
    token: int = 0
    deadline: float | None = None
    intent: Intent | None = None
    recorder: Recorder = field(default_factory=Recorder)
    begun: bool = False
    """Whether the driver's function was called."""
    result: Any = None
    error: BaseException | None = None
    state: ActionState = ActionState.INTENT
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    drawn: tuple[Portion, ...] = ()
    """What was booked of the consumables that it draws from."""

    @property
    def name(self) -> str:
        """``device.action``, for messages."""
        return f"{self.call.device.name}.{self.call.spec.name}"

    def check_not_given_up(self) -> None:
        """Raise ExperimentCancelled where the experiment was given up and its devices are safe."""
        if self.scope.given_up:
            raise ExperimentCancelled(f"{self.name} was not sent: {self.scope.given_up}")

    @property
    def may_have_acted(self) -> bool:
        """Whether anything may have reached the device.

        Only the recorder of a transport that the driver is known to use can deny it: a vendor's
        library acts without one.
        """
        device = self.call.device
        known = device.transport_only and device.context.on_transport
        return self.begun and bool(self.recorder.sent or not known)


LOCKED_DEVICES: ContextVar[tuple[str, ...]] = ContextVar("LOCKED_DEVICES", default=())
"""Devices whose lock this task holds: an action may use further actions of its own device."""


class Stage:
    """One stage of the gate."""

    name: ClassVar[str]

    def __init__(self, services: Services) -> None:
        self.services = services

    async def __call__(self, run: ActionRun) -> None:
        """Do this stage's part of ``run``; raises what refuses it."""
        raise NotImplementedError

    async def token(self, run: ActionRun) -> int:
        """Return the fencing token of the device's lease, read now; raises LeaseError."""
        clock, device = self.services.clock, run.call.device.name
        if self.services.lease is None:
            return 0
        left = None if run.deadline is None else max(run.deadline - clock.now(), 0.0)
        async with clock.deadline(left, f"the lease of {device}"):
            return await clock.external(self.services.lease(device))


class Validate(Stage):
    """Arguments are converted to their declared units; unknown ones are refused."""

    name = "validate"

    async def __call__(self, run: ActionRun) -> None:
        """Bind and convert."""
        call = run.call
        run.check_not_given_up()
        run.bound = call.spec.bind(call.args, call.kwargs, call.device.name)


class TakeTurn(Stage):
    """One action at a time on each device, first come first served."""

    name = "turn"

    async def __call__(self, run: ActionRun) -> None:
        """Wait for the device's lock; the time-out runs from here on."""
        device = run.call.device.name
        held = LOCKED_DEVICES.get()
        if device not in held:
            await run.stack.enter_async_context(self.services.lock)
            token = LOCKED_DEVICES.set((*held, device))
            run.stack.callback(LOCKED_DEVICES.reset, token)
        timeout = run.call.spec.timeout
        if timeout is not None:
            run.deadline = self.services.clock.now() + timeout


class Lease(Stage):
    """Only the holder of the device's lease may command it."""

    name = "lease"

    async def __call__(self, run: ActionRun) -> None:
        """Read the fencing token."""
        run.token = await self.token(run)


class Limits(Stage):
    """The instrument's and the lab file's hard limits."""

    name = "limits"

    async def __call__(self, run: ActionRun) -> None:
        """Check every number."""
        self.services.limits(run.call.spec, run.bound)


class Interlocks(Stage):
    """Rules between devices, on fresh readings."""

    name = "interlocks"

    async def __call__(self, run: ActionRun) -> None:
        """Check every interlock of the action."""
        await self.services.interlocks(run.call.device.name, run.call.spec.name)


class Share(Stage):
    """A device that another running experiment uses is not commanded."""

    name = "sharing"

    async def __call__(self, run: ActionRun) -> None:
        """Note the use; raises DeviceInUseError."""
        call = run.call
        self.services.sharing.claim(run.scope, call.device.name, call.spec.name)


class Book(Stage):
    """What the action draws from a consumable is booked, or refused."""

    name = "stock"

    async def __call__(self, run: ActionRun) -> None:
        """Book; raises StockError where there is not so much left."""
        call, spec = run.call, run.call.spec
        units = {name: argument.unit for name, argument in spec.arguments.items()}
        run.drawn = await self.services.bookings.draw(
            run.scope, call.device.name, spec.name, units, run.bound
        )


class CommitIntent(Stage):
    """The intent is committed before any byte."""

    name = "intent"

    async def __call__(self, run: ActionRun) -> None:
        """Commit, also where the caller is cancelled meanwhile."""
        services, call, scope = self.services, run.call, run.scope
        intent = Intent(
            id=scope.next_id(call.device.name),
            campaign_id=scope.campaign_id,
            experiment_id=scope.experiment_id,
            device=call.device.name,
            name=call.spec.name,
            arguments=call.spec.json(run.bound),
            idempotent=call.spec.idempotent,
            lab_time=services.clock.now(),
            actor=scope.actor,
            lease_token=run.token,
            step=scope.note(run.name, harmless=call.spec.idempotent),
        )
        commit = services.commit(services.journal.intent(intent), f"the intent of {run.name}")
        try:
            await commit
        except asyncio.CancelledError:
            # It stands in the journal now, so it gets its outcome.
            run.intent = intent
            raise
        run.intent = intent


class Recheck(Stage):
    """After the commit, which took time, lease, interlocks and deadline are checked again.

    The deadline is last, because the other checks take time, too.
    """

    name = "recheck"

    async def __call__(self, run: ActionRun) -> None:
        """Check again; raises what refuses the action, before any byte."""
        services = self.services
        await self.token(run)
        await services.interlocks(run.call.device.name, run.call.spec.name)
        run.check_not_given_up()
        if run.deadline is not None and services.clock.now() >= run.deadline:
            raise DeviceTimeoutError(
                f"{run.name} could not begin within {run.call.spec.timeout:g} s; nothing was sent"
            )


class SendBytes(Stage):
    """The driver's function runs; the frames that it sends and receives are recorded."""

    name = "bytes"

    async def __call__(self, run: ActionRun) -> None:
        """Run it within the deadline; only an idempotent one is tried a second time."""
        services, call = self.services, run.call
        services.activity[call.device.name] = in_words(
            call.spec, run.bound, run.scope.experiment_id
        )
        outer = RECORDER.get()
        token = RECORDER.set(run.recorder)
        numbered = INTENT_ID.set(run.intent.id if run.intent else "")
        try:
            left = None if run.deadline is None else run.deadline - services.clock.now()
            async with services.clock.deadline(left, run.name):
                run.begun = True
                began = services.clock.now()
                run.result = await self._body(run)
                await self._delay(run, services.clock.now() - began)
        finally:
            INTENT_ID.reset(numbered)
            RECORDER.reset(token)
            if run.recorder.sent:
                call.device.context.on_transport = True
            if outer is not None:
                # The frames of an action that this one used are its own frames, too.
                outer.sent += run.recorder.sent
                outer.received += run.recorder.received

    async def _delay(self, run: ActionRun, took: float) -> None:
        """Let an action of an experiment take longer, where the simulated lab file says so."""
        services = self.services
        if services.delays is not None and run.scope.experiment_id and run.intent is not None:
            await services.clock.sleep(services.delays.seconds(run.intent.id, took))

    @staticmethod
    async def _body(run: ActionRun) -> Any:
        call = run.call
        if call.spec.idempotent:
            try:
                return await call.spec.function(call.device, **run.bound)
            except (DeviceTimeoutError, ProtocolError):
                if run.recorder.sent:
                    await call.device.transport.drain()
        return await call.spec.function(call.device, **run.bound)


class CommitOutcome(Stage):
    """The outcome is committed, however the action ended."""

    name = "outcome"

    async def __call__(self, run: ActionRun) -> None:
        """Classify the end and commit it."""
        if run.intent is None:
            return
        services, error = self.services, run.error
        run.state = outcome_state(error, run.may_have_acted)
        outcome = Outcome(
            intent_id=run.intent.id,
            state=run.state,
            result=to_json(run.result),
            detail=detail_of(error),
            sent=tuple(run.recorder.sent),
            received=tuple(run.recorder.received),
            lab_time=services.clock.now(),
            actor=run.scope.actor,
        )
        await services.commit(services.journal.outcome(outcome), f"the outcome of {run.name}")


class GiveBack(Stage):
    """What was booked is given back where nothing was sent."""

    name = "give_back"

    async def __call__(self, run: ActionRun) -> None:
        """Undo the booking of an action that certainly did not happen."""
        if run.intent is None or run.state is ActionState.NOT_SENT:
            await self.services.bookings.undo(run.scope, run.drawn)


class Record(Stage):
    """The shown activity of the device ends."""

    name = "record"

    async def __call__(self, run: ActionRun) -> None:
        """Note that the device is idle."""
        self.services.activity[run.call.device.name] = "idle"


class Gate:
    """The only way from an action call to the device, for one device."""

    before: ClassVar[tuple[type[Stage], ...]] = (
        Validate,
        TakeTurn,
        Lease,
        Limits,
        Interlocks,
        Share,
        Book,
    )
    """Raise without an entry in the journal."""
    during: ClassVar[tuple[type[Stage], ...]] = (CommitIntent, Recheck, SendBytes)
    after: ClassVar[tuple[type[Stage], ...]] = (CommitOutcome, GiveBack, Record)
    """Run to their end, whatever happened before."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self._before = tuple(stage(services) for stage in self.before)
        self._during = tuple(stage(services) for stage in self.during)
        self._after = tuple(stage(services) for stage in self.after)

    async def run(self, call: ActionCall[Any]) -> Any:
        """Carry an action out and return its result; raises what any stage raises."""
        run = ActionRun(call, call.scope or self.services.own_scope)
        async with run.stack:
            try:
                for stage in self._before:
                    await stage(run)
            except DeviceError as error:
                error.harmless = True  # nothing was sent
                raise
            try:
                for stage in self._during:
                    await stage(run)
            except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - committed, then raised
                run.error = error
            await self._end(run)
        if run.error is not None:
            raise to_raise(run.error, run.state, run.name, idempotent=call.spec.idempotent)
        return run.result

    async def _end(self, run: ActionRun) -> None:
        """Run the last stages; a cancellation meanwhile is raised afterwards."""
        cancelled: asyncio.CancelledError | None = None
        for stage in self._after:
            try:
                await stage(run)
            except asyncio.CancelledError as error:
                cancelled = error
        if cancelled is not None:
            raise cancelled
