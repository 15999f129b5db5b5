"""Which experiment uses which device: no action changes what another experiment relies on.

A use begins with the first action and lasts until the experiment ends, or leaves the block in
which it began: ``lab.exclusive`` of the device, or the outermost ``lab.any`` around it. Reads
change nothing and are always allowed.
"""

from collections.abc import Callable, Collection

from labloop.errors import DeviceInUseError
from labloop.lab.devices import Scope
from labloop.records import Alarm


class Sharing:
    """The uses of all devices of one lab.

    Args:
        shared: devices that serve several experiments at once, as the lab file declares.
        on_alarm: gets one alarm for each device that two experiments asked for.
    """

    def __init__(self, shared: Collection[str], on_alarm: Callable[[Alarm], object]) -> None:
        self._shared = frozenset(shared)
        self._on_alarm = on_alarm
        self._reported: set[str] = set()
        self._roomy: set[str] = set()
        """Stations with room for several samples: whose experiments use its device together."""
        self._scopes: dict[Scope, None] = {}
        """Experiments that hold or use a device, in the order in which they began to."""

    def hold(self, scope: Scope, name: str, *, alone: bool = True) -> None:
        """Note that ``scope`` has the device or station ``name``, ``alone`` or beside others."""
        if not alone:
            self._roomy.add(name)
        scope.blocks[name] = None
        self._scopes[scope] = None

    def release(self, scope: Scope, name: str) -> None:
        """Note that ``scope`` gives ``name`` back; every use that began in its block ends."""
        scope.blocks.pop(name, None)
        for device in [device for device, block in scope.uses.items() if block == name]:
            del scope.uses[device]

    def claim(self, scope: Scope, device: str, action: str) -> None:
        """Note that an experiment uses a device.

        Raises:
            DeviceInUseError: another running experiment uses it, or has it to itself.
        """
        if scope.experiment_id is None or device in self._shared:
            return
        for other in [each for each in self._scopes if each.over]:
            del self._scopes[other]
        for other in self._scopes:
            if other is not scope:
                self._check(scope, other, device, action)
        self._scopes[scope] = None
        if device not in scope.uses:
            own = device in scope.blocks
            scope.uses[device] = device if own else next(iter(scope.blocks), "")

    def _check(self, scope: Scope, other: Scope, device: str, action: str) -> None:
        alone = device in other.blocks
        if alone and device in scope.blocks and device in self._roomy:
            return
        # Where both have a block of it (its own, and a station's), its use decides.
        if device not in other.uses and (not alone or device in scope.blocks):
            return
        ways = (
            f"let one wait for the other with `async with lab.exclusive(lab.{device}):`, take one "
            "of several alike with lab.any(...), say parallel=1, or, where "
            f"{device} serves all alike, shared = true in [devices.{device}]"
        )
        if device not in self._reported:
            self._reported.add(device)
            message = f"experiments that run at once met at {device}, and one was refused; {ways}"
            self._on_alarm(Alarm("device-in-use", message, data={"device": device}))
        how = "has it to itself" if alone else "uses it and still runs"
        raise DeviceInUseError(
            f"{scope.experiment_id} asked {device} for {action}, but {other.experiment_id} {how} "
            f"and would be spoiled; nothing was sent: {ways}"
        )
