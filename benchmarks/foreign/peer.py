"""Runs inside the foreign environment: calls of one library, a JSON line each.

Usage: python peer.py LIBRARY PLACE [OPTION]; PLACE is a serial port, or host:port.
"""

import asyncio
import json
import math
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any


def serial_on_a_pty() -> None:
    """Let pyserial open a pseudo-terminal with 7E1, which some kernels refuse."""
    import serial

    configure = serial.Serial._reconfigure_port  # noqa: SLF001 - the one place where pyserial sets a mode

    def configured(self: Any, force_update: bool = False) -> None:
        bytesize, parity = self._bytesize, self._parity
        self._bytesize, self._parity = 8, "N"
        try:
            configure(self, force_update)
        finally:
            self._bytesize, self._parity = bytesize, parity

    serial.Serial._reconfigure_port = configured  # noqa: SLF001 - the same


def tell(call: str, got: object, right: object) -> None:
    print(json.dumps({"call": call, "got": str(got)[:160], "right": bool(right)}), flush=True)


def same(got: Any, expected: Any) -> bool:
    if isinstance(expected, type):
        return isinstance(got, expected)
    if callable(expected):
        return bool(expected(got))
    if isinstance(expected, float) and isinstance(got, (int, float)):
        return math.isclose(got, expected, abs_tol=0.06)
    return bool(got == expected)


def check(call: str, work: Callable[[], Any], expected: Any = None, seconds: float = 8.0) -> None:
    """Carry a call out and tell whether it gave what the manual promises."""
    box: dict[str, Any] = {}

    def run() -> None:
        try:
            box["got"] = work()
        except BaseException as error:  # noqa: BLE001 - told, whatever a library raises
            box["got"] = error

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        tell(call, "no answer and no time-out", False)
        return
    got = box["got"]
    tell(
        call,
        f"{type(got).__name__}: {got}" if isinstance(got, BaseException) else got,
        same(got, expected),
    )


def labmcp_tcp(place: str, **kwargs: str) -> Any:
    from labmcp.transports.tcp import TCPTransport

    host, _, port = place.rpartition(":")
    return TCPTransport(host, int(port), timeout=2.0, **kwargs)


def labmcp_new_era(place: str, option: str) -> None:
    from labmcp import InstrumentError
    from labmcp_new_era.driver import NewEraPump

    pump = NewEraPump(
        labmcp_tcp(place, write_termination="\r", read_termination="\x03"), int(option)
    )
    check("identify", pump.identify, lambda got: got["model"] == "NE-1000")
    check("set_diameter", lambda: pump.set_diameter(14.43), "14.43")
    check("diameter_mm", pump.diameter_mm, 14.43)
    check("start_pumping", lambda: pump.start_pumping("INF", 0.05, 5.0).volume_ml, 0.05)
    check("status", lambda: pump.status().prompt, "I")
    check(
        "start_pumping while pumping", lambda: pump.start_pumping("INF", 0.05, 5.0), InstrumentError
    )
    time.sleep(1.3)
    check("status at the end", lambda: pump.status().prompt, "S")
    check("dispensed", pump.dispensed, (0.05, 0.0, "ML"))
    check("clear_dispensed", pump.clear_dispensed)
    check("dispensed when cleared", pump.dispensed, (0.0, 0.0, "ML"))
    check("start_pumping too fast", lambda: pump.start_pumping("INF", 0.05, 500.0), InstrumentError)
    check("start_pumping withdraw", lambda: pump.start_pumping("WDR", 1.0, 1.0).direction, "WDR")
    check("direction", pump.direction, "WDR")
    check("stop", lambda: pump.stop().prompt, "S")
    check("set_diameter small", lambda: pump.set_diameter(4.699), "4.699")
    check(
        "start_pumping slow", lambda: pump.start_pumping("INF", 0.02, 0.0005).rate_text, "30.00UH"
    )
    check("rate", pump.rate, (30.0, "UH"))
    check("volume", pump.volume, (20.0, "UL"))
    check("stop again", lambda: pump.stop().prompt, "S")


