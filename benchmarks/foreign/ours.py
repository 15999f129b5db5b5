"""Our drivers on somebody else's simulator, over a socket in real time."""

from collections.abc import Callable, Iterator
from typing import Any

from labloop.lab import LabHost, MemoryJournal, lab_file_of
from labloop.records import Mode
from labloop.units import quantity

Row = dict[str, Any]
Check = tuple[str, Callable[[Any], Any], Callable[[Any], bool]]

_TABLES: dict[str, dict[str, Any]] = {
    "new_era": {
        "options": {"diameter": "14.43 mm", "mode": "basic"},
        "limits": {"set_rate.rate": {"max": "8 mL/min"}},
    },
    "julabo": {"limits": {"set_temperature.temperature": {"max": "100 degC"}}},
    "ika": {"limits": {"set_temperature.temperature": {"max": "200 degC"}}},
    "mettler": {"limits": {"adjust.at_most": {"max": "300 s"}}, "serial_number": "B123456789"},
    "atlas_ezo": {
        "options": {"kind": "pH"},
        "limits": {"compensate.temperature": {"max": "100 degC"}},
    },
}


def _none(got: Any) -> bool:
    return got is None


def _near(expected: float, within: float = 0.06) -> Callable[[Any], bool]:
    return lambda got: abs(got.value - expected) <= within


CHECKS: dict[str, list[Check]] = {
    "new_era": [
        ("set_rate", lambda d: d.set_rate(quantity(5, "mL/min")), _none),
        ("rate", lambda d: d.rate(), _near(5.0)),
        ("start", lambda d: d.start(), _none),
        ("running", lambda d: d.running(), _near(1.0)),
        ("set_rate while it runs", lambda d: d.set_rate(quantity(4, "mL/min")), _none),
        ("dispensed", lambda d: d.dispensed(), lambda got: 0.0 < got.value < 1.0),
        ("stop", lambda d: d.stop(), _none),
        ("running when stopped", lambda d: d.running(), _near(0.0)),
    ],
    "julabo": [
        ("set_temperature", lambda d: d.set_temperature(quantity(40, "degC")), _none),
        ("setpoint", lambda d: d.setpoint(), _near(40.0)),
        ("start", lambda d: d.start(), _none),
        ("status", lambda d: d.status(), _near(3.0)),
        ("bath_temperature", lambda d: d.bath_temperature(), _near(22.0, 1.0)),
        ("external_temperature", lambda d: d.external_temperature(), _near(22.0, 1.0)),
        ("heating_power", lambda d: d.heating_power(), lambda got: got.value > 0),
        ("stop", lambda d: d.stop(), _none),
        ("status when stopped", lambda d: d.status(), _near(2.0)),
    ],
    "ika": [
        ("set_temperature", lambda d: d.set_temperature(quantity(50, "degC")), _none),
        ("set_stirring_speed", lambda d: d.set_stirring_speed(quantity(400, "rpm")), _none),
        ("start_stirring", lambda d: d.start_stirring(), _none),
        ("stirring_speed", lambda d: d.stirring_speed(), _near(400.0, 25.0)),
        ("start_heating", lambda d: d.start_heating(), _none),
        ("plate_temperature", lambda d: d.plate_temperature(), _near(22.0, 5.0)),
        ("external_temperature", lambda d: d.external_temperature(), _near(22.0, 5.0)),
        ("stop_heating", lambda d: d.stop_heating(), _none),
        ("stop_stirring", lambda d: d.stop_stirring(), _none),
    ],
    "mettler": [
        ("weight", lambda d: d.weight(), _near(52.187, 0.01)),
        ("weight_now", lambda d: d.weight_now(), _near(52.187, 0.01)),
        ("tare", lambda d: d.tare(), _none),
        ("weight when tared", lambda d: d.weight(), _near(0.0, 0.01)),
        ("clear_tare", lambda d: d.clear_tare(), _none),
        ("weight again", lambda d: d.weight(), _near(52.187, 0.01)),
    ],
    "atlas_ezo": [
        ("value", lambda d: d.value(), lambda got: 0.0 < got.value < 14.0),
        ("voltage", lambda d: d.voltage(), lambda got: 2.0 < got.value < 6.0),
        ("compensate", lambda d: d.compensate(quantity(20, "degC")), _none),
        ("calibrate", lambda d: d.calibrate("mid", 7.0), _none),
        ("clear_calibration", lambda d: d.clear_calibration(), _none),
    ],
}


def calls(name: str, port: int) -> Iterator[Row]:
    """Yield what each verb and read of a driver gave."""
    table = {
        "driver": name,
        "url": f"socket://127.0.0.1:{port}",
        "serial_number": "simulated",
        **_TABLES[name],
    }
    host = LabHost(
        lab_file_of({"lab": {"name": "field"}, "devices": {"it": table}}),
        mode=Mode.REAL,
        journal=MemoryJournal(),
        campaign_id="field",
    )
    with host:
        yield {"call": "connect", "got": host.identities["it"].model, "right": True}
        for call, work, expected in CHECKS[name]:
            try:
                got = host.call(lambda lab, work=work: work(lab.it))  # type: ignore[misc]
            except Exception as error:  # noqa: BLE001 - told as a call that failed
                yield {"call": call, "got": f"{type(error).__name__}: {error}", "right": False}
            else:
                told = got.value if hasattr(got, "value") else got
                yield {"call": call, "got": str(told), "right": expected(got)}
