"""Devices of async libraries and of protocols, as their users write them."""

from typing import Annotated, ClassVar

from labloop.lab import Arg, action
from labloop.records import ActionState
from labloop_adapters import Follows, Signal
from labloop_adapters.http import HttpDevice
from labloop_adapters.modbus import ModbusDevice
from labloop_adapters.mqtt import MqttDevice
from labloop_adapters.opcua import OpcUaDevice
from labloop_adapters.ophyd import OphydDevice
from labloop_adapters.pylabrobot import PyLabRobotDevice


class Shaker(PyLabRobotDevice):
    """A heater shaker of PyLabRobot, on its chatterbox in simulation."""

    signals = {
        "temperature": Signal("degC", get="get_temperature", set="set_temperature", ge=4, le=95)
    }
    safe_calls = ("deactivate", "stop_shaking")
    chatterbox = "pylabrobot.heating_shaking.chatterbox.HeaterShakerChatterboxBackend"

    def machine(self, backend):
        """Return the front end."""
        from pylabrobot.heating_shaking import HeaterShaker
        from pylabrobot.resources import Coordinate

        where = Coordinate(0, 0, 0)
        size = {"size_x": 100, "size_y": 100, "size_z": 50}
        return HeaterShaker(name=self.name, **size, backend=backend, child_location=where)

    @action(timeout=200.0)
    async def shake(
        self,
        speed: Annotated[float, Arg("rpm", ge=50, le=2000)],
        duration: Annotated[float, Arg("s", gt=0, le=100)],
    ) -> None:
        """Shake for a time."""
        await self.call("shake", speed=speed, duration=duration)


class Stage(OphydDevice):
    """A motor of ophyd-async, on its simulated one in both modes."""

    signals = {"position": Signal("mm", get="user_readback", set=".", ge=-50, le=50)}
    safe_calls = ("stop",)

    def open(self):
        """Return ophyd's simulated motor."""
        from ophyd_async.sim import SimMotor

        return SimMotor(instant=True)

    def simulate(self):
        """Return the same; without this it would be connected in mock mode."""
        return self.open()


class Mocked(Stage):
    """The same in ophyd's mock mode: signals that remember."""

    simulate = OphydDevice.simulate
    signals = {"speed": Signal("mm/s", get="velocity", set="velocity", ge=0, le=10)}
    safe_calls = ()
    safe = {"speed": 0}


class Chiller(ModbusDevice):
    """A chiller whose registers stand in a file."""

    registers = "chiller.toml"
    safe = {"running": False}
    simulation = {"temperature": Follows("setpoint", lag=60.0, start=20.0)}


SETPOINT = "ns=2;s=Bath.Setpoint"


class Bath(OpcUaDevice):
    """A bath in a server of OPC UA."""

    signals = {
        "temperature": Signal("degC", get="ns=2;s=Bath.Temperature"),
        "setpoint": Signal("degC", get=SETPOINT, set=SETPOINT, ge=5, le=95),
        "speed": Signal("rpm", get="ns=2;s=Bath.Speed", set="ns=2;s=Bath.Speed", ge=0, le=3000),
        "running": Signal(get="ns=2;s=Bath.Running", set="ns=2;s=Bath.Running", kind="flag"),
        "sealed": Signal(set="ns=2;s=Bath.Sealed", kind="flag"),
    }
    safe = {"running": False}


class TabledBath(OpcUaDevice):
    """The same bath, whose nodes and methods stand in a file."""

    nodes = "bath.toml"
    safe = {"running": False}
    safe_calls = ("stop",)


class Lamp(MqttDevice):
    """A lamp that publishes how bright it is."""

    signals = {
        "brightness": Signal("%", get="state#brightness", set="set#brightness", ge=0, le=100),
        "silent": Signal(get="nothing"),
    }
    safe = {"brightness": 0}
    first_seconds = 3.0


class Pump(HttpDevice):
    """A pump behind a server of JSON."""

    signals = {
        "rate": Signal("mL/min", get="state#rate.value", set="PUT rate?value={}", ge=0, le=10),
        "broken": Signal(get="broken"),
    }
    safe = {"rate": 0}

    @action(timeout=10.0)
    async def infuse(
        self,
        volume: Annotated[float, Arg("mL", gt=0, le=10)],
        rate: Annotated[float, Arg("mL/min", gt=0, le=10)],
    ) -> None:
        """Infuse a volume."""
        await self.send("PUT", "infuse", volume=f"{volume} ml", rate=f"{rate} ml/min")


class TellingPump(Pump):
    """The same pump behind a server that keeps the ids of actions."""

    id_header = "Idempotency-Key"
    told_at = "actions/{}#is"
    told_states: ClassVar = {"completed": ActionState.DONE, "running": ActionState.INTENT}


class Stubborn(Chiller):
    """Waits a tenth of a second for an answer."""

    timeout_seconds = 0.1
