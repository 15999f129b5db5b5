"""Cases of a balance, a valve, a probe and a DC source: Mettler, VICI, Atlas, SCPI."""

from collections.abc import Mapping
from functools import partial
from typing import Any, TypeAlias

from labloop.errors import DeviceFaultError, LimitError, ProtocolError
from labloop.records import Quality
from labloop.testing.drivers import Act, DriverCase, ManualAnswer
from labloop.units import quantity
from labloop_simulators.worlds.bench import Bench

_FAULT = DeviceFaultError
_Table: TypeAlias = list[tuple[str | Act, bytes | Mapping[bytes, bytes], Any]]
"""Rows of call, answer, and what it means."""

_METTLER_TABLE: _Table = [
    ("weight", b"S S     12.3456 g\r\n", quantity(12.3456, "g")),
    ("weight", b"S S   1234.5 mg\r\n", quantity(1.2345, "g")),
    ("weight", b"S S      1.5 kg\r\n", quantity(1500, "g")),
    ("weight", b"S S    250.0 ug\r\n", quantity(0.00025, "g")),
    ("weight", b"S S    250.0 \xb5g\r\n", quantity(0.00025, "g")),
    ("weight_now", b"S D     -0.5000 g\r\n", quantity(-0.5, "g")),
    ("weight", b"S +\r\n", Quality.OVERRANGE),
    ("weight_now", b"S -\r\n", Quality.OVERRANGE),
    ("weight", b"S I\r\n", _FAULT),
    ("weight", b"S L\r\n", LimitError),
    ("weight", b"S S Error 10b\r\n", _FAULT),
    ("weight", b"ES\r\n", _FAULT),
    ("weight", b"EL\r\n", _FAULT),
    ("weight", b"ET\r\n", ProtocolError),
    ("weight", b"S S  1.0 lb\r\n", ProtocolError),
    ("weight", b"T S  1.0 g\r\n", ProtocolError),
    ("weight", b"S X  1.0 g\r\n", ProtocolError),
    ("weight", b"S S \x07 1.0 g\r\n", ProtocolError),
    (lambda balance: balance.tare(), b"T +\r\n", _FAULT),
    (lambda balance: balance.tare(), b"T -\r\n", _FAULT),
    (lambda balance: balance.tare(), b"T I\r\n", _FAULT),
    (lambda balance: balance.zero(), b"Z Q\r\n", ProtocolError),
]

METTLER = (
    DriverCase(
        "mettler",
        partial(Bench, {"it": "mettler"}),
        "it",
        lambda balance: balance.tare(),
        values={"weight": quantity(0, "g"), "weight_now": quantity(0, "g")},
        answers=tuple(ManualAnswer(call, told, means) for call, told, means in _METTLER_TABLE),
        frames=(
            (lambda balance: balance.tare(), b"T\r\n"),
            (lambda balance: balance.clear_tare(), b"TAC\r\n"),
            (lambda balance: balance.zero(), b"Z\r\n"),
            (lambda balance: balance.adjust(), b"C3\r\n"),
        ),
    ),
)

VICI = (
    DriverCase(
        "vici",
        partial(Bench, {"it": "vici"}),
        "it",
        lambda valve: valve.go_to(3),
        values={"position": quantity(3, "1"), "count": quantity(2, "1")},
        answers=(
            ManualAnswer("position", b"CP05\r", quantity(5, "1")),
            ManualAnswer("position", b"CP = 06\r", quantity(6, "1")),
            ManualAnswer("position", b"CPB\r", quantity(2, "1")),
            ManualAnswer("position", b"CPA\r", quantity(1, "1")),
            ManualAnswer("count", b"CNT00123\r", quantity(123, "1")),
            ManualAnswer("position", b"NP06\r", ProtocolError),
            ManualAnswer("position", b"CP = Bad command\r", ProtocolError),
            ManualAnswer("position", b"CP\x0705\r", ProtocolError),
            ManualAnswer("position", b"CPC\r", ProtocolError),
            ManualAnswer(lambda valve: valve.go_to(50), {}, LimitError),
            ManualAnswer(lambda valve: valve.go_to(3), {b"CP\r": b"CP01\r"}, _FAULT),
        ),
        frames=((lambda valve: valve.go_to(3), b"GO03\r"),),
    ),
)

