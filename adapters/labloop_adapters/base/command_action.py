"""Actions that are made of a command which a server or a table describes."""

import inspect
from collections.abc import Mapping
from typing import Any

from labloop.lab import action


def command_action(
    command: Any,
    name: str,
    hints: Mapping[str, Any],
    *,
    doc: str,
    seconds: float,
    defaults: Mapping[str, Any] | None = None,
) -> Any:
    """Return the action of a device that carries ``command`` out.

    Args:
        command: is given to the device's ``carry_out(command, given)``.
        name: of the action.
        hints: argument -> what it may be, in the order of the command.
        doc: of the action.
        seconds: its time-out, in lab time.
        defaults: argument -> what it is where it is left out.
    """

    async def act(self: Any, **given: Any) -> None:
        await self.carry_out(command, given)

    either = inspect.Parameter.POSITIONAL_OR_KEYWORD
    left_out = defaults or {}
    takes = [
        inspect.Parameter(each, either, default=left_out.get(each, inspect.Parameter.empty))
        for each in ("self", *hints)
    ]
    act.__signature__ = inspect.Signature(takes)  # type: ignore[attr-defined]
    act.__annotations__ = dict(hints)
    act.__name__ = act.__qualname__ = name
    act.__doc__ = doc
    made: Any = act
    return action(timeout=seconds)(made)
