"""The gate around every action: a fixed pipeline of small stages, in one file.

validate, turn, lease, limits, interlocks, sharing, INTENT committed, lease, freshness and deadline
checked again, bytes, outcome committed, record. Nothing reaches a wire in any other way, and
no stage can be left out: their order is the safety case.

The lease is read from where it is kept, both times: never from a memory of it, because the
one that matters is the read that begins after the INTENT was committed. The read happens off
the loop, so that a slow database delays the action that asks, and nothing else.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AsyncExitStack
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from labloop.errors import DeviceTimeoutError, ExperimentCancelled, ProtocolError, StoreError
from labloop.lab.configuration import InterlockCheck, LimitCheck
from labloop.lab.devices import ActionCall, Scope
from labloop.lab.gate.journal_json import to_json
from labloop.lab.gate.outcomes import detail_of, outcome_state, to_raise
from labloop.lab.gate.sharing import Sharing
from labloop.lab.time import Clock, Turn
from labloop.lab.transports import RECORDER, Recorder
from labloop.records import ActionState, Intent, Journal, Outcome


class LeaseCheck(Protocol):
    """Says whether a device may be commanded."""

    def __call__(self, device: str) -> "Future[int]":
        """Begin to read the lease on ``device`` in a thread; must not block.

        The future resolves to the fencing token, or raises LeaseError.
        """
        ...


@dataclass(slots=True)
class Passage:
    """One action on its way through the gate."""

    call: ActionCall[Any]
    scope: Scope
    bound: dict[str, Any] = field(default_factory=dict)
    token: int = 0
    deadline: float | None = None
    intent: Intent | None = None
    recorder: Recorder = field(default_factory=Recorder)
    begun: bool = False
    """Whether the driver's body was entered."""
    result: Any = None
    error: BaseException | None = None
    state: ActionState = ActionState.INTENT
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    @property
    def told(self) -> str:
        """Device and action."""
        return f"{self.call.device.name}.{self.call.spec.name}"

    def check_not_over(self) -> None:
        """Raise ExperimentCancelled where the experiment was given up and its devices are safe."""
        if self.scope.given_up:
            raise ExperimentCancelled(f"{self.told} was not sent: {self.scope.given_up}")

    @property
    def may_have_acted(self) -> bool:
        """Whether anything may have left.

        Only a transport that the driver is known to use can say no: a vendor's library acts
        without one.
        """
        device = self.call.device
        known = device.transport_only and device.context.on_transport
        return self.begun and bool(self.recorder.sent or not known)


PASSING: ContextVar[tuple[str, ...]] = ContextVar("PASSING", default=())
"""Devices whose turn this task has: an action may use further actions of its own device."""


@dataclass(slots=True)
class Services:
    """What the stages use."""

    clock: Clock
    journal: Journal
    lease: LeaseCheck | None
    """None in a lab that nobody else can reach."""
    limits: LimitCheck
    interlocks: InterlockCheck
    sharing: Sharing
    own_scope: Scope
    """For actions outside of any experiment."""
    stop: Callable[[str], None]
    """Ends everything: no journal, no bytes."""
    activity: dict[str, str]
    turn: Turn = field(default_factory=Turn)

    async def commit(self, future: Any, what: str) -> None:
        """Wait for a commit, also where cancelled meanwhile; a failed one stops the lab."""
        try:
            await self.clock.kept(future)
        except Exception as error:
            reason = f"the journal could not keep {what}: {error}"
            self.stop(reason)
            raise StoreError(f"{reason}; the lab is stopped") from error


class Stage:
    """One step through the gate."""

    name: ClassVar[str]

    def __init__(self, services: Services) -> None:
        self.services = services

    async def __call__(self, passage: Passage) -> None:
        """Let ``passage`` through, or raise."""
        raise NotImplementedError

    async def token(self, passage: Passage) -> int:
        """Return the fencing token of the device's lease, read now; raises LeaseError."""
        clock, device = self.services.clock, passage.call.device.name
        if self.services.lease is None:
            return 0
        left = None if passage.deadline is None else max(passage.deadline - clock.now(), 0.0)
        async with clock.deadline(left, f"the lease of {device}"):
            return await clock.external(self.services.lease(device))


