"""Promise: whoever asks an unknown instrument who it is changes nothing, and knows its own."""

from importlib.metadata import entry_points

import pytest

from labloop.errors import LeaseError
from labloop.lab import LabHost, MemoryJournal, ask_identity, drivers_to_ask, lab_file_of
from labloop.lab.contact.asking import identify_on
from labloop.lab.time import Clock, SimulatedLoop
from labloop.lab.transports.emulated import EmulatedTransport
from labloop.records import Mode
from labloop_simulators.instruments.new_era import NewEraEmulator
from labloop_simulators.kit import TruthLog, serve_tcp
from labloop_simulators.worlds import bench

ASKED = {each.name: each for each in drivers_to_ask()}
EMULATORS = sorted(each.name for each in entry_points(group="labloop.emulators"))


def emulator_of(name):
    """Return a shipped emulator by itself, and its truth log."""
    world = bench.create(1, {"it": name})
    return world.emulators["it"], world.truth


def answers(asked, emulator):
    """Return who answers ``asked`` in simulated time."""
    loop = SimulatedLoop()
    try:
        clock = Clock(loop)
        return loop.run_until_complete(
            identify_on(EmulatedTransport(emulator, clock), asked, clock)
        )
    finally:
        loop.close()


@pytest.mark.parametrize("name", EMULATORS)
def test_every_question_is_harmless_to_every_emulator(name):
    """Promise: no question of any driver changes what an emulated instrument does."""
    for asked in ASKED.values():
        emulator, truth = emulator_of(name)
        before = len(truth.events)
        answers(asked, emulator)
        told = [event.event for event in truth.events[before:]]
        assert told == [], f"{asked.name} asked {name}"


@pytest.mark.parametrize("name", EMULATORS)
def test_an_instrument_is_known_to_its_own_driver_alone(name):
    """Promise: no driver takes another instrument for its own."""
    known = [other for other, asked in ASKED.items() if answers(asked, emulator_of(name)[0])]
    assert known == ([name] if name in ASKED else [])


def test_an_instrument_on_a_line_is_asked_and_left_as_it_was():
    """Promise: the line is opened, asked one question and closed; a second opening works."""
    truth = TruthLog()
    with serve_tcp(NewEraEmulator("pump", truth)) as url:
        for _ in range(2):
            found, sent = ask_identity(ASKED["new_era"], url, "somebody")
            assert found is not None
            assert found.model.startswith("New Era")
            assert set(sent) == {b"VER\r"} or all(b"VER" in frame for frame in sent)
        nobody, _ = ask_identity(ASKED["huber"], url, "somebody")
        assert nobody is None
    assert truth.events == []


def test_a_line_that_a_lab_drives_is_not_asked():
    """Promise: one master per line, also for a question."""
    device = {
        "driver": "new_era",
        "serial_number": "1",
        "options": {"diameter": "10 mm"},
        "limits": {"set_rate.rate": {"max": "1 mL/min"}},
    }
    with serve_tcp(NewEraEmulator("pump", TruthLog())) as url:
        lab_file = lab_file_of({"lab": {"name": "b"}, "devices": {"pump": {**device, "url": url}}})
        host = LabHost(lab_file, mode=Mode.REAL, journal=MemoryJournal(), campaign_id="t")
        with host, pytest.raises(LeaseError, match="nothing was sent"):
            ask_identity(ASKED["new_era"], url, "somebody")
