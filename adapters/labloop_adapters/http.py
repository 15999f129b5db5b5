"""HTTP: an instrument behind a server of JSON, as flowchem and many others are."""

from functools import reduce
from typing import Any, ClassVar

from labloop_adapters.base import BlockingDevice, Refused, Signal, library

__all__ = ["HttpDevice"]

EXTRA = "http"


class HttpDevice(BlockingDevice):
    """An instrument behind HTTP: ``url = "http://192.0.2.1:8000/pump/pump-1"``.

    ``Signal("mL/min", get="rate", set="PUT rate?value={}", ge=0, le=10)``: both are paths below the
    url. ``get="state#bath.temperature"`` takes one key out of the JSON that is answered. For
    what takes several values ``await self.send("PUT", "infuse", rate=..., volume=...)``.
    """

    schemes = ("http", "https")
    timeout_seconds: ClassVar[float] = 5.0

    def open(self) -> Any:
        """Return httpx's client of the url."""
        return library("httpx", EXTRA).Client(
            base_url=self.transport.url.rstrip("/") + "/", timeout=self.timeout_seconds
        )

    def who(self) -> Any:
        """Ask the url itself, so that a server that is not there is told at the connect."""
        self.request("GET", "")
        return super().who()

    async def send(self, method: str, path: str, **query: Any) -> Any:
        """Return the JSON that a request is answered, None where it is none.

        Raises:
            DeviceError: as :meth:`labloop.lab.LibraryTransport.call` says.
        """
        return await self.call(self.request, method, path, call_name="request", **query)

    def request(self, method: str, path: str, *, json: Any = None, **query: Any) -> Any:
        """Return the JSON that a request is answered; on the device's own thread.

        Args:
            method: of HTTP.
            path: below the url.
            json: what is sent, as JSON; nothing if None.
            query: behind the question mark.

        Raises:
            Refused: the server says that the request is at fault (400 to 499).
            ConnectionError: nobody answers.
            TimeoutError: nobody answers in time.
            RuntimeError: the server failed.
        """
        httpx = library("httpx", EXTRA)
        try:
            answer = self.library.request(method, path, params=query or None, json=json)
        except httpx.ConnectError as error:
            raise ConnectionError(f"nothing answers at {self.transport.url}: {error}") from error
        except httpx.TimeoutException as error:
            raise TimeoutError(f"no answer to {method} {path}") from error
        if answer.is_error:
            told = f"{method} {path} is answered {answer.status_code}: {answer.text[:200]}"
            raise Refused(told) if answer.is_client_error else RuntimeError(told)
        kind = answer.headers.get("content-type", "")
        return answer.json() if answer.content and "json" in kind else None

    def get_signal(self, signal: Signal) -> Any:
        """Get its path, and take its key out of the answer."""
        path, _, keys = signal.get.partition("#")
        told = self.request("GET", path.removeprefix("GET ").strip())
        return reduce(lambda part, key: part[key], filter(None, keys.split(".")), told)

    def set_signal(self, signal: Signal, value: Any) -> None:
        """Put the value to its path."""
        method, _, path = signal.set.format(value).rpartition(" ")
        self.request(method or "PUT", path)
