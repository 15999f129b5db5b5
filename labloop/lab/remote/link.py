"""The line to a host: each call is repeated until it is answered, and never carried out twice.

That it may be repeated is the host's part: every call has an id or a number, and one that was
heard before is answered from its record.
"""

import ssl
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from labloop.errors import LabloopError, MissingExtraError, NotConnectedError
from labloop.lab.remote.addresses import HostAddress
from labloop.lab.remote.wire import error_of

if TYPE_CHECKING:
    import httpx

PATIENCE_SECONDS = 30.0
"""A host that was not heard for so long is not waited for any more."""
_CALL_SECONDS = 15.0
"""The longest wait for one answer of HTTP; the host answers long waits in between."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0


class HostLink:
    """Speaks with one host, from any thread.

    Args:
        address: where it is.
        patience: seconds without an answer after which it is given up.

    Raises:
        MissingExtraError: httpx is not installed.
    """

    def __init__(self, address: HostAddress, patience: float = PATIENCE_SECONDS) -> None:
        try:
            import httpx  # noqa: PLC0415 - an extra
        except ModuleNotFoundError as error:
            raise MissingExtraError("a lab on a host (host://...)", "host") from error
        self.address = address
        self._errors: tuple[type[Exception], ...] = (httpx.TransportError,)
        self._patience = patience
        self._given_up = threading.Event()
        self._client = httpx.Client(
            base_url=address.url,
            headers={"Authorization": f"Bearer {address.token}"},
            timeout=httpx.Timeout(_CALL_SECONDS, connect=5.0),
            limits=httpx.Limits(max_connections=64, max_keepalive_connections=64),
            verify=_verified(address),
            # The host is asked itself, whatever proxy this machine has for other addresses.
            trust_env=False,
        )

    def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        patience: float | None = None,
        wanted: Callable[[], bool] = lambda: True,
    ) -> Any:
        """Return the host's answer, as JSON.

        Args:
            method: of HTTP.
            path: of the call.
            body: JSON.
            patience: seconds without an answer; those of the link if left out.
            wanted: whether the answer still matters; asked before each repetition.

        Raises:
            NotConnectedError: it did not answer in time; whether it heard is not known. Or its
                certificate is not to be trusted; nothing was sent.
            LabloopError: what the host refused it with.
        """
        patience = self._patience if patience is None else patience
        end, pause = time.monotonic() + patience, _FIRST_PAUSE
        while True:
            try:
                answer = self._client.request(method, path, json=body)
            except self._errors as error:
                _check_trust(error, self.address)
                left = end - time.monotonic()
                if left <= 0 or self._given_up.is_set() or not wanted():
                    raise NotConnectedError(
                        f"the host {self.address.name!r} at {self.address.url} does not answer "
                        f"({_reason(error)}); see whether it runs: labloop lab status "
                        f"{self.address.place}"
                    ) from error
                self._given_up.wait(min(pause, left))
                pause = min(2 * pause, _LONGEST_PAUSE)
                continue
            return _content(answer, self.address)

    def give_up(self) -> None:
        """Let no call be repeated any more."""
        self._given_up.set()

    def close(self) -> None:
        """Close every connection."""
        self.give_up()
        self._client.close()


def _verified(address: HostAddress) -> "ssl.SSLContext | bool":
    """Return what the host's certificate is held against: the one that a person put there."""
    if address.certificate is None:
        return True
    try:
        context = ssl.create_default_context(cafile=str(address.certificate))
    except OSError as error:
        raise NotConnectedError(
            f"{address.certificate} holds no certificate, or cannot be read; copy the certificate "
            f"of the host {address.name!r} there (PEM)"
        ) from error
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    # On this machine the file is the host's own, and its address no name on the certificate.
    context.check_hostname = not address.same_machine
    return context


_NOT_NOW = frozenset({9, 10})
"""OpenSSL's codes for a certificate that is not valid yet, or no longer."""
_NOT_HERE = frozenset({62, 63, 64})
"""OpenSSL's codes for one of another machine."""


def _check_trust(error: BaseException, address: HostAddress) -> None:
    """Raise NotConnectedError where the host's certificate was refused: asking again is no use."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLCertVerificationError):
        cause = cause.__cause__ or cause.__context__
    if cause is None:
        return
    why, who = cause.verify_message.rstrip("."), f"the host {address.name!r} at {address.url}"
    if cause.verify_code in _NOT_NOW:
        told = (
            f"the certificate of {who} is not valid at this moment ({why}); set the clock of this "
            "machine if it is wrong, or make a new certificate"
        )
    elif cause.verify_code in _NOT_HERE:
        told = (
            f"the certificate of {who} is one for another name ({why}); use that name, or make a "
            "certificate with this one as its subjectAltName"
        )
    else:
        told = (
            f"{who} shows another certificate than {address.certificate} ({why}); copy the one of "
            "the host there, if it is the host"
        )
    raise NotConnectedError(f"{told}. Nothing was sent") from error


def _content(answer: "httpx.Response", address: HostAddress) -> Any:
    try:
        content = answer.json()
    except ValueError as error:
        raise NotConnectedError(
            f"what answers at {address.url} is no labloop host (HTTP {answer.status_code}); see "
            f"labloop lab list, and start it with: labloop lab up LAB.toml --name {address.name}"
        ) from error
    if answer.is_success:
        return content
    told = content.get("error") if isinstance(content, Mapping) else None
    if not isinstance(told, Mapping):
        raise LabloopError(
            f"the host {address.name!r} refused a call with HTTP {answer.status_code}: {content}; "
            "host and campaign need the same version of labloop"
        )
    raise error_of(str(told["kind"]), str(told["message"]))


def _reason(error: Exception) -> str:
    text = str(error) or type(error).__name__
    return text[:200]
