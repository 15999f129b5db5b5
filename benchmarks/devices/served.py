"""Instruments that a process of its own serves and judges, and the program that has their lab."""

import json
import os
import signal
import time
from collections.abc import Collection, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from labloop.lab import Lab, LabHost, LabJob, MemoryJournal, lab_file_of
from labloop.records import Mode
from labloop.units import quantity
from labloop_simulators.instruments.ika import IkaEmulator
from labloop_simulators.instruments.julabo import JulaboEmulator
from labloop_simulators.instruments.new_era import NewEraEmulator
from labloop_simulators.kit import Emulator, TruthLog, serve_pty, serve_world

_GLANCE = 0.005
_PRECEDENCE = -5
_SWITCHES = {"heater": "on", "control": "on"}
"""Event -> the value that says whether it is on."""


class TruthFile(TruthLog):
    """A truth log that also stands in a file, in seconds of the machine's monotonic clock.

    Only what switches an instrument on or off is written there.
    """

    def __init__(self, file: Path, began: float) -> None:
        super().__init__()
        self._file = file
        self._began = began

    def record(self, now: float, device: str, event: str, **values: object) -> None:
        """Note an event; a line of the file is written at once."""
        super().record(now, device, event, **values)
        if event in _SWITCHES:
            on = bool(values[_SWITCHES[event]])
        elif event in {"run", "stop"}:
            on = event == "run"
        else:
            return
        line = f"{self._began + now:.3f} {device} {'on' if on else 'off'}\n"
        with self._file.open("a", encoding="ascii") as file:
            file.write(line)


def keep_truth(folder: Path, line: str, pumps_alone: bool) -> None:
    """Serve the instruments for ever; be the process that knows what physically happened.

    While the file ``cut`` lies in ``folder``, every cable is out.
    """
    with suppress(OSError):
        # An instrument is never busy with other programs.
        os.nice(_PRECEDENCE)
    began = time.monotonic()
    truth = TruthFile(folder / "truth.txt", began)
    emulators = _emulators(truth, pumps_alone)
    with ExitStack() as stack:
        if line == "tcp":
            urls = stack.enter_context(serve_world(emulators))
        else:
            urls = {}
            for name, each in emulators.items():
                # By a link that goes with the cable: another trial may get the same terminal.
                port = stack.enter_context(serve_pty(each, link=folder / name))
                urls[name] = f"serial://{port}?baud=9600"
        _write(folder / "urls.json", json.dumps(urls))
        while True:
            _pull_and_plug(folder, emulators, time.monotonic() - began)
            time.sleep(_GLANCE)


def _emulators(truth: TruthLog, pumps_alone: bool) -> dict[str, Emulator]:
    if pumps_alone:
        return {name: NewEraEmulator(name, truth) for name in ("pump", "pump2")}
    return {
        "plate": IkaEmulator("plate", truth),
        "pump": NewEraEmulator("pump", truth),
        "bath": JulaboEmulator("bath", truth),
    }


def _pull_and_plug(folder: Path, emulators: Mapping[str, Emulator], now: float) -> None:
    cut = (folder / "cut").exists()
    for emulator in emulators.values():
        if cut and emulator.plugged:
            emulator.unplug(now)
        elif not cut and not emulator.plugged:
            emulator.plug(now)
        elif cut and isinstance(emulator, NewEraEmulator):
            # Nobody asks it any more, and its own clock goes on.
            emulator.advance(now)


def tables(urls: Mapping[str, str], after: float) -> dict[str, Any]:
    """Return the tables of the lab file."""
    alone = "pump2" in urls
    dead_man = f"{after:g} s" if alone else "60 s"
    pump = {
        "driver": "new_era",
        "options": {"diameter": "14.6 mm", "dead_man": dead_man},
        "limits": {"set_rate.rate": {"max": "5 mL/min"}},
    }
    plate = {"driver": "ika", "limits": {"set_temperature.temperature": {"max": "120 degC"}}}
    bath = {"driver": "julabo", "limits": {"set_temperature.temperature": {"max": "90 degC"}}}
    kinds: dict[str, dict[str, Any]] = {"plate": plate, "bath": bath, "pump": pump, "pump2": pump}
    devices = {
        name: {**kinds[name], "url": url, "serial_number": "as seen"} for name, url in urls.items()
    }
    return {
        "lab": {"name": "watched", "safe_order": list(urls)},
        "devices": devices,
        "watchdog": {"after": f"{after:g} s"},
    }


def own_the_lab(folder: Path, urls: Mapping[str, str], after: float) -> None:
    """Be the program: switch everything on, say so by the file ``on``, and wait.

    SIGUSR1 lets the lab's loop block for ever.
    """
    lab_file = lab_file_of(tables(urls, after), "lab.toml", folder)
    host = LabHost(
        lab_file, mode=Mode.REAL, journal=MemoryJournal(), campaign_id="c", on_alarm=lambda _: None
    )
    with host:
        host.call(lambda lab: _switch_on(lab, urls))
        signal.signal(signal.SIGUSR1, lambda *_: host.start([_blocking(folder)]))
        _write(folder / "on", str(host.watchdog))
        while True:
            time.sleep(1.0)


def _blocking(folder: Path) -> LabJob[None]:
    async def block(_: Lab) -> None:
        _write(folder / "blocked", str(time.monotonic()))
        time.sleep(3600.0)  # noqa: ASYNC251 - that is the trial

    return LabJob("blocks", block)


async def _switch_on(lab: Lab, names: Collection[str]) -> None:
    for name in sorted({"pump", "pump2"} & set(names)):
        pump = getattr(lab, name)
        await pump.set_rate(quantity(1.5, "mL/min"))
        await pump.start()
    if "plate" in names:
        await lab.plate.set_temperature(quantity(100, "degC"))
        await lab.plate.start_heating()
        await lab.bath.set_temperature(quantity(60, "degC"))
        await lab.bath.start()


def state(folder: Path) -> tuple[set[str], float]:
    """Return the instruments that are on, and the second at which one last went off."""
    file = folder / "truth.txt"
    lines = file.read_text(encoding="ascii").splitlines() if file.exists() else []
    on: set[str] = set()
    last = 0.0
    for line in lines:
        at, name, what = line.split()
        if what == "on":
            on.add(name)
        elif name in on:
            on.discard(name)
            last = float(at)
    return on, last


def _write(file: Path, text: str) -> None:
    part = file.with_name(f".{file.name}")
    part.write_text(text, encoding="ascii")
    part.replace(file)