def nesp_lib(place: str, option: str) -> None:
    import nesp_lib
    from nesp_lib import Port, Pump, PumpingDirection, Status

    pump = Pump(Port(place, 19200), safe_mode_timeout_s=int(option))
    check("model_number", lambda: pump.model_number, 1000)
    check("firmware_version", lambda: pump.firmware_version, (3, 928))
    check("syringe_diameter_mm =", lambda: setattr(pump, "syringe_diameter_mm", 14.6))
    check("syringe_diameter_mm", lambda: pump.syringe_diameter_mm, 14.6)
    check(
        "pumping_direction =", lambda: setattr(pump, "pumping_direction", PumpingDirection.INFUSE)
    )
    check("pumping_direction", lambda: pump.pumping_direction, PumpingDirection.INFUSE)
    check("pumping_volume_ml =", lambda: setattr(pump, "pumping_volume_ml", 0.1))
    check("pumping_volume_ml", lambda: pump.pumping_volume_ml, 0.1)
    check("pumping_rate_ml_per_min =", lambda: setattr(pump, "pumping_rate_ml_per_min", 8.0))
    check("pumping_rate_ml_per_min", lambda: pump.pumping_rate_ml_per_min, 8.0)
    check("too fast", lambda: setattr(pump, "pumping_rate_ml_per_min", 500.0), ValueError)
    check("run", lambda: pump.run(wait_while_running=False))
    check(
        "diameter while running",
        lambda: setattr(pump, "syringe_diameter_mm", 10.0),
        nesp_lib.StateException,
    )
    check("status", lambda: pump.status, Status.INFUSING)
    check("wait_while_running", pump.wait_while_running)
    check("volume_infused_ml", lambda: pump.volume_infused_ml, 0.1)
    check("volume_infused_clear", pump.volume_infused_clear)
    check("withdraw", lambda: setattr(pump, "pumping_direction", PumpingDirection.WITHDRAW))
    check("run again", lambda: pump.run(wait_while_running=False))
    check("stop", lambda: pump.stop(wait_while_running=False))
    check("status paused", lambda: pump.status, Status.PAUSED)
    check("stop the paused one", lambda: pump.stop(wait_while_running=False))
    check("run_purge", pump.run_purge)
    check("status purging", lambda: pump.status, Status.PURGING)
    check("stop the purge", lambda: pump.stop(wait_while_running=False))


def labmcp_julabo(place: str, _option: str) -> None:
    from labmcp import InstrumentError
    from labmcp_julabo.driver import JulaboCirculator

    bath = JulaboCirculator(labmcp_tcp(place, write_termination="\r", read_termination="\r\n"))
    check("identify", bath.identify, lambda got: got["status"] == "02 REMOTE STOP")
    check("status", lambda: bath.status().code, 2)
    check("bath_temperature_c", bath.bath_temperature_c, 22.0)
    check("heating_power_pct", bath.heating_power_pct, 0.0)
    check("external_temperature_c", bath.external_temperature_c, 22.0)
    check("safety_sensor_temperature_c", bath.safety_sensor_temperature_c, 22.0)
    check("excess_temperature_protection_c", bath.excess_temperature_protection_c, 200.0)
    check("setpoint_c", bath.setpoint_c, 25.0)
    check("warning_limits_c", bath.warning_limits_c, (200.0, -20.0))
    check("is_running", bath.is_running, False)
    check("set_setpoint", lambda: bath.set_setpoint(40.0).code, 2)
    check("start", lambda: bath.start().code, 3)
    check("set_setpoint too high", lambda: bath.set_setpoint(400.0), InstrumentError)
    check("stop", bath.stop, True)


def julabo(place: str, _option: str) -> None:
    import julabo as library
    import serial

    class Line:
        """What the library asks of a connection, over a serial port."""

        def __init__(self) -> None:
            self.port = serial.serial_for_url(place, timeout=2.0)

        def write(self, data: bytes) -> None:
            self.port.write(data)

        def write_readline(self, data: bytes) -> Any:
            self.port.write(data)
            return self.port.read_until(b"\n")

    bath = library.JulaboMS(Line())
    check("identification", bath.identification, lambda got: got.startswith("JULABO"))
    check("status", bath.status, "02 REMOTE STOP")
    check("is_started", bath.is_started, False)
    check("bath_temperature", bath.bath_temperature, 22.0)
    check("heating_power", bath.heating_power, 0.0)
    check("external_temperature", bath.external_temperature, 22.0)
    check("safety_temperature", bath.safety_temperature, 22.0)
    for number, name in enumerate(("set_point_1", "set_point_2", "set_point_3")):
        value = 30.0 + number
        set_to = partial(getattr(bath, name), value)
        check(f"{name} =", set_to, object)
        check(name, getattr(bath, name), value)
    check("high_temperature", bath.high_temperature, float)
    check("low_temperature", bath.low_temperature, float)
    check("active_set_point_channel", bath.active_set_point_channel, 1)
    check("active_set_point_channel =", lambda: bath.active_set_point_channel(2), object)
    check("active_set_point_channel 2", bath.active_set_point_channel, 2)
    check("self_tunning", lambda: int(bath.self_tunning()), 0)
    check("external_input", lambda: int(bath.external_input()), 0)
    check("temperature_control", lambda: int(bath.temperature_control()), 0)
    check("start", bath.start, object)
    check("is_started when started", bath.is_started, True)
    check("stop", bath.stop, object)
    check("is_started when stopped", bath.is_started, False)


