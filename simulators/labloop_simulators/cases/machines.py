"""Cases of the machines with labloop's own protocols: detector, chromatograph, arm."""

import binascii
from typing import Any

from labloop.errors import DeviceFaultError, ProtocolError, UncertainError
from labloop.testing.drivers import DriverCase, ManualAnswer
from labloop.units import quantity
from labloop_simulators.bodies.liquids import Liquid
from labloop_simulators.worlds.flow_reactor import FlowReactor
from labloop_simulators.worlds.reaction_robot import ReactionRobot
from labloop_simulators.worlds.reaction_robot import create as reaction_robot

_FAULT = DeviceFaultError


def _line(text: str) -> bytes:
    """Return a line of the UV detector, with its CRC-16 (start 0)."""
    raw = text.encode("ascii")
    return raw + b"*%04X\r\n" % binascii.crc_hqx(raw, 0)


def _hplc(text: str) -> bytes:
    """Return an answer of the HPLC, with its CRC-16 (start 0)."""
    raw = text.encode("ascii")
    return b"@" + raw + b"*%04X\r\n" % binascii.crc_hqx(raw, 0)


def _arm(text: str) -> bytes:
    """Return an answer of the arm, with its CRC-16 (start FFFF)."""
    raw = b"#" + text.encode("ascii")
    return raw + b" ~%04X\r\n" % binascii.crc_hqx(raw, 0xFFFF)


def _arm_command(text: str) -> bytes:
    """Return a command to the arm."""
    raw = b"*" + text.encode("ascii")
    return raw + b" ~%04X\r\n" % binascii.crc_hqx(raw, 0xFFFF)


def _two_points(curve: Any) -> bool:
    """Whether a curve is the one of ``_BLOCK``: 1 and 1.5 minutes, 12.345 and -0.5 mAU."""
    minutes, absorbance = list(curve.x), list(curve.y)
    units = (curve.x_unit, curve.y_unit) == ("min", "mAU")
    return units and minutes == [1.0, 1.5] and absorbance == [12.345, -0.5]


_BLOCK = _line("DATA 1 2 60000 30000") + _line("+0012345-0000500")

UV_DETECTOR = (
    DriverCase(
        "uv_detector",
        FlowReactor,
        "detector",
        lambda detector: detector.scan(),
        values={"lamp_intensity": quantity(100, "%"), "time_left": quantity(0, "s")},
        answers=(
            ManualAnswer("lamp_intensity", _line("LAMP 55.50"), quantity(55.5, "%")),
            ManualAnswer("time_left", _line("STATE SCANNING 1 2500"), quantity(2.5, "s")),
            ManualAnswer("time_left", _line("STATE FAULT 1 0"), _FAULT),
            ManualAnswer("time_left", _line("STATE READY 1"), ProtocolError),
            ManualAnswer("lamp_intensity", _line("LAMP 55"), ProtocolError),
            ManualAnswer("lamp_intensity", _line("ERR 2 DAMAGED"), ProtocolError),
            ManualAnswer("lamp_intensity", _line("ERR 5 LAMP COLD"), _FAULT),
            ManualAnswer(lambda uv: uv.scan(), {_line("DATA?"): _BLOCK}, _two_points),
            ManualAnswer(
                lambda uv: uv.scan(),
                {_line("DATA?"): _line("DATA 7 1 0 500") + _line("+0000000")},
                _FAULT,
            ),
            ManualAnswer(
                lambda uv: uv.scan(),
                {_line("DATA?"): _line("DATA 1 1 0 500") + _line("+00O0000")},
                UncertainError,
            ),
            ManualAnswer(
                lambda uv: uv.scan(),
                {_line("DATA?"): _line("DATA 1 2 0 500") + _line("+0000000")},
                UncertainError,
            ),
            ManualAnswer(
                lambda uv: uv.scan(),
                {_line("DATA?"): _line("DATA 1 1 0 500") + b"+0000000*0000\r\n"},
                UncertainError,
            ),
            ManualAnswer(lambda uv: uv.abort(), _line("OK SCAN"), ProtocolError),
        ),
        frames=(
            (lambda uv: uv.scan(), b"SCAN*3DED\r\n"),
            (lambda uv: uv.abort(), _line("ABORT")),
        ),
        checksum=True,
    ),
)


def _chromatograph() -> ReactionRobot:
    """Return the robot's lab, with something in the first cup of the HPLC's tray."""
    world = reaction_robot(0, {})
    cup = world.deck.slots["cup_1"].vessel
    if cup is not None:
        cup.pour(Liquid(50.0, {}), 0.0)
    return world


async def _injected(hplc: Any) -> None:
    await hplc.inject("cup_1")


def _half_a_milli(curve: Any) -> bool:
    """Whether a curve has the two points of the answers below: 0.5 and -0.25 mAU, 6 s apart."""
    units = (curve.x_unit, curve.y_unit) == ("min", "mAU")
    return units and list(curve.x) == [0.0, 0.1] and list(curve.y) == [0.5, -0.25]


_TWO = _hplc("DAT,0001,0,2,00001DCD6500FFFFF1194D80")
_SIZE = {b"$INF,0001*EE78\r\n": _hplc("INF,0001,2,6.0")}
_FETCH = b"$FET,0001,0,2*%04X\r\n" % binascii.crc_hqx(b"FET,0001,0,2", 0)

