"""Cases of what heats and cools: Julabo, IKA, Huber."""

from functools import partial

from labloop.errors import DeviceFaultError, ProtocolError
from labloop.records import Quality
from labloop.testing.drivers import DriverCase, ManualAnswer
from labloop.units import quantity
from labloop_simulators.worlds.bench import Bench
from labloop_simulators.worlds.flow_reactor import FlowReactor
from labloop_simulators.worlds.reaction_robot import create as reaction_robot

_ROOM = quantity(22, "degC")

JULABO = (
    DriverCase(
        "julabo",
        FlowReactor,
        "thermostat",
        lambda bath: bath.set_temperature(quantity(80, "degC")),
        values={
            "setpoint": quantity(80, "degC"),
            "bath_temperature": _ROOM,
            "external_temperature": _ROOM,
            "heating_power": quantity(0, "%"),
            "status": quantity(2, "1"),
        },
        answers=(
            ManualAnswer("bath_temperature", b"-12.50\r\n", quantity(-12.5, "degC")),
            ManualAnswer("external_temperature", b"148.02\n", quantity(148.02, "degC")),
            ManualAnswer("setpoint", b" 37.00 \r\n", quantity(37, "degC")),
            ManualAnswer("heating_power", b"45\r\n", quantity(45, "%")),
            ManualAnswer("status", b"03 REMOTE START\r\n", quantity(3, "1")),
            ManualAnswer("status", b"-01 LOW LEVEL ALARM\r\n", DeviceFaultError),
            ManualAnswer("status", b"-33 SENSOR SHORT CIRCUITED\r\n", DeviceFaultError),
            ManualAnswer("status", b"02 REMOTE START\r\n", ProtocolError),
            ManualAnswer("status", b"22.00\r\n", ProtocolError),
            ManualAnswer("bath_temperature", b"02 REMOTE STOP\r\n", ProtocolError),
            ManualAnswer("bath_temperature", b"22.0\x070\r\n", ProtocolError),
            ManualAnswer("bath_temperature", b"\r\n", ProtocolError),
            # The setpoint is not kept, and the instrument says why.
            ManualAnswer(
                lambda bath: bath.set_temperature(quantity(50, "degC")),
                {b"in_sp_00\r": b"22.00\r\n", b"status\r": b"-08 INVALID COMMAND\r\n"},
                DeviceFaultError,
            ),
            ManualAnswer(
                lambda bath: bath.set_temperature(quantity(50, "degC")),
                {b"in_sp_00\r": b"22.00\r\n"},
                DeviceFaultError,
            ),
            ManualAnswer(
                lambda bath: bath.connect(),
                {b"status\r": b"00 MANUAL STOP\r\n"},
                DeviceFaultError,
            ),
            ManualAnswer(lambda bath: bath.start(), {b"in_mode_05\r": b"0\r\n"}, DeviceFaultError),
        ),
        frames=(
            (lambda bath: bath.set_temperature(quantity(80, "degC")), b"out_sp_00 80.00\r"),
            (lambda bath: bath.start(), b"out_mode_05 1\r"),
            (lambda bath: bath.stop(), b"out_mode_05 0\r"),
        ),
    ),
    DriverCase(
        "julabo",
        partial(Bench, {"it": {"emulator": "julabo", "address": 32}}),
        "it",
        lambda bath: bath.set_temperature(quantity(80, "degC")),
        options={"address": 32},
        values={"setpoint": quantity(80, "degC")},
        answers=(
            ManualAnswer("setpoint", b"A032_37.00\r\n", quantity(37, "degC")),
            ManualAnswer("setpoint", b"A033_37.00\r\n", ProtocolError),
        ),
        frames=(
            (lambda bath: bath.set_temperature(quantity(80, "degC")), b"A032_out_sp_00 80.00\r"),
        ),
        title="RS-485",
    ),
)