class Validate(Stage):
    """Arguments become numbers in the declared units; unknown ones are refused."""

    name = "validate"

    async def __call__(self, passage: Passage) -> None:
        """Bind and convert."""
        call = passage.call
        passage.check_not_over()
        passage.bound = call.spec.bind(call.args, call.kwargs, call.device.name)


class TakeTurn(Stage):
    """One action at a time on each device, first come first served."""

    name = "turn"

    async def __call__(self, passage: Passage) -> None:
        """Wait for the device; from here on the time-out runs."""
        device = passage.call.device.name
        held = PASSING.get()
        if device not in held:
            await passage.stack.enter_async_context(self.services.turn)
            token = PASSING.set((*held, device))
            passage.stack.callback(PASSING.reset, token)
        timeout = passage.call.spec.timeout
        if timeout is not None:
            passage.deadline = self.services.clock.now() + timeout


class Lease(Stage):
    """Only who holds the device's lease may command it."""

    name = "lease"

    async def __call__(self, passage: Passage) -> None:
        """Ask for the token."""
        passage.token = await self.token(passage)


class Limits(Stage):
    """The instrument's and the lab file's hard limits."""

    name = "limits"

    async def __call__(self, passage: Passage) -> None:
        """Check every number."""
        self.services.limits(passage.call.spec, passage.bound)


class Interlocks(Stage):
    """Rules between devices, on fresh readings."""

    name = "interlocks"

    async def __call__(self, passage: Passage) -> None:
        """Check every rule."""
        call = passage.call
        await self.services.interlocks(call.device.name, call.spec.name)


class Share(Stage):
    """What another running experiment relies on is not changed under its hands."""

    name = "sharing"

    async def __call__(self, passage: Passage) -> None:
        """Note the use, or refuse it."""
        call = passage.call
        self.services.sharing.claim(passage.scope, call.device.name, call.spec.name)


class CommitIntent(Stage):
    """What is about to happen is committed before any byte."""

    name = "intent"

    async def __call__(self, passage: Passage) -> None:
        """Commit, also where the caller is cancelled meanwhile: a half-known intent is none."""
        services, call, scope = self.services, passage.call, passage.scope
        intent = Intent(
            id=scope.next_id(call.device.name),
            campaign_id=scope.campaign_id,
            experiment_id=scope.experiment_id,
            device=call.device.name,
            name=call.spec.name,
            arguments=call.spec.json(passage.bound),
            idempotent=call.spec.idempotent,
            lab_time=services.clock.now(),
            actor=scope.actor,
            lease_token=passage.token,
        )
        commit = services.commit(services.journal.intent(intent), f"the intent of {passage.told}")
        try:
            await commit
        except asyncio.CancelledError:
            # It stands in the journal now, so it gets its outcome.
            passage.intent = intent
            raise
        passage.intent = intent


class Recheck(Stage):
    """A commit takes time: lease, freshness of readings and deadline are checked again.

    The deadline comes last, because the others take time, too.
    """

    name = "recheck"

    async def __call__(self, passage: Passage) -> None:
        """Check again what time may have changed."""
        services = self.services
        await self.token(passage)
        await services.interlocks(passage.call.device.name, passage.call.spec.name)
        passage.check_not_over()
        if passage.deadline is not None and services.clock.now() >= passage.deadline:
            raise DeviceTimeoutError(
                f"{passage.told} could not begin within {passage.call.spec.timeout:g} s; "
                "nothing was sent"
            )