_EZO_TABLE: _Table = [
    ("value", b"9.120\r*OK\r", quantity(9.12, "1")),
    ("value", b"*OK\r9.120\r", quantity(9.12, "1")),
    ("voltage", b"?STATUS,P,3.300\r*OK\r", quantity(3.3, "V")),
    ("value", b"*ER\r", _FAULT),
    ("value", b"*OV\r7.0\r*OK\r", _FAULT),
    ("value", b"*UV\r7.0\r*OK\r", _FAULT),
    ("value", b"*XX\r7.0\r*OK\r", ProtocolError),
    ("value", b"7.0O0\r*OK\r", ProtocolError),
    ("value", b"7.\x0700\r*OK\r", ProtocolError),
    ("voltage", b"?STATUS,P\r*OK\r", ProtocolError),
    (lambda probe: probe.compensate(quantity(20, "degC")), {b"T,?\r": b"?T,25.0\r*OK\r"}, _FAULT),
    (lambda probe: probe.compensate(quantity(20, "degC")), {b"T,?\r": b"25\r*OK\r"}, ProtocolError),
]
_OTHER_KINDS = {
    "EC": quantity(1413, "uS/cm"),
    "ORP": quantity(1413, "mV"),
    "DO": quantity(1413, "mg/L"),
}

ATLAS_EZO = (
    DriverCase(
        "atlas_ezo",
        partial(Bench, {"it": "atlas_ezo"}),
        "it",
        lambda probe: probe.compensate(quantity(20, "degC")),
        options={"kind": "pH"},
        values={"value": quantity(7, "1"), "voltage": quantity(5.038, "V")},
        answers=tuple(ManualAnswer(call, told, means) for call, told, means in _EZO_TABLE),
        frames=(
            (lambda probe: probe.compensate(quantity(20, "degC")), b"T,20.00\r"),
            (lambda probe: probe.calibrate("mid", quantity(7, "1")), b"Cal,mid,7.00\r"),
            (lambda probe: probe.clear_calibration(), b"Cal,clear\r"),
        ),
        title="pH",
    ),
    *(
        DriverCase(
            "atlas_ezo",
            partial(Bench, {"it": {"emulator": "atlas_ezo", "kind": kind}}),
            "it",
            lambda probe: probe.clear_calibration(),
            options={"kind": kind},
            answers=(ManualAnswer("value", b"1413\r*OK\r", means),),
            title=kind,
        )
        for kind, means in {**_OTHER_KINDS, "RTD": quantity(1413, "degC")}.items()
    ),
)

_SCPI_TABLE: _Table = [
    ("voltage", b"+1.25000E+01\n", quantity(12.5, "V")),
    ("current", b".5\r\n", quantity(0.5, "A")),
    ("voltage", b"9.91E37\n", Quality.OVERRANGE),
    ("current", b"-9.9E37\n", Quality.OVERRANGE),
    ("output", b"ON\n", quantity(1, "1")),
    ("output", b"1\n", quantity(1, "1")),
    ("output", b"OFF\n", quantity(0, "1")),
    ("output", b"2\n", ProtocolError),
    ("voltage", b"12,5\n", ProtocolError),
    ("voltage", b"1\x072\n", ProtocolError),
    (
        lambda source: source.set_voltage(quantity(5, "V")),
        {b"SYST:ERR?\n": b'-222,"Data out of range"\n'},
        LimitError,
    ),
    (
        lambda source: source.set_voltage(quantity(5, "V")),
        {b"SYST:ERR?\n": b'-113,"Undefined header"\n'},
        _FAULT,
    ),
    (
        lambda source: source.set_voltage(quantity(5, "V")),
        {b"SYST:ERR?\n": b"no error\n"},
        ProtocolError,
    ),
    (lambda source: source.set_voltage(quantity(5, "V")), {b"VOLT?\n": b"4.0\n"}, _FAULT),
    (lambda source: source.switch_on(), {b"OUTP?\n": b"0\n"}, _FAULT),
]

SCPI = (
    DriverCase(
        "scpi",
        partial(Bench, {"it": "scpi"}),
        "it",
        lambda source: source.set_voltage(quantity(5, "V")),
        values={
            "voltage": quantity(0, "V"),
            "current": quantity(0, "A"),
            "output": quantity(0, "1"),
        },
        answers=tuple(ManualAnswer(call, told, means) for call, told, means in _SCPI_TABLE),
        frames=(
            (lambda source: source.set_voltage(quantity(5, "V")), b"VOLT 5\n"),
            (lambda source: source.set_current(quantity(0.5, "A")), b"CURR 0.5\n"),
            (lambda source: source.switch_on(), b"OUTP 1\n"),
            (lambda source: source.switch_off(), b"OUTP 0\n"),
        ),
    ),
)