_IKA = DriverCase(
    "ika",
    lambda: reaction_robot(0, {}),
    "hotplate_1",
    lambda plate: plate.set_temperature(quantity(60, "degC")),
    values={
        "external_temperature": _ROOM,
        "plate_temperature": _ROOM,
        "stirring_speed": quantity(0, "rpm"),
    },
    answers=(
        ManualAnswer("plate_temperature", b"85.3 2 \r\n", quantity(85.3, "degC")),
        ManualAnswer("external_temperature", b"-5.5 1 \r\n", quantity(-5.5, "degC")),
        ManualAnswer("stirring_speed", b"600.0 4 \r\n", quantity(600, "rpm")),
        ManualAnswer("plate_temperature", b"85.3 1 \r\n", ProtocolError),
        ManualAnswer("stirring_speed", b"IKARCT digital \r\n", ProtocolError),
        ManualAnswer("stirring_speed", b"6\x0700.0 4 \r\n", ProtocolError),
        ManualAnswer(
            lambda plate: plate.set_temperature(quantity(60, "degC")),
            {b"IN_SP_1 \r\n": b"22.0 1 \r\n"},
            DeviceFaultError,
        ),
        ManualAnswer(
            lambda plate: plate.wait_until_temperature(quantity(60, "degC")),
            {b"IN_PV_1 \r\n": b"60.0 1 \r\n"},
            lambda reached: reached == 60.0,
        ),
        ManualAnswer(
            lambda plate: plate.start_stirring(),
            {b"IN_SP_4 \r\n": b"300.0 4 \r\n", b"IN_PV_4 \r\n": b"0.0 4 \r\n"},
            DeviceFaultError,
        ),
    ),
    frames=(
        (lambda plate: plate.set_temperature(quantity(60, "degC")), b"OUT_SP_1 60.0 \r\n"),
        (lambda plate: plate.set_stirring_speed(quantity(400, "rpm")), b"OUT_SP_4 400 \r\n"),
        (lambda plate: plate.start_heating(), b"START_1 \r\n"),
        (lambda plate: plate.stop_heating(), b"STOP_1 \r\n"),
        (lambda plate: plate.start_stirring(), b"START_4 \r\n"),
        (lambda plate: plate.stop_stirring(), b"STOP_4 \r\n"),
    ),
)

IKA = (
    _IKA,
    DriverCase(
        _IKA.driver,
        _IKA.world,
        _IKA.device,
        _IKA.act,
        options={"watchdog": "60 s"},
        answers=(
            ManualAnswer(
                lambda plate: plate.connect(),
                {b"OUT_WD1@60 \r\n": b"120.0 \r\n"},
                DeviceFaultError,
            ),
        ),
        title="watchdog",
    ),
)

HUBER = (
    DriverCase(
        "huber",
        partial(Bench, {"it": "huber"}),
        "it",
        lambda bath: bath.set_temperature(quantity(60, "degC")),
        values={
            "setpoint": quantity(60, "degC"),
            "internal_temperature": _ROOM,
            "running": quantity(0, "1"),
        },
        answers=(
            ManualAnswer("internal_temperature", b"{S01FF38\r\n", quantity(-2, "degC")),
            ManualAnswer("setpoint", b"{S003A98\r\n", quantity(150, "degC")),
            ManualAnswer("process_temperature", b"{S0709C4\r\n", quantity(25, "degC")),
            ManualAnswer("process_temperature", b"{S07C504\r\n", Quality.INVALID),
            ManualAnswer("running", b"{S140001\r\n", quantity(1, "1")),
            ManualAnswer("internal_temperature", b"{S020898\r\n", ProtocolError),
            ManualAnswer("internal_temperature", b"{M010898\r\n", ProtocolError),
            ManualAnswer("internal_temperature", b"{S01****\r\n", ProtocolError),
            ManualAnswer(
                lambda bath: bath.start(), {b"{M05****\r\n": b"{S05FFFB\r\n"}, DeviceFaultError
            ),
            ManualAnswer(
                lambda bath: bath.start(), {b"{M140001\r\n": b"{S140000\r\n"}, DeviceFaultError
            ),
            ManualAnswer(
                lambda bath: bath.set_temperature(quantity(60, "degC")),
                {b"{M001770\r\n": b"{S000898\r\n"},
                DeviceFaultError,
            ),
            ManualAnswer(
                lambda bath: bath.wait_until_stable(),
                {b"{M01****\r\n": b"{S01C504\r\n"},
                DeviceFaultError,
            ),
        ),
        frames=(
            (lambda bath: bath.set_temperature(quantity(60, "degC")), b"{M001770\r\n"),
            (lambda bath: bath.set_temperature(quantity(-5, "degC")), b"{M00FE0C\r\n"),
            (lambda bath: bath.start(), b"{M140001\r\n"),
            (lambda bath: bath.start(), b"{M160001\r\n"),
            (lambda bath: bath.stop(), b"{M140000\r\n"),
        ),
    ),
)
