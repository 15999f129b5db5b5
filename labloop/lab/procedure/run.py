"""Runs one procedure and finds common mistakes in it."""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

from labloop.errors import NoResultError
from labloop.lab.devices import SCOPE, Scope, not_awaited


async def run_procedure(
    procedure: Callable[..., Any], *args: Any, result_needed: bool = True
) -> Any:
    """Carry ``procedure(*args)`` out and return what it returned.

    Args:
        procedure: an ``async def``.
        args: its arguments.
        result_needed: whether it must return something.

    Raises:
        NoResultError: it is a plain ``def``, or returned nothing.
        NotAwaitedError: an action was called and not awaited.
    """
    name = getattr(procedure, "__qualname__", None) or repr(procedure)
    running = procedure(*args)
    if not inspect.isawaitable(running):
        raise NoResultError(
            f"procedure {name} is a plain `def`; write `async def` and await its actions"
        )
    scope = SCOPE.get()
    try:
        result = await running
    except BaseException as error:
        if scope is not None:
            forgotten = [call for call in scope.calls if not call.begun]
            await end_calls(scope)
            scope.calls.clear()
            if forgotten and isinstance(error, (TypeError, AttributeError)):
                # The call was used in place of its result. Any other error is reported itself.
                raise not_awaited(forgotten) from error
        raise
    if scope is not None:
        await end_calls(scope)
        scope.check_awaited()
    if result is None and result_needed:
        raise NoResultError(
            f"procedure {name} returned nothing; end it with `return {{...}}`, a value per name"
        )
    return result


async def end_calls(scope: Scope) -> None:
    """Cancel the actions of ``scope`` that were begun and left, and wait for their ends."""
    this = asyncio.current_task()
    tasks = [call.task for call in scope.calls if call.task not in {None, this}]
    left = [task for task in tasks if task is not None and not task.done()]
    for task in left:
        task.cancel()
    if left:
        calls = list(scope.calls)
        await asyncio.wait(left)
        scope.calls.update(dict.fromkeys(calls))
