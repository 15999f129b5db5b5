"""What a person asks of a host from a terminal: how it stands, and to end."""

from typing import Any

from labloop.errors import NotConnectedError
from labloop.lab import host_link

_SECONDS = 3.0


def host_status(name: str) -> dict[str, Any]:
    """Return how a host stands.

    Args:
        name: as in ``host://name``, with ``@machine:port`` behind it for another machine.

    Raises:
        NotConnectedError: it is not known here, does not answer, or another one does.
    """
    with host_link(f"host://{name}") as (url, link):
        found: dict[str, Any] = link.call("GET", "/status", patience=_SECONDS)
        if found["name"] != url.name:
            raise NotConnectedError(
                f"a host called {found['name']!r} answers where {url.name!r} was expected; correct "
                "the address"
            )
        return found


def end_host(name: str) -> None:
    """Let a host end: its devices are made safe first.

    Raises:
        NotConnectedError: it is not known here, does not answer, or another one does.
    """
    # So that no other one is ended that listens there.
    host_status(name)
    with host_link(f"host://{name}") as (_, link):
        link.call("POST", "/down", patience=_SECONDS)