HPLC = (
    DriverCase(
        "hplc",
        _chromatograph,
        "hplc",
        _injected,
        answers=(
            ManualAnswer("seconds_left", _hplc("STA,RUN,0001,12.5"), quantity(12.5, "s")),
            ManualAnswer("seconds_left", _hplc("STA,HEATING,0001,12.5"), ProtocolError),
            ManualAnswer("seconds_left", _hplc("STA,RUN,0001"), ProtocolError),
            ManualAnswer("seconds_left", _hplc("OK,0001,12.5"), ProtocolError),
            ManualAnswer("seconds_left", _hplc("ERR,E02"), _FAULT),
            ManualAnswer("seconds_left", _hplc("ERR,E01"), ProtocolError),
            ManualAnswer(
                _injected, {b"$INJ,0001,cup_1,1.0*781E\r\n": _hplc("OK,0002,9.0")}, UncertainError
            ),
            ManualAnswer(_injected, {b"$INJ,0001,cup_1,1.0*781E\r\n": _hplc("ERR,E13")}, _FAULT),
            ManualAnswer(lambda hplc: hplc.inject("cup 1"), {}, ProtocolError),
        ),
        frames=(
            (_injected, b"$INJ,0001,cup_1,1.0*781E\r\n"),
            (
                lambda hplc: hplc.inject("cup_1", quantity(2.5, "uL")),
                _hplc("INJ,0001,cup_1,2.5").replace(b"@", b"$"),
            ),
        ),
        checksum=True,
        title="inject",
    ),
    DriverCase(
        "hplc",
        _chromatograph,
        "hplc",
        lambda hplc: hplc.chromatogram(),
        prepare=_injected,
        values={"seconds_left": quantity(0, "s")},
        answers=(
            ManualAnswer(lambda hplc: hplc.chromatogram(), {**_SIZE, _FETCH: _TWO}, _half_a_milli),
            ManualAnswer(
                lambda hplc: hplc.chromatogram(),
                {**_SIZE, _FETCH: _hplc("DAT,0001,0,2,00001DCD6500")},
                ProtocolError,
            ),
            ManualAnswer(
                lambda hplc: hplc.chromatogram(),
                {**_SIZE, _FETCH: _hplc("DAT,0001,0,2,00001DCD6500FFFFF1194DXX")},
                ProtocolError,
            ),
            ManualAnswer(
                lambda hplc: hplc.chromatogram(),
                {b"$INF,0001*EE78\r\n": _hplc("INF,0002,2,6.0")},
                ProtocolError,
            ),
        ),
        checksum=True,
        title="chromatogram",
    ),
)

_STATUS = "STATUS IDLE tips 1 25.5 12 34"

ROBOT_ARM = (
    DriverCase(
        "robot_arm",
        lambda: reaction_robot(0, {}),
        "arm",
        lambda arm: arm.pick_up_tip(),
        prepare=lambda arm: arm.home(),
        values={
            "tip_on": quantity(1, "1"),
            "tip_volume": quantity(0, "uL"),
            "tips_left": quantity(767, "1"),
            "vials_left": quantity(240, "1"),
        },
        answers=(
            ManualAnswer("tip_volume", _arm(_STATUS), quantity(25.5, "uL")),
            ManualAnswer("tips_left", _arm(_STATUS), quantity(12, "1")),
            ManualAnswer("vials_left", _arm(_STATUS), quantity(34, "1")),
            ManualAnswer("tip_on", _arm("STATUS IDLE - 0 0.0 12 34"), quantity(0, "1")),
            ManualAnswer("tip_on", _arm("STATUS IDLE - 2 0.0 12 34"), ProtocolError),
            ManualAnswer("tip_on", _arm("STATUS IDLE - 1 0.0 12"), ProtocolError),
            ManualAnswer("tip_on", _arm("ID labloop-arm 1 1"), ProtocolError),
            ManualAnswer(lambda arm: arm.pick_up_tip(), _arm("0002 NAK E32"), _FAULT),
            ManualAnswer(lambda arm: arm.pick_up_tip(), _arm("0002 ACK"), UncertainError),
            ManualAnswer(lambda arm: arm.pick_up_tip(), _arm("0002 ACK 1.5"), UncertainError),
            ManualAnswer(lambda arm: arm.pick_up_tip(), _arm("0009 ACK 10"), UncertainError),
            ManualAnswer(
                lambda arm: arm.pick_up_tip(),
                {b"?SEQ 0002 ~1436\r\n": _arm("SEQ 0002 FAIL E40")},
                _FAULT,
            ),
            ManualAnswer(
                lambda arm: arm.pick_up_tip(),
                {b"?SEQ 0002 ~1436\r\n": _arm("SEQ 0002 UNKNOWN")},
                UncertainError,
            ),
            ManualAnswer(lambda arm: arm.move("no slot"), {}, ProtocolError),
        ),
        frames=(
            (lambda arm: arm.pick_up_tip(), b"*0002 TIP ~7047\r\n"),
            (
                lambda arm: arm.move_to(
                    quantity(300, "mm"), quantity(100, "mm"), quantity(300, "mm")
                ),
                _arm_command("0002 GOTO 300.0 100.0 300.0"),
            ),
        ),
        checksum=True,
    ),
)
