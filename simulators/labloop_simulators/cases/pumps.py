"""Cases of the pumps: New Era, Harvard, Tecan Cavro, Hamilton."""

from functools import partial, reduce
from operator import xor
from typing import Any

from labloop.errors import DeviceError, DeviceFaultError, LimitError, ProtocolError
from labloop.testing.drivers import DriverCase, ManualAnswer
from labloop.units import quantity
from labloop_simulators.worlds.bench import Bench
from labloop_simulators.worlds.flow_reactor import FlowReactor

_FLOW = quantity(1, "mL/min")
_FAULT = DeviceFaultError


async def _set_rate(pump: Any) -> None:
    await pump.set_rate(_FLOW)


async def _dispense(pump: Any) -> None:
    await pump.dispense(quantity(0.5, "mL"), _FLOW)


async def _start(pump: Any) -> None:
    await pump.start()


async def _stop(pump: Any) -> None:
    await pump.stop()


async def _connect(pump: Any) -> None:
    await pump.connect()


async def _draw_and_give(pump: Any) -> None:
    await pump.draw(quantity(0.5, "mL"), quantity(30, "mL/min"))
    await pump.dispense(quantity(0.25, "mL"), quantity(15, "mL/min"))


def _basic(text: str) -> bytes:
    """Return an answer of a New Era in basic mode."""
    return f"\x02{text}\x03".encode("ascii")


_NEW_ERA_TABLE = [
    ("rate", "00S60.00UH", quantity(0.001, "mL/min")),
    ("rate", "00I500.0UM", quantity(0.5, "mL/min")),
    ("rate", "00S60.00MH", _FLOW),
    ("rate", "00S2.500MM", quantity(2.5, "mL/min")),
    ("dispensed", "00SI1.500W0.250ML", quantity(1.5, "mL")),
    ("dispensed", "00SI250.0W0.000UL", quantity(0.25, "mL")),
    ("running", "00I", quantity(1, "1")),
    ("running", "00W", quantity(1, "1")),
    ("running", "00X", quantity(1, "1")),
    ("running", "00P", quantity(0, "1")),
    *(("running", f"00A?{letter}", _FAULT) for letter in "RSTEO"),
    *(("rate", f"00S{refusal}", _FAULT) for refusal in ("?", "?NA", "?COM", "?IGN")),
    ("rate", "00S?OOR", LimitError),
    ("rate", "01S1.000MM", DeviceError),
    ("rate", "00S1.000ML", ProtocolError),
    ("rate", "00S1.000", ProtocolError),
    ("rate", "00Q1.000MM", ProtocolError),
    ("rate", "00A?Q", ProtocolError),
    ("rate", "00S1.0\x0700MM", ProtocolError),
    ("rate", "0", ProtocolError),
    ("dispensed", "00SI1.500", ProtocolError),
]

NEW_ERA = (
    DriverCase(
        "new_era",
        FlowReactor,
        "pump_a",
        lambda pump: pump.set_rate(_FLOW),
        options={"diameter": "14.6 mm"},
        values={"rate": _FLOW, "dispensed": quantity(0, "mL"), "running": quantity(0, "1")},
        answers=(
            # The text ends too early for its length, begins with another byte, lacks its end.
            ManualAnswer("running", b"\x02\x0800S\xaa\xa6\x03", DeviceError),
            ManualAnswer("running", b"\x03\x0700S\xaa\xa6\x03", DeviceError),
            ManualAnswer("running", b"\x02\x0700S\xaa\xa6\x02", ProtocolError),
        ),
        frames=((lambda pump: pump.set_rate(_FLOW), b"\x02\x1000RAT1.000MM\xbd^\x03"),),
        checksum=True,
        title="safe mode",
    ),
    DriverCase(
        "new_era",
        FlowReactor,
        "pump_a",
        lambda pump: pump.set_rate(_FLOW),
        options={"diameter": "14.6 mm", "mode": "basic"},
        values={"rate": _FLOW, "dispensed": quantity(0, "mL"), "running": quantity(0, "1")},
        answers=(
            *(ManualAnswer(read, _basic(text), means) for read, text, means in _NEW_ERA_TABLE),
            ManualAnswer("running", b"00S\x03", ProtocolError),
            ManualAnswer(
                lambda pump: pump.dispense(quantity(0.5, "mL"), _FLOW),
                {b"00\r": _basic("00I")},
                _FAULT,
            ),
            ManualAnswer(lambda pump: pump.stop(), {b"00STP\r": _basic("00I")}, _FAULT),
        ),
        frames=(
            (lambda pump: pump.set_rate(_FLOW), b"00RAT1.000MM\r"),
            (lambda pump: pump.set_rate(quantity(2.3456, "mL/min")), b"00RAT2.346MM\r"),
            (lambda pump: pump.dispense(quantity(0.5, "mL"), _FLOW), b"00VOL0.500\r"),
            (lambda pump: pump.dispense(quantity(0.5, "mL"), _FLOW), b"00RAT1.000MM\r"),
            (lambda pump: pump.start(), b"00RUN\r"),
            (lambda pump: pump.stop(), b"00STP\r"),
        ),
        title="basic mode",
    ),
)

