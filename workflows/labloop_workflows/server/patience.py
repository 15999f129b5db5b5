"""Asks a server again that is too busy for the moment."""

import time
from collections.abc import Callable
from typing import TypeVar

import httpx
from prefect.deployments.runner import DeploymentApplyError

from labloop.errors import EngineError

BUSY_SECONDS = 60.0
"""How long a server is asked again that says it is too busy."""
_PAUSE_SECONDS = 1.0
T = TypeVar("T")


def patiently(call: Callable[[], T], *, seconds: float = BUSY_SECONDS) -> T:
    """Return what a call of the server yields; one that is busy for the moment is asked again.

    Raises:
        EngineError: the server refuses, or is busy for longer than ``seconds``.
    """
    until = time.monotonic() + seconds
    while True:
        try:
            return call()
        except (httpx.HTTPStatusError, DeploymentApplyError) as error:
            if not _is_busy(error) or time.monotonic() > until:
                # What a library adds for its readers stands on later lines.
                said = str(error).splitlines()[0]
                raise EngineError(
                    f"the Prefect server refused: {said}; look at its log, then serve again"
                ) from error
        time.sleep(_PAUSE_SECONDS)


def _is_busy(error: Exception) -> bool:
    """Whether the server said that it cannot for the moment; Prefect may have wrapped it."""
    told = error.__cause__ if isinstance(error, DeploymentApplyError) else error
    return isinstance(told, httpx.HTTPStatusError) and told.response.is_server_error
