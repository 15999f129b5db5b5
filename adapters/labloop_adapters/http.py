"""HTTP: an instrument behind a server of JSON, as flowchem and many others are."""

from collections.abc import Callable, Mapping
from functools import reduce, wraps
from typing import Any, ClassVar

from labloop.errors import DefinitionError
from labloop.records import ActionState
from labloop_adapters.base import BlockingDevice, Refused, Signal, library

__all__ = ["HttpDevice"]

EXTRA = "http"
_NEVER_CAME = 404


class HttpDevice(BlockingDevice):
    """An instrument behind HTTP: ``url = "http://192.0.2.1:8000/pump/pump-1"``.

    ``Signal("mL/min", get="rate", set="PUT rate?value={}", ge=0, le=10)``: both are paths below the
    url. ``get="state#bath.temperature"`` takes one key out of the JSON that is answered. For
    what takes several values ``await self.send("PUT", "infuse", rate=..., volume=...)``.

    A server that keeps the ids of actions, and says what became of one, is asked after a crash:
    ``id_header = "Idempotency-Key"``, ``told_at = "actions/{}#state"`` and ``told_states =
    {"completed": ActionState.DONE}``. What it says and is not in the table stays uncertain; 404
    means that such an action never came. Each action of such a server is one request.
    """

    schemes = ("http", "https")
    timeout_seconds: ClassVar[float] = 5.0
    id_header: ClassVar[str] = ""
    """The header in which the server takes the id of an action."""
    told_at: ClassVar[str] = ""
    """The path at which it says what became of one, with ``{}`` for the id."""
    told_states: ClassVar[Mapping[str, ActionState]] = {}
    """What it says there -> what that means."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        named = (cls.id_header, cls.told_at, cls.told_states)
        if any(named) and (not all(named) or "{}" not in cls.told_at):
            raise DefinitionError(
                f"{cls.__qualname__}: id_header, told_at and told_states belong together, and "
                f"told_at has {{}} for the id, such as 'actions/{{}}#state'; got {cls.told_at!r}"
            )
        if cls.told_at and cls.executed is HttpDevice.executed:
            # Only such a server can tell; a driver that does not override it cannot.
            cls.executed = HttpDevice._executed  # type: ignore[assignment, method-assign]  # of this very class
        super().__init_subclass__(**kwargs)

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._action_id = ""
        """Of the action whose request is being sent, on the device's own thread."""
        self._modelled_ids: set[str] = set()

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

    async def call(self, what: str | Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Carry a call out as every library device does; the request of an action bears its id."""
        action_id = self.action_id if self.id_header else ""
        if not action_id or isinstance(what, str):
            return await super().call(what, *args, **kwargs)
        if self.is_modelled:
            self._modelled_ids.add(action_id)

        @wraps(what)
        def numbered(*given: Any, **named: Any) -> Any:
            self._action_id = action_id
            try:
                return what(*given, **named)
            finally:
                self._action_id = ""

        return await super().call(numbered, *args, **kwargs)

    async def _executed(self, action_id: str) -> ActionState:
        if self.is_modelled:
            known = action_id in self._modelled_ids
            return ActionState.DONE if known else ActionState.NOT_SENT
        found: ActionState = await self.call(self._state_of, action_id, call_name="executed")
        return found

    def _state_of(self, action_id: str) -> ActionState:
        path, _, keys = self.told_at.format(action_id).partition("#")
        answer = self._answer("GET", path)
        if answer.status_code == _NEVER_CAME:
            return ActionState.NOT_SENT
        return self.told_states.get(str(_part(self._json(answer), keys)), ActionState.UNCERTAIN)

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
        return self._json(self._answer(method, path, json=json, **query))

    def _answer(self, method: str, path: str, *, json: Any = None, **query: Any) -> Any:
        httpx = library("httpx", EXTRA)
        headers = {self.id_header: self._action_id} if self._action_id else None
        try:
            return self.library.request(
                method, path, params=query or None, json=json, headers=headers
            )
        except httpx.ConnectError as error:
            raise ConnectionError(f"nothing answers at {self.transport.url}: {error}") from error
        except httpx.TimeoutException as error:
            raise TimeoutError(f"no answer to {method} {path}") from error

    @staticmethod
    def _json(answer: Any) -> Any:
        if answer.is_error:
            asked = f"{answer.request.method} {answer.request.url.path}"
            told = f"{asked} is answered {answer.status_code}: {answer.text[:200]}"
            raise Refused(told) if answer.is_client_error else RuntimeError(told)
        kind = answer.headers.get("content-type", "")
        return answer.json() if answer.content and "json" in kind else None

    def get_signal(self, signal: Signal) -> Any:
        """Get its path, and take its key out of the answer."""
        path, _, keys = signal.get.partition("#")
        return _part(self.request("GET", path.removeprefix("GET ").strip()), keys)

    def set_signal(self, signal: Signal, value: Any) -> None:
        """Put the value to its path."""
        method, _, path = signal.set.format(value).rpartition(" ")
        self.request(method or "PUT", path)


def _part(told: Any, keys: str) -> Any:
    """Return the part of a JSON answer that dotted keys lead to; all of it without any."""
    return reduce(lambda part, key: part[key], filter(None, keys.split(".")), told)