_HARVARD_TABLE = [
    ("rate", b"60 ul/hr\r\n:", quantity(0.001, "mL/min")),
    ("rate", b"6000 nl/min\r\n:", quantity(0.006, "mL/min")),
    ("rate", b"6000000 pl/s\r\n:", quantity(0.36, "mL/min")),
    ("rate", b"0.06 l/h\r\n:", _FLOW),
    ("rate", b"2 ml/s\r\n:", quantity(120, "mL/min")),
    ("infused", b"250.5 ul\r\n:", quantity(0.2505, "mL")),
    ("infused", b"1.25 l\r\n>", quantity(1250, "mL")),
    ("running", b"14.6000 mm\r\n>", quantity(1, "1")),
    ("running", b"14.6000 mm\r\n<", quantity(1, "1")),
    ("running", b"14.6000 mm\r\nT*", quantity(0, "1")),
    ("running", b"14.6000 mm\r\n*", _FAULT),
    ("rate", b"Command error\r\n:", _FAULT),
    ("rate", b"Unknown command\r\n:", _FAULT),
    ("rate", b"Argument error: 999\r\n:", _FAULT),
    ("rate", b"Argument error: 999\r\n   Out of range\r\n:", LimitError),
    ("rate", b"1 ml\r\n:", ProtocolError),
    ("infused", b"1 ml/min\r\n:", ProtocolError),
    ("rate", b"1 ml/min\r\n01:", ProtocolError),
    ("rate", b"1 ml/m\xe9n\r\n:", DeviceError),
]

HARVARD = (
    DriverCase(
        "harvard",
        partial(Bench, {"it": "harvard"}),
        "it",
        lambda pump: pump.set_rate(_FLOW),
        options={"diameter": "14.6 mm"},
        values={"rate": _FLOW, "infused": quantity(0, "mL"), "running": quantity(0, "1")},
        answers=(
            *(ManualAnswer(read, b"\n" + text, means) for read, text, means in _HARVARD_TABLE),
            ManualAnswer(_dispense, {b"diameter\r": b"\n14.6000 mm\r\n>"}, _FAULT),
            ManualAnswer(_dispense, {b"tvolume\r": b"\n0.4 ml\r\n:"}, _FAULT),
            ManualAnswer(_set_rate, {b"irate\r": b"\n2 ml/min\r\n:"}, _FAULT),
            ManualAnswer(_set_rate, {b"irate\r": b"\n1.005 ml/min\r\n:"}, _FAULT),
            ManualAnswer(_start, {b"diameter\r": b"\n14.6000 mm\r\n:"}, _FAULT),
            ManualAnswer(_stop, {b"diameter\r": b"\n14.6000 mm\r\n>"}, _FAULT),
            ManualAnswer(_connect, {b"diameter\r": b"\n10.0000 mm\r\n:"}, _FAULT),
            ManualAnswer(_connect, {b"diameter\r": b"\n14.6 cm\r\n:"}, ProtocolError),
        ),
        frames=(
            (lambda pump: pump.set_rate(_FLOW), b"irate 1 ml/min\r"),
            (lambda pump: pump.dispense(quantity(0.5, "mL"), _FLOW), b"tvolume 0.5 ml\r"),
            (lambda pump: pump.dispense(quantity(0.5, "mL"), _FLOW), b"irate 1 ml/min\r"),
            (lambda pump: pump.start(), b"irun\r"),
            (lambda pump: pump.stop(), b"stop\r"),
        ),
    ),
)


