"""A driver that keeps the contract, and one for each way to break it."""

from typing import Annotated, Any

from lab_toys import Toy

from labloop.lab import Arg, action, read
from labloop.records import DeviceIdentity, Reading


class Documented(Toy):
    """A toy with a docstring on everything."""

    @read
    async def value(self) -> Reading:
        """Return the flow."""
        return await super().value()

    @action
    async def set_value(self, rate: Annotated[float, Arg("mL/min", ge=0, le=50)]) -> None:
        """Set the flow."""
        await self._order(b"SET %.3f" % rate)

    @action(idempotent=True)
    async def set_again(self, rate: Annotated[float, Arg("mL/min", ge=0, le=50)]) -> None:
        """Set the flow, as often as you like."""
        await self._order(b"SET %.3f" % rate)

    @action(timeout=None)
    async def run(self, time: Annotated[float, Arg("s", gt=0, le=1e6)]) -> float:
        """Run for a time."""
        await self._order(b"RUN %.3f" % time, seconds=time + 5)
        return time

    run_briefly = run
    set_twice = set_value
    refuse = set_value
    choose = set_value


class Undocumented(Documented):
    """Has an action that nobody describes."""

    @action
    async def mystery(self) -> None:
        await self._order(b"SET 1")


class Unlimited(Documented):
    """Has a number without a limit."""

    @action
    async def push(self, force: Annotated[float, Arg("N")]) -> None:
        """Push."""
        await self._order(b"SET %.3f" % force)


class Careless(Documented):
    """Lets a ValueError out, and takes any answer."""

    @read
    async def value(self) -> Reading:
        """Return the flow."""
        data = await self.transport.exchange(b"GET\n", complete=len)
        return self.reading(float(data), "mL/min", "value")


class Nameless(Documented):
    """Does not say who it is."""

    async def identify(self) -> DeviceIdentity:
        """Return nothing of use."""
        return DeviceIdentity(device=self.name, model="")


class Trusting(Documented):
    """Connects to whoever answers."""

    async def connect(self) -> None:
        """Ask nobody."""


class Hot(Documented):
    """Never reaches its safe state."""

    async def safe_state(self) -> None:
        """Wait for ever."""
        await self.context.clock.sleep(3600)


class Mixed(Documented):
    """Calls its readings by another name."""

    @read
    async def value(self) -> Reading:
        """Return the flow."""
        await self._ask(b"GET")
        return self.reading(1.0, "mL/min", "flow")


class Silent(Documented):
    """Sends nothing."""

    @action
    async def set_value(self, rate: Annotated[float, Arg("mL/min", ge=0, le=50)]) -> None:
        """Do nothing."""


class Claiming(Documented):
    """Hands the lab file's serial number on as if the wire had told it."""

    serial_on_wire = False

    async def identify(self) -> DeviceIdentity:
        """Return what the lab file says."""
        return DeviceIdentity(
            device=self.name, model="toy", serial_number=self.context.serial_number
        )


class Anonymous(Documented):
    """Tells no serial number and does not say that it cannot."""

    async def identify(self) -> DeviceIdentity:
        """Return the model only."""
        return DeviceIdentity(device=self.name, model="toy")


class Watched(Documented):
    """Has a watchdog that is fed as the base class does it."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.watchdog = 60.0


class Starving(Watched):
    """Has a watchdog and lets it starve."""

    async def feed(self) -> None:
        """Say nothing."""


class Numberless(Anonymous):
    """Tells no serial number, and says so."""

    serial_on_wire = False