def labmcp_ika(place: str, _option: str) -> None:
    from labmcp_ika.driver import IKAStirrer

    plate = IKAStirrer(labmcp_tcp(place, read_termination="\r\n", write_termination=" \r\n"))
    check("identify", plate.identify, lambda got: got["model"] == "RCT digital")
    check("external_temperature_c", plate.external_temperature_c, 22.0)
    check("hotplate_temperature_c", plate.hotplate_temperature_c, 22.0)
    check("viscosity_trend", plate.viscosity_trend, 0.0)
    check("safety_temperature_c", plate.safety_temperature_c, 360.0)
    check("set_speed", lambda: plate.set_speed(250))
    check("speed_setpoint_rpm", plate.speed_setpoint_rpm, 250.0)
    check("start_motor", plate.start_motor)
    time.sleep(6.0)
    check("speed_rpm", plate.speed_rpm, lambda got: abs(got - 250) < 5)
    check("set_temperature", lambda: plate.set_temperature(45.0))
    check("temperature_setpoint_c", plate.temperature_setpoint_c, 45.0)
    check("start_heater", plate.start_heater)
    check("set_watchdog_safety_values", lambda: plate.set_watchdog_safety_values(40.0, 100))
    check("set_watchdog_safety_values 40.5", lambda: plate.set_watchdog_safety_values(40.5, 100))
    check("enable_watchdog 2", lambda: plate.enable_watchdog(2, 30))
    check("disable_watchdog", plate.disable_watchdog)
    check("enable_watchdog 1", lambda: plate.enable_watchdog(1, 30))
    check("stop_all", plate.stop_all, [])
    check("set_temperature out of range is ignored", lambda: plate.set_temperature(400.0))
    check("temperature_setpoint_c as before", plate.temperature_setpoint_c, 45.0)


def ika(place: str, _option: str) -> None:
    serial_on_a_pty()
    from ika.magnetic_stirrer import MagneticStirrer

    plate = MagneticStirrer(place)
    plate._ser.timeout = 1.0  # noqa: SLF001 - it has none and would wait for ever
    check("read_device_name", plate.read_device_name, "RCT digital")
    check("probe_temperature", plate.probe_temperature, 22.0)
    check("hotplate_sensor_temperature", plate.hotplate_sensor_temperature, 22.0)
    check("stir_rate", plate.stir_rate, 0.0)
    check("target_temperature", plate.target_temperature, 0.0)
    check("hardware_safety_temperature", plate.hardware_safety_temperature, 360.0)
    check("viscosity_trend", plate.viscosity_trend, 0.0)
    check("set_target_stir_rate", lambda: plate.set_target_stir_rate(300))
    check("target_stir_rate", plate.target_stir_rate, 300.0)
    check("set_target_temperature", lambda: plate.set_target_temperature(50.5))
    check("target_temperature 50.5", plate.target_temperature, 50.5)
    check("start_stirring", plate.start_stirring)
    check("start_heating", plate.start_heating)
    check("set_operating_mode_a", plate.set_operating_mode_a)
    check("stop_heating", plate.stop_heating)
    check("stop_stirring", plate.stop_stirring)
    check("switch_to_normal_operating_mode", plate.switch_to_normal_operating_mode)
    check(
        "set_wd_safety_limit_temperature", lambda: plate.set_wd_safety_limit_temperature("60"), 60.0
    )
    check("set_wd_safety_limit_speed", lambda: plate.set_wd_safety_limit_speed(100), 100.0)
    check("watchdog_mode_2", lambda: plate.watchdog_mode_2("30"))
    check("read after watchdog_mode_2", plate.probe_temperature, 22.0)


def ika_control(place: str, _option: str) -> None:
    serial_on_a_pty()
    from ika import Hotplate

    loop = asyncio.new_event_loop()
    plate = Hotplate(place)

    def done(work: Awaitable[Any]) -> Any:
        return loop.run_until_complete(work)

    check(
        "get_info", lambda: done(plate.get_info()), lambda got: got["name"] == "RCT digital", 20.0
    )
    check("set shaker", lambda: done(plate.set("shaker", 300)))
    check("set process", lambda: done(plate.set("process", 60)))
    check("control motor", lambda: done(plate.control("motor", True)))
    check("control heater", lambda: done(plate.control("heater", True)))
    time.sleep(6.0)
    check(
        "get",
        lambda: done(plate.get()),
        lambda got: (
            got["speed"] == {"setpoint": 300, "actual": got["speed"]["actual"], "active": True}
            and got["speed"]["actual"] > 250
            and got["process_temp"]["setpoint"] == 60.0
            and got["process_temp"]["active"] is True
        ),
        30.0,
    )
    check("control motor off", lambda: done(plate.control("motor", False)))
    check("reset", lambda: done(plate.reset()))