def _block(status: int, text: bytes = b"", address: int = 0x30) -> bytes:
    """Return an answer of a Cavro, for the host unless it is told otherwise."""
    block = bytes((0x02, address, status)) + text + b"\x03"
    return block + bytes((reduce(xor, block),))


_CAVRO_ERRORS = (1, 2, 4, 6, 7, 9, 10, 11, 15)

CAVRO = (
    DriverCase(
        "cavro",
        partial(Bench, {"it": "cavro"}),
        "it",
        lambda pump: pump.turn_valve("output"),
        options={"syringe": "2.5 mL"},
        prepare=lambda pump: pump.initialize(),
        values={"volume": quantity(0, "mL"), "busy": quantity(0, "1")},
        answers=(
            ManualAnswer("volume", _block(0x60, b"1500"), quantity(1.25, "mL")),
            ManualAnswer("busy", _block(0x40), quantity(1, "1")),
            ManualAnswer("busy", _block(0x60), quantity(0, "1")),
            ManualAnswer("volume", _block(0x60, b"15O0"), ProtocolError),
            ManualAnswer("volume", _block(0x20, b"1500"), ProtocolError),
            ManualAnswer("volume", _block(0x60, b"1500", address=0x31), ProtocolError),
            *(
                ManualAnswer(lambda pump: pump.stop(), _block(0x60 | error), _FAULT)
                for error in _CAVRO_ERRORS
            ),
            ManualAnswer(lambda pump: pump.stop(), _block(0x63), LimitError),
            ManualAnswer(lambda pump: pump.health(), _block(0x69), _FAULT),
            ManualAnswer(
                lambda pump: pump.draw(quantity(2, "mL"), quantity(30, "mL/min")),
                {b"\x0212?\x03=": _block(0x60, b"1500")},
                LimitError,
            ),
            ManualAnswer(
                lambda pump: pump.draw(quantity(0.1, "uL"), quantity(30, "mL/min")), {}, LimitError
            ),
            ManualAnswer(
                lambda pump: pump.draw(quantity(1, "mL"), quantity(900, "mL/min")), {}, LimitError
            ),
        ),
        frames=(
            (lambda pump: pump.turn_valve("output"), b"\x0212OR\x03\x1f"),
            (
                lambda pump: pump.draw(quantity(0.5, "mL"), quantity(30, "mL/min")),
                b"\x0213IV1200P600R\x03+",
            ),
            (_draw_and_give, b"\x0211OV600D300R\x03\x0b"),
        ),
        checksum=True,
    ),
)

HAMILTON = (
    DriverCase(
        "hamilton",
        partial(Bench, {"it": "hamilton"}),
        "it",
        lambda diluter: diluter.turn_valve("output"),
        options={"syringe": "2.5 mL"},
        prepare=lambda diluter: diluter.initialize(),
        values={"volume": quantity(0, "mL"), "busy": quantity(0, "1")},
        answers=(
            ManualAnswer("volume", b"\x0624000\r", quantity(1.25, "mL")),
            ManualAnswer("volume", b"\x0648000\r", quantity(2.5, "mL")),
            ManualAnswer("busy", b"\x06N\r", quantity(0, "1")),
            ManualAnswer("busy", b"\x06*\r", quantity(1, "1")),
            ManualAnswer("busy", b"\x06Y\r", quantity(0, "1")),
            ManualAnswer("busy", b"\x06X\r", ProtocolError),
            ManualAnswer("volume", b"\x15\r", _FAULT),
            ManualAnswer("volume", b"24000\r", ProtocolError),
            ManualAnswer("volume", b"\x0624O00\r", ProtocolError),
            ManualAnswer("volume", b"\x0624\x0700\r", ProtocolError),
            ManualAnswer(
                lambda diluter: diluter.turn_valve("input"), {b"aZ\r": b"\x06Y\r"}, _FAULT
            ),
            ManualAnswer(
                lambda diluter: diluter.turn_valve("input"), {b"aG\r": b"\x06Y\r"}, _FAULT
            ),
        ),
        frames=(
            (lambda diluter: diluter.turn_valve("output"), b"aOR\r"),
            (
                lambda diluter: diluter.draw(quantity(1.25, "mL"), quantity(15, "mL/min")),
                b"aM24000S10R\r",
            ),
            (_draw_and_give, b"aM4800S10R\r"),
        ),
    ),
)
