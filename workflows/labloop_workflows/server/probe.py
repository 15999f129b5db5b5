"""What answers at an address or a port of this machine."""

import socket
from base64 import b64encode
from enum import Enum

import httpx

ANSWER_SECONDS = 10.0
"""A busy server is waited for so long; where nothing listens, that is known at once."""


class Probe(Enum):
    """What answers at an address."""

    NO_SERVER = "no Prefect server"
    NO_PASSWORD = "a Prefect server without a password"  # noqa: S105 - a description
    WRONG_PASSWORD = "a Prefect server with another password"  # noqa: S105 - a description
    ACCEPTED = "a Prefect server that accepts the password"


def probe(api_url: str, password: str = "") -> Probe:
    """Return what answers at ``api_url``, and whether it accepts ``password``."""
    try:
        with httpx.Client(timeout=ANSWER_SECONDS) as client:
            if client.get(f"{api_url}/health").status_code != httpx.codes.OK:
                return Probe.NO_SERVER
            without = client.get(f"{api_url}/admin/version")
            if without.status_code != httpx.codes.UNAUTHORIZED:
                return Probe.NO_PASSWORD if _is_version(without) else Probe.NO_SERVER
            if not password:
                # An empty "Basic" is no valid header.
                return Probe.WRONG_PASSWORD
            basic = {"Authorization": f"Basic {b64encode(password.encode()).decode()}"}
            answer = client.get(f"{api_url}/admin/version", headers=basic)
            return Probe.ACCEPTED if _is_version(answer) else Probe.WRONG_PASSWORD
    except (httpx.HTTPError, httpx.InvalidURL):
        return Probe.NO_SERVER


def _is_version(answer: httpx.Response) -> bool:
    return answer.status_code == httpx.codes.OK and answer.text.strip('" \n').startswith("3.")


def is_taken(port: int) -> bool:
    """Return whether something listens on a port of loopback."""
    with socket.socket() as client:
        client.settimeout(0.5)
        return client.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    """Return a port of loopback that nothing uses now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
