"""PyLabRobot: its machines, with a backend of a maker or the chatterbox."""

from typing import Any, ClassVar

from labloop.errors import DefinitionError
from labloop_adapters.base import BlockingDevice, class_of

__all__ = ["PyLabRobotDevice"]

EXTRA = "pylabrobot"


class PyLabRobotDevice(BlockingDevice):
    """A machine of PyLabRobot, whose front end is the same with every backend.

    A subclass builds the front end in :meth:`machine`. In a real lab it is given
    :meth:`backend`, in a simulated one the :attr:`chatterbox`: PyLabRobot's own simulation.
    """

    connect_seconds = 60.0
    chatterbox: ClassVar[str] = ""
    """The class of PyLabRobot's simulation for this kind of machine, with its module."""

    def machine(self, backend: Any) -> Any:  # noqa: ARG002 - a subclass uses it
        """Return the front end on ``backend``."""
        raise DefinitionError(f"{type(self).__qualname__} builds no machine: write its machine()")

    def backend(self) -> Any:
        """Return the backend that speaks to the instrument at :attr:`address`."""
        raise DefinitionError(f"{type(self).__qualname__} has no backend: write its backend()")

    async def open(self) -> Any:
        """Return the machine, set up."""
        return await self._set_up(self.machine(self.backend()))

    def simulate(self) -> Any:
        """Return the machine on the chatterbox, where one is named; else signals answer."""
        if not self.chatterbox:
            return super().simulate()
        return self._set_up(self.machine(class_of(self.chatterbox, object, EXTRA)()))

    async def shut(self) -> None:
        """Stop the machine, as PyLabRobot calls the end."""
        await self.library.stop()

    async def _set_up(self, machine: Any) -> Any:
        await machine.setup()
        return machine
