"""Actions and reads, as a driver declares them, and the call of an action."""

import asyncio
import functools
import inspect
import sys
from collections.abc import Callable, Coroutine, Generator
from typing import Any, ClassVar, Concatenate, Generic, ParamSpec, Protocol, TypeVar, cast, overload

from labloop.errors import DefinitionError
from labloop.lab.devices.arguments import ActionSpec
from labloop.lab.devices.scope import SCOPE, Scope
from labloop.lab.devices.trying import with_retries
from labloop.lab.transports import Transport
from labloop.records import Reading

T = TypeVar("T")
R = TypeVar("R", bound=Callable[..., Coroutine[Any, Any, Reading]])
P = ParamSpec("P")


class ActionGate(Protocol):
    """The gate of a device, which carries its actions out."""

    async def run(self, call: "ActionCall[Any]") -> Any:
        """Return what the action returned; raises what any check or the action raises."""
        ...


class ActionContext(Protocol):
    """What an action needs of its device's context."""

    on_transport: bool

    @property
    def gate(self) -> ActionGate:
        """The only way from an action call to the device."""
        ...


class ActionDevice(Protocol):
    """What an action needs of its device."""

    name: str
    transport: Transport
    transport_only: ClassVar[bool]

    @property
    def context(self) -> ActionContext:
        """Clock and gate of the device."""
        ...


class ActionCall(Coroutine[Any, Any, T]):
    """A call of an action: it happens when it is awaited, and only once.

    It is a coroutine, so that a task group accepts it.

    Args:
        device: whose action it is.
        spec: the action.
        args: positional arguments, as the caller gave them.
        kwargs: named arguments, as the caller gave them.
        caller: file and line of the call, for messages.
    """

    def __init__(
        self,
        device: ActionDevice,
        spec: ActionSpec,
        args: tuple[object, ...],
        kwargs: dict[str, object],
        caller: tuple[str, int],
    ) -> None:
        self.device = device
        self.spec = spec
        self.args = args
        self.kwargs = kwargs
        self.caller = caller
        self.scope: Scope | None = SCOPE.get()
        self.task: asyncio.Task[Any] | None = None
        self._inner: Coroutine[Any, Any, T] | None = None
        if self.scope is not None:
            self.scope.calls[self] = None

    @property
    def begun(self) -> bool:
        """Whether it was awaited."""
        return self._inner is not None

    @property
    def description(self) -> str:
        """The call with its file and line."""
        begun = "begun and left" if self.begun else "called"
        file, line = self.caller
        return f"{self.device.name}.{self.spec.name} was {begun} in {file}, line {line}"

    def __await__(self) -> Generator[Any, Any, T]:
        return self._begin().__await__()

    def send(self, value: Any) -> Any:
        """See :meth:`collections.abc.Coroutine.send`."""
        return (self._inner or self._begin()).send(value)

    def throw(self, *error: Any) -> Any:
        """See :meth:`collections.abc.Coroutine.throw`."""
        return (self._inner or self._begin()).throw(*error)

    def close(self) -> None:
        """See :meth:`collections.abc.Coroutine.close`; closed before it began, it never happens."""
        if self._inner is not None:
            self._inner.close()
        elif self.scope is not None:
            self.scope.calls.pop(self, None)

    def _begin(self) -> Coroutine[Any, Any, T]:
        if self._inner is not None:
            raise DefinitionError(f"{self.description} before: an action call can be awaited once")
        self._inner = self._run()
        return self._inner

    async def _run(self) -> T:
        self.task = asyncio.current_task()
        try:
            return await with_retries(self.device, self.scope, self._pass_gate)
        finally:
            if self.scope is not None:
                self.scope.calls.pop(self, None)

    async def _pass_gate(self) -> T:
        result: T = await self.device.context.gate.run(self)
        return result


class BoundAction(Generic[T]):
    """An action of one device; calling it returns an :class:`ActionCall`."""

    __slots__ = ("device", "spec")

    def __init__(self, device: ActionDevice, spec: ActionSpec) -> None:
        self.device = device
        self.spec = spec

    def __call__(self, *args: Any, **kwargs: Any) -> ActionCall[T]:
        """Return the call, to be awaited."""
        frame = sys._getframe(1)  # noqa: SLF001 - the line that is named where nobody awaits
        caller = (frame.f_code.co_filename, frame.f_lineno)
        return ActionCall(self.device, self.spec, args, kwargs, caller)


class ActionMethod(Generic[T]):
    """The descriptor that ``@action`` puts in the place of a driver's method."""

    def __init__(self, spec: ActionSpec) -> None:
        self.spec = spec
        self.__doc__ = spec.doc

    @overload
    def __get__(self, device: None, owner: type) -> "ActionMethod[T]": ...
    @overload
    def __get__(self, device: ActionDevice, owner: type) -> BoundAction[T]: ...
    def __get__(
        self, device: ActionDevice | None, owner: type
    ) -> "ActionMethod[T] | BoundAction[T]":
        return self if device is None else BoundAction(device, self.spec)


@overload
def action(
    function: Callable[Concatenate[Any, P], Coroutine[Any, Any, T]], /
) -> ActionMethod[T]: ...
@overload
def action(
    *, idempotent: bool = False, timeout: float | None = 30.0
) -> Callable[[Callable[Concatenate[Any, P], Coroutine[Any, Any, T]]], ActionMethod[T]]: ...
def action(
    function: Callable[..., Coroutine[Any, Any, Any]] | None = None,
    /,
    *,
    idempotent: bool = False,
    timeout: float | None = 30.0,
) -> Any:
    """Declare a command that changes something: checked, journaled, never sent twice.

    Args:
        function: the driver's ``async def``; its arguments carry their unit and limits:
            ``rate: Annotated[float, Arg("mL/min", ge=0, le=50)]``. The caller passes a
            quantity, the body sees the number in the declared unit.
        idempotent: sending it again does no harm, so it is sent once more without an answer.
        timeout: lab seconds for the whole action; None for no bound.

    Raises:
        DefinitionError: the declaration cannot be used.
    """
    if function is not None:
        return ActionMethod(ActionSpec(function))
    return lambda one: ActionMethod(ActionSpec(one, idempotent=idempotent, timeout=timeout))


def read(function: R) -> R:
    """Declare a question that changes nothing; it is not journaled.

    Args:
        function: the driver's ``async def``, without arguments.

    Raises:
        DefinitionError: it is no ``async def``, or takes arguments.
    """
    if not inspect.iscoroutinefunction(function):
        raise DefinitionError(
            f"read {function.__qualname__} must be written as `async def`, not as `def`"
        )
    if len(inspect.signature(function).parameters) != 1:
        raise DefinitionError(f"read {function.__qualname__} takes no arguments beside self")

    @functools.wraps(function)
    async def asked(device: Any) -> Reading:
        return await with_retries(device, SCOPE.get(), lambda: function(device), harmless=True)

    asked.__labloop_read__ = True  # type: ignore[attr-defined]
    return cast("R", asked)
