"""SiLA 2: properties and commands of a server's features as reads and actions."""

import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from labloop.errors import DefinitionError, DeviceError
from labloop.records import DeviceIdentity
from labloop_adapters.base import BlockingDevice, Refused, Signal, library
from labloop_adapters.base.feature_definition import Command, feature_of

__all__ = ["SilaDevice", "fetch_features"]

EXTRA = "sila"
_POLL = 0.05


class SilaDevice(BlockingDevice):
    """One feature of a SiLA 2 server: ``url = "sila://192.0.2.1:50052"``.

    ``feature = "PumpFluidDosing.sila.xml"`` names its definition, a file beside the driver, as
    :func:`fetch_features` writes it. A property that is a number, or on and off, becomes a read,
    a command an action; an observable command is awaited until the server says that it is done.
    Units and limits are those of the definition; ``units`` and ``limits`` say what it does not.
    What has neither is not offered: ``left_out`` tells why. ``sila`` speaks without encryption;
    ``options = { certificate = "server.crt" }`` encrypts.
    """

    schemes = ("sila",)
    feature: ClassVar[str] = ""
    """The file of its definition, beside the driver."""
    units: ClassVar[Mapping[str, str]] = {}
    limits: ClassVar[Mapping[str, tuple[float, float]]] = {}
    left_out: ClassVar[Mapping[str, str]] = {}
    safe_commands: ClassVar[Sequence[str]] = ()
    """Commands without parameters that make it safe, as the server names them."""
    identifier: ClassVar[str] = ""
    """Of the feature, as the server names it."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        if not self.safe_commands and not self.safe_calls and self.safe is None:
            raise DefinitionError(
                f"{type(self).__qualname__} does not say what is safe; write safe_commands = "
                "('Stop',), or safe = {} where nothing can harm"
            )

    @classmethod
    def prepare(cls) -> None:
        """Read the definition."""
        if not cls.feature:
            return
        beside = getattr(sys.modules.get(cls.__module__), "__file__", None) or "."
        path = Path(beside).parent / cls.feature
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise DefinitionError(
                f"the feature definition {path} cannot be read ({error.strerror}); write it with "
                "labloop_adapters.sila.fetch_features(url, folder)"
            ) from error
        found = feature_of(text, cls.units, cls.limits)
        cls.identifier, cls.left_out = found.identifier, dict(found.left_out)
        cls.signals = {**found.reads, **dict(vars(cls).get("signals", {}))}
        for name, command in found.commands.items():
            if name not in vars(cls):
                setattr(cls, name, command.member())

    def open(self) -> Any:
        """Return sila2's client, connected."""
        return _client(self.address, self.options.get("certificate"))

    def who(self) -> DeviceIdentity:
        """Ask the server for its name, version and id."""
        service = self.library.SiLAService
        return self.identity(
            str(service.ServerName.get()),
            str(service.ServerUUID.get()),
            str(service.ServerVersion.get()),
        )

    def shut(self) -> None:
        """Close the channel."""
        self.library._channel.close()  # noqa: SLF001 - sila2 has no other way

    async def carry_out(self, command: Command, given: Mapping[str, Any]) -> None:
        """Carry one command out; in simulation it is noted and nothing else."""
        work = command.noted if self.is_modelled else self._command
        told = command.given(given)
        if self.is_modelled:
            await self.call(work, **told, call_name=command.name)
            return
        await self.call(
            self._command, command, told, call_name=command.name, seconds=self.context.clock.left
        )

    async def safe_state(self) -> None:
        """Give the safe commands, then what every library device does; one stops no other."""
        errors: list[DeviceError] = []
        for identifier in () if self.is_modelled else self.safe_commands:
            command = Command(identifier, identifier, "", {}, observable=False)
            try:
                await self.call(self._command, command, {}, call_name=identifier)
            except DeviceError as error:
                errors.append(error)
        await super().safe_state()
        if errors:
            raise errors[0]

    def get_signal(self, signal: Signal) -> Any:
        """Get the property."""
        return _translated(lambda: getattr(self._feature, signal.get).get())

    def simulate(self) -> Any:
        """Return a device that remembers nothing but its properties."""
        return self._simulated_signals()

    @property
    def _feature(self) -> Any:
        return getattr(self.library, self.identifier)

    def _command(self, command: Command, given: Mapping[str, Any]) -> None:
        running = _translated(lambda: getattr(self._feature, command.identifier)(**given))
        if not command.observable:
            return
        while not running.done:
            time.sleep(_POLL)
        _translated(running.get_responses)


def fetch_features(url: str, folder: str | Path) -> list[Path]:
    """Write the definition of every feature of a server into ``folder``; return the files.

    Raises:
        ConnectionError: nobody answers.
    """
    client = _client(url.partition("://")[2], None)
    made = []
    for identifier in client.SiLAService.ImplementedFeatures.get():
        if "/core/" in f"/{identifier}":
            continue
        told = client.SiLAService.GetFeatureDefinition(identifier).FeatureDefinition
        path = Path(folder) / f"{identifier.split('/')[-2]}.sila.xml"
        path.write_text(told, encoding="utf-8")
        made.append(path)
    client._channel.close()  # noqa: SLF001 - sila2 has no other way
    return made


def _client(address: str, certificate: str | None) -> Any:
    host, _, port = address.rpartition(":")
    made = library("sila2.client", EXTRA).SilaClient
    try:
        if certificate:
            return made(host, int(port), root_certs=Path(certificate).read_bytes())
        return made(host, int(port), insecure=True)
    except Exception as error:
        raise ConnectionError(f"nothing answers at sila://{address}: {error}") from error


def _translated(call: Any) -> Any:
    """Return what a call returns; a parameter that the server refuses was not acted upon."""
    errors = library("sila2.framework", EXTRA)
    try:
        return call()
    except errors.ValidationError as error:
        raise Refused(str(error)) from error
    except errors.SilaConnectionError as error:
        raise ConnectionError(str(error)) from error
