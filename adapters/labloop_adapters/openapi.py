"""OpenAPI: an HTTP server that describes itself, read into reads and actions."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from labloop.errors import DefinitionError, DeviceError
from labloop_adapters.base import Signal
from labloop_adapters.base.openapi_document import Call, Described, described
from labloop_adapters.http import HttpDevice

__all__ = ["OpenApiDevice"]


class OpenApiDevice(HttpDevice):
    """A device of a server that has an OpenAPI document, such as those of flowchem and FastAPI.

    The document is fetched once and kept beside the driver (``document = "pump.json"``, the file
    that ``/openapi.json`` answers). ``component = "/pump/pump-1"`` takes the paths below that
    one. A ``GET`` whose answer is a number or on and off becomes a read, every ``PUT`` and
    ``POST`` an action with the arguments of its query or of its JSON. Units are those that the
    document names (``x-unit``, or ``mL/min`` in brackets at the end of a description), limits its
    ``minimum`` and ``maximum``; ``units`` and ``limits`` say what it does not, also of a text that
    is a number with a unit (flowchem's ``rate="2.5 ml/min"``). A number that may be anything is
    not offered until ``limits`` says how far; ``left_out`` tells what is missing and why. The url
    is that of the component.
    """

    document: ClassVar[str] = ""
    """The file beside the driver."""
    component: ClassVar[str] = ""
    """The beginning of the paths that are this device's."""
    only: ClassVar[Sequence[str]] = ()
    """Operations to be offered; all if empty."""
    units: ClassVar[Mapping[str, str]] = {}
    """``operation`` or ``operation.argument`` -> unit."""
    limits: ClassVar[Mapping[str, tuple[float, float]]] = {}
    """``operation.argument`` -> bounds, in its unit."""
    left_out: ClassVar[Mapping[str, str]] = {}
    """Operation -> why it is not offered."""
    safe_requests: ClassVar[Sequence[str]] = ()
    """Requests that make it safe, such as ``"PUT stop"``, sent first and in that order."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        if not self.safe_requests and not self.safe_calls and self.safe is None:
            raise DefinitionError(
                f"{type(self).__qualname__} does not say what is safe; write safe_requests = "
                "('PUT stop',), or safe = {} where nothing can harm"
            )

    @classmethod
    def prepare(cls) -> None:
        """Read the document."""
        if not cls.document:
            return
        beside = getattr(sys.modules.get(cls.__module__), "__file__", None) or "."
        path = Path(beside).parent / cls.document
        found = described(_document(path), cls.component, cls.units, cls.limits)
        unknown = sorted({*cls.only, *(key.partition(".")[0] for key in (*cls.units, *cls.limits))})
        unknown = [name for name in unknown if name not in found.names]
        if unknown:
            raise DefinitionError(
                f"{cls.__qualname__} names {', '.join(unknown)}, which {path.name} does not have "
                f"below {cls.component or '/'}; it has: "
                f"{', '.join(sorted(found.names)) or 'nothing'}"
            )
        cls._take(found)

    @classmethod
    def _take(cls, found: Described) -> None:
        """Make reads and actions of what the document offers."""
        cls.left_out = dict(found.left_out)
        own = dict(vars(cls).get("signals", {}))
        reads = {n: s for n, s in found.reads.items() if not cls.only or n in cls.only}
        cls.signals = {**reads, **own}
        for name, call in found.calls.items():
            if (not cls.only or name in cls.only) and name not in vars(cls):
                setattr(cls, name, call.member())

    async def carry_out(self, call: Call, given: Mapping[str, Any]) -> None:
        """Send one request of the document; in simulation it is noted and nothing else."""
        if self.is_modelled:
            await self.call(call.noted, **given, call_name=call.name)
            return
        await self.call(self._send, call, dict(given), call_name=call.name)

    async def safe_state(self) -> None:
        """Send the safe requests, then what every library device does; one stops no other."""
        errors: list[DeviceError] = []
        for told in () if self.is_modelled else self.safe_requests:
            method, _, path = told.rpartition(" ")
            try:
                await self.send(method or "PUT", path)
            except DeviceError as error:
                errors.append(error)
        await super().safe_state()
        if errors:
            raise errors[0]

    def _send(self, call: Call, given: dict[str, Any]) -> Any:
        path, query, body = call.parts(given)
        return self.request(call.method, path, json=body, **query)

    def simulate(self) -> Any:
        """Return a device that remembers what its signals are set to."""
        return self._simulated_signals()

    def get_signal(self, signal: Signal) -> Any:
        """Get its path; of a table with one entry the entry."""
        told = super().get_signal(signal)
        if isinstance(told, Mapping) and len(told) == 1:
            return next(iter(told.values()))
        return told


def _document(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DefinitionError(
            f"the OpenAPI document {path} cannot be read ({error.strerror}); keep there what the "
            "server answers at /openapi.json"
        ) from error
    except ValueError as error:
        raise DefinitionError(f"{path} is no JSON: {error}") from error
    if not isinstance(found, Mapping) or not isinstance(found.get("paths"), Mapping):
        raise DefinitionError(f"{path} is no OpenAPI document: it has no table of paths")
    return found