def labmcp_cavro(place: str, option: str) -> None:
    from labmcp import InstrumentError
    from labmcp_cavro.driver import CavroPump

    pump = CavroPump(
        labmcp_tcp(place, write_termination="\r", read_termination="\x03\r\n"),
        address=option,
        model="xcalibur",
    )
    check("identify", pump.identify, lambda got: "XP3000" in got["firmware"])
    check(
        "move_plunger before it is initialised",
        lambda: pump.move_plunger("A", 100, 900, 9.0),
        InstrumentError,
    )
    check("initialize", pump.initialize)
    check("mode", pump.mode, 0)
    check("plunger_steps", pump.plunger_steps, 0)
    check("move_plunger P", lambda: pump.move_plunger("P", 1000, 3000, 9.0).position_steps, 1000)
    check("move_plunger D", lambda: pump.move_plunger("D", 400, 3000, 9.0).position_steps, 600)
    check("move_plunger A", lambda: pump.move_plunger("A", 100, 3000, 9.0).position_steps, 100)
    check("move_plunger too far", lambda: pump.move_plunger("A", 9000, 3000, 9.0), InstrumentError)
    check("top_speed", pump.top_speed, 3000)
    check("move_valve O", lambda: pump.move_valve("O"), "o")
    check("move_valve I", lambda: pump.move_valve("I"), "i")
    check("move_valve B", lambda: pump.move_valve("B"), "b")
    check("move_plunger on bypass", lambda: pump.move_plunger("A", 50, 900, 9.0), InstrumentError)
    check("query_status", lambda: pump.query_status().ready, True)
    check("terminate", lambda: pump.terminate().error, 0)


def labmcp_mettler(place: str, _option: str) -> None:
    from labmcp_mettler_toledo import driver

    kind = next(each for name, each in vars(driver).items() if name.endswith("Balance"))
    balance = kind(labmcp_tcp(place, write_termination="\r\n", read_termination="\r\n"))
    check("identify", balance.identify, lambda got: got["serial"] == "1129012345")
    check("weight", lambda: balance.weight().value, 0.0)
    check("weight immediately", lambda: balance.weight(stable=False).stable, True)
    check("zero", balance.zero, True)
    check("zero immediately", lambda: balance.zero(immediately=True), True)
    check("tare", lambda: balance.tare().value, 0.0)
    check("tare immediately", lambda: balance.tare(immediately=True).value, 0.0)
    check("preset_tare", lambda: balance.preset_tare(12.5, "g").value, 12.5)
    check("tare_value", lambda: balance.tare_value().value, 12.5)
    check("weight below the tare", lambda: balance.weight().value, -12.5)
    check("clear_tare", balance.clear_tare)
    check("display_text", lambda: balance.display_text("ready"))
    check("display_weight", balance.display_weight)
    check("door_position", balance.door_position, "closed")
    check("set_door", lambda: balance.set_door(1))
    check("temperature_c", balance.temperature_c, [22.5])
    check("internal_adjustment", balance.internal_adjustment, seconds=60.0)
    check("reset", balance.reset, "1129012345")


def labmcp_ezo(place: str, option: str) -> None:
    from labmcp_atlas_ezo.driver import EZOCircuit

    probe = EZOCircuit(labmcp_tcp(place, write_termination="\r", read_termination="\r"))
    check("initialise", probe.initialise, seconds=15.0)
    check("identify", probe.identify, lambda got: got["model"].startswith("EZO-"))
    check("read", lambda: list(probe.read().values.values()), lambda got: len(got) == 1)
    check("status", lambda: probe.status()[1], 5.038)
    check("calibration_points", probe.calibration_points, 0)
    check("led", probe.led, True)
    check("set_led", lambda: probe.set_led(True))
    check("name", probe.name, "")
    if option == "pH":
        check("slope", probe.slope, (99.7, 100.3, -0.89))
        check("calibrate", lambda: probe.calibrate("mid", 7.0))
        check(
            "set_temperature_compensation", lambda: probe.set_temperature_compensation(19.5), 19.5
        )
        check("temperature_compensation", probe.temperature_compensation, 19.5)
    check("clear_calibration", probe.clear_calibration)


if __name__ == "__main__":
    try:
        globals()[sys.argv[1]](sys.argv[2], sys.argv[3])
    except Exception as error:  # noqa: BLE001 - told as a call that failed
        tell("constructor", f"{type(error).__name__}: {error}", False)