class SendBytes(Stage):
    """The driver's body; what it sends and receives is kept."""

    name = "bytes"

    async def __call__(self, passage: Passage) -> None:
        """Run the body within the deadline; only an idempotent one is sent a second time."""
        services, call = self.services, passage.call
        services.activity[call.device.name] = _doing(passage)
        outer = RECORDER.get()
        token = RECORDER.set(passage.recorder)
        try:
            left = None if passage.deadline is None else passage.deadline - services.clock.now()
            async with services.clock.deadline(left, passage.told):
                passage.begun = True
                passage.result = await self._body(passage)
        finally:
            RECORDER.reset(token)
            if passage.recorder.sent:
                call.device.context.on_transport = True
            if outer is not None:
                # What an action does through another one is its own doing, too.
                outer.sent += passage.recorder.sent
                outer.received += passage.recorder.received

    @staticmethod
    async def _body(passage: Passage) -> Any:
        call = passage.call
        if call.spec.idempotent:
            try:
                return await call.spec.function(call.device, **passage.bound)
            except (DeviceTimeoutError, ProtocolError):
                if passage.recorder.sent:
                    await call.device.transport.drain()
        return await call.spec.function(call.device, **passage.bound)


class CommitOutcome(Stage):
    """How it ended is committed, whatever ended it."""

    name = "outcome"

    async def __call__(self, passage: Passage) -> None:
        """Classify and commit."""
        if passage.intent is None:
            return
        services, error = self.services, passage.error
        passage.state = outcome_state(error, passage.may_have_acted)
        outcome = Outcome(
            intent_id=passage.intent.id,
            state=passage.state,
            result=to_json(passage.result),
            detail=detail_of(error),
            sent=tuple(passage.recorder.sent),
            received=tuple(passage.recorder.received),
            lab_time=services.clock.now(),
            actor=passage.scope.actor,
        )
        await services.commit(services.journal.outcome(outcome), f"the outcome of {passage.told}")


class Record(Stage):
    """What the window shows."""

    name = "record"

    async def __call__(self, passage: Passage) -> None:
        """The device is idle again."""
        self.services.activity[passage.call.device.name] = "idle"


class Gate:
    """The only way from a call to a wire, for one device."""

    before: ClassVar[tuple[type[Stage], ...]] = (
        Validate,
        TakeTurn,
        Lease,
        Limits,
        Interlocks,
        Share,
    )
    """Raise without leaving a trace in the journal."""
    during: ClassVar[tuple[type[Stage], ...]] = (CommitIntent, Recheck, SendBytes)
    after: ClassVar[tuple[type[Stage], ...]] = (CommitOutcome, Record)
    """Run to their end in any case."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self._before = tuple(stage(services) for stage in self.before)
        self._during = tuple(stage(services) for stage in self.during)
        self._after = tuple(stage(services) for stage in self.after)

    async def run(self, call: ActionCall[Any]) -> Any:
        """Carry an action out; raises what any stage raises."""
        passage = Passage(call, call.scope or self.services.own_scope)
        async with passage.stack:
            for stage in self._before:
                await stage(passage)
            try:
                for stage in self._during:
                    await stage(passage)
            except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - committed, then raised
                passage.error = error
            await self._end(passage)
        if passage.error is not None:
            raise to_raise(
                passage.error, passage.state, passage.told, idempotent=call.spec.idempotent
            )
        return passage.result

    async def _end(self, passage: Passage) -> None:
        """Run the last stages; a cancellation that comes meanwhile is raised afterwards."""
        cancelled: asyncio.CancelledError | None = None
        for stage in self._after:
            try:
                await stage(passage)
            except asyncio.CancelledError as error:
                cancelled = error
        if cancelled is not None:
            raise cancelled


def _doing(passage: Passage) -> str:
    spec = passage.call.spec
    told = ", ".join(_told(name, spec.arguments[name].unit, v) for name, v in passage.bound.items())
    whose = f" for {passage.scope.experiment_id}" if passage.scope.experiment_id else ""
    return f"{spec.name}({told}){whose}"


def _told(name: str, unit: str, value: object) -> str:
    number = f"{value:g}" if isinstance(value, float) else str(value)
    return f"{name}={number}" + ("" if unit == "1" else f" {unit}")
