"""Promise: what a vendor's library does is journaled, bounded and never called what it was not."""

import threading
import time
from concurrent.futures import Future

import pytest
from adapter_labs import host_of
from adapter_toys import SpectrometerLibrary

from labloop.errors import (
    DefinitionError,
    DeviceFaultError,
    DeviceTimeoutError,
    InterlockError,
    LabFileError,
    LeaseError,
    LimitError,
    NotConnectedError,
    NotSafeError,
    UncertainError,
    WrongDeviceError,
)
from labloop.lab import LabHost, MemoryJournal, load_lab_file
from labloop.records import ActionState, Mode
from labloop.testing.drivers import DriverCase, driver_checks
from labloop.units import quantity
from labloop_adapters import BlockingDevice, Signal
from labloop_simulators.worlds.no_wires import NoWires

LAB = """
[lab]
name = "bench"
[devices.d]
driver = "adapter_toys:{driver}"
url = "{url}"
serial_number = "F1"
[devices.d.limits]
"set_integration.integration" = {{ max = "5000 ms" }}
"""


def bench(driver, mode=Mode.SIMULATED, url="library://F1", more="", **options):
    """A lab with one device of ``adapter_toys``."""
    return host_of(LAB.format(driver=driver, url=url) + more, mode, **options)


def states(host):
    return [(e.intent.name, e.state) for e in host.journal.entries("t")]


@pytest.fixture(autouse=True)
def fresh():
    """No library is left from another test, and what hangs is released at the end."""
    SpectrometerLibrary.opened.clear()
    SpectrometerLibrary.released.clear()
    yield
    SpectrometerLibrary.released.set()


def test_ten_lines_make_reads_actions_limits_and_a_safe_state():
    """Promise: a table of signals is a whole device, in real mode with its library."""
    with bench("Table", Mode.REAL) as host:
        host.call(lambda lab: lab.d.set_lamp(True))
        host.call(lambda lab: lab.d.set_integration(quantity(0.2, "s")))
        assert host.call(lambda lab: lab.d.counts()).value == 1000
        with pytest.raises(LimitError, match="the lab file allows: <= 5000 ms"):
            host.call(lambda lab: lab.d.set_integration(quantity(6, "s")))
        entry = host.journal.entries("t")[-1]
        assert entry.outcome.sent == (b"set('integration', 200.0)",)
    [library] = SpectrometerLibrary.opened
    assert [(what, value) for what, value, _ in library.calls] == [
        ("lamp", True),
        ("integration", 200.0),
        ("lamp", False),
        ("close", True),
    ]
    threads = {thread for _, _, thread in library.calls}
    assert threads == {"labloop-library-d"}


def test_the_journal_tells_what_the_library_did():
    """Promise: DONE, FAILED and UNCERTAIN are what they say: a refusal is sure, an error is not."""
    with bench("Faulty", Mode.REAL) as host:
        assert host.call(lambda lab: lab.d.acquire(quantity(10, "ms"))) == [1.0] * 8
        with pytest.raises(DeviceFaultError, match="13 ms is not supported"):
            host.call(lambda lab: lab.d.acquire(quantity(13, "ms")))
        with pytest.raises(UncertainError, match="RuntimeError: USB error -7"):
            host.call(lambda lab: lab.d.fail())
        [first, _, last] = host.journal.entries("t")
        assert [state for _, state in states(host)] == [
            ActionState.DONE,
            ActionState.FAILED,
            ActionState.UNCERTAIN,
        ]
        assert first.outcome.sent == (b"set_integration(10.0)", b"acquire()")
        assert last.outcome.sent == (b"set_lamp(True)", b"fail()")


@pytest.mark.parametrize("mode", [Mode.REAL, Mode.SIMULATED])
def test_a_call_that_hangs_ends_at_its_time_out_and_the_device_is_made_safe(mode):
    """Promise: a hung library is UNCERTAIN in time, also in simulated time, and safe has a way."""
    began = time.monotonic()
    with bench("Faulty", mode) as host:
        with pytest.raises(UncertainError, match=r"d\.hang was not ready within 0\."):
            host.call(lambda lab: lab.d.hang())
        assert 0.4 < host.now() < 10
        [(_, state)] = states(host)
        assert state is ActionState.UNCERTAIN
    assert host.report.safe == ["d"]
    assert time.monotonic() - began < 20
    library = SpectrometerLibrary.opened[-1]
    lamps = [thread for what, _, thread in library.calls if what == "lamp"]
    hung = [thread for what, _, thread in library.calls if what == "hang"]
    assert lamps == hung == ["labloop-library-d"]
    assert not SpectrometerLibrary.released.is_set()


def test_what_waits_behind_a_call_that_hangs_says_so_and_was_not_sent():
    """Promise: the second call is told what the library is in; nothing of it has happened."""
    with bench("Faulty", Mode.REAL) as host:
        with pytest.raises(UncertainError):
            host.call(lambda lab: lab.d.hang())
        with pytest.raises(DeviceTimeoutError, match="its library is still in hang"):
            host.call(lambda lab: lab.d.set_lamp(True))
        assert states(host)[-1] == ("set_lamp", ActionState.NOT_SENT)


def test_a_cancelled_call_leaves_a_whole_journal():
    """Promise: an experiment that is stopped in a call leaves UNCERTAIN, never an open intent."""
    host = bench("Faulty", Mode.REAL)
    with host:
        stop = threading.Timer(0.2, lambda: host.stop("enough"))
        stop.start()
        with pytest.raises(Exception, match=r"enough|cancel|stop"):
            host.call(lambda lab: lab.d.hang())
        stop.join()
    assert dict(states(host)) == {
        "hang": ActionState.UNCERTAIN,
        "safe_state": ActionState.DONE,
    }


def test_a_lost_instrument_is_opened_again_and_identified():
    """Promise: after a lost connection the next question opens the library anew, and says so."""
    alarms = []
    with bench("Faulty", Mode.REAL, on_alarm=alarms.append) as host:
        with pytest.raises(NotConnectedError, match="the cable was pulled"):
            host.call(lambda lab: lab.d.gone())
        assert host.call(lambda lab: lab.d.counts()).value == 1
    assert len(SpectrometerLibrary.opened) == 2
    assert [alarm.kind for alarm in alarms] == ["line-back"]


RULES = """
[[interlocks]]
device = "d"
action = "set_integration"
requires = "d.counts >= 100"
because = "it would be dark"
"""


def test_interlocks_and_leases_hold():
    """Promise: rules on fresh readings and the right to command stand before the library."""
    refused = Future()

    def lease(_):
        return refused if refused.done() else ready(1)

    with bench("Table", Mode.REAL, more=RULES, lease=lease) as host:
        with pytest.raises(InterlockError, match="it would be dark"):
            host.call(lambda lab: lab.d.set_integration(quantity(9, "ms")))
        host.call(lambda lab: lab.d.set_lamp(True))
        host.call(lambda lab: lab.d.counts())
        host.call(lambda lab: lab.d.set_integration(quantity(9, "ms")))
        refused.set_exception(LeaseError("somebody else has it"))
        with pytest.raises(LeaseError):
            host.call(lambda lab: lab.d.set_integration(quantity(8, "ms")))
    [library] = SpectrometerLibrary.opened
    assert [value for what, value, _ in library.calls if what == "integration"] == [9.0]


def ready(token):
    """Return a lease that is held."""
    future = Future()
    future.set_result(token)
    return future


def test_in_simulation_signals_remember_and_follow():
    """Promise: a few lines are a response: late, noisy, and the same in every run of a seed."""

    async def look(lab):
        await lab.d.set_lamp(True)
        found = [(await lab.d.counts()).value]
        for _ in range(3):
            await lab.wait(quantity(10, "s"))
            found.append((await lab.d.counts()).value)
        return found

    def run(seed):
        with bench("Table", seed=seed) as host:
            return host.call(look), host.truth.digest(), SpectrometerLibrary.opened

    first, digest, opened = run(0)
    assert opened == []
    assert first == pytest.approx([0, 632.1, 864.7, 950.2], abs=3)
    assert run(0)[:2] == (first, digest)
    assert run(1)[0] != first


def test_a_world_stands_in_for_a_library():
    """Promise: what a world offers in ``libraries`` is called in place of the library's object."""
    world = NoWires()
    world.libraries = {"d": SpectrometerLibrary("of the world")}
    with bench("Table", world=world) as host:
        host.call(lambda lab: lab.d.set_lamp(True))
        assert host.call(lambda lab: lab.d.counts()).value == 1000
    assert [what for what, _, _ in SpectrometerLibrary.opened[0].calls] == ["lamp", "lamp", "close"]


MIXED = """
[lab]
name = "mixed"
world = "flow_reactor"
[devices.pump_a]
driver = "new_era"
options = { diameter = "14.6 mm" }
[devices.d]
driver = "adapter_toys:Table"
"""


def test_emulators_and_libraries_stand_in_one_lab():
    """Promise: one log tells what was said to both, in order."""
    with host_of(MIXED) as host:
        host.call(lambda lab: lab.d.set_lamp(True))
        host.call(lambda lab: lab.pump_a.health())
        told = [frame.device for frame in host.truth.frames if frame.direction == ">"]
    assert {"d", "pump_a"} <= set(told)
    assert set(host.report.safe) == {"d", "pump_a"}


def test_a_lab_file_says_how_a_signal_responds():
    """Promise: the response can be declared in the lab file, with units."""
    more = "[devices.d.options.simulation]\ncounts = { offset = 7, noise = 0 }\n"
    with bench("Table", more=more) as host:
        assert host.call(lambda lab: lab.d.counts()).value == 7
    wrong = '[devices.d.options.simulation]\ncounts = { follows = "counts" }\n'
    with (
        pytest.raises(DefinitionError, match="'counts' cannot follow 'counts'"),
        bench("Table", more=wrong),
    ):
        pass


CASES = {
    "signals": DriverCase("adapter_toys:Table", NoWires, "d", lambda d: d.set_lamp(True)),
    "its own simulation": DriverCase(
        "adapter_toys:Spectrometer", NoWires, "d", lambda d: d.acquire(quantity(20, "ms"))
    ),
}


@pytest.mark.parametrize("check", driver_checks(wire=False), ids=lambda check: check.name)
@pytest.mark.parametrize("case", CASES)
def test_the_contract_of_a_driver(check, case):
    """Promise: what holds for a driver of bytes holds for one of a library, but for the wire."""
    check(CASES[case])


SECOND = """
[devices.e]
driver = "adapter_toys:Table"
url = "library://F1"
"""
BAD = {
    "a kind of url that does not exist": (
        {"driver": "Table", "url": "sdk://F1"},
        r"url 'sdk://F1' is of no kind that adapter_toys:Table understands; write library://",
    ),
    "no url": ({"driver": "Table", "url": ""}, "has no url, so the lab cannot be real"),
    "two on one url": (
        {"driver": "Table", "more": SECOND},
        "the devices d, e share the same url library://F1; .* needs an address of its own",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_a_lab_file_that_cannot_be_real_is_told_before_anything_moves(what):
    """Promise: one sentence, and no library was opened."""
    said, match = BAD[what]
    with pytest.raises(LabFileError, match=match):
        bench(**{"mode": Mode.REAL} | said)
    assert SpectrometerLibrary.opened == []


def test_a_device_that_answers_as_another_model_is_refused():
    """Promise: the model that the class names decides, before anything moves."""
    with (
        pytest.raises(WrongDeviceError, match="should be a S-100, but a S-200 answered"),
        bench("OtherModel", Mode.REAL),
    ):
        pass


def test_nothing_that_answers_in_simulation_is_a_sentence():
    """Promise: a device of calls alone needs its library's own simulation."""
    lab_file = load_lab_file('[lab]\nname = "b"\n[devices.d]\ndriver = "adapter_toys:OnlyCalls"')
    host = LabHost(lab_file, mode=Mode.SIMULATED, journal=MemoryJournal(), campaign_id="t")
    with pytest.raises(LabFileError, match="nothing answers for it in simulation"), host:
        pass


def test_a_device_that_cannot_be_made_safe_is_told():
    """Promise: an error of the library in the safe state is the loudest thing the lab says."""
    with (
        pytest.raises(NotSafeError, match="RuntimeError: USB error -7"),
        bench("Unsafe", Mode.REAL),
    ):
        pass


@pytest.mark.parametrize(
    ("signals", "safe", "match"),
    [
        ({"u": Signal("V", set="u")}, {}, "can be set to any number at all; give ge= and le="),
        ({"u": Signal("V")}, {}, "can neither be read nor set"),
        ({"name": Signal("V", get="u")}, {}, "has a name that every device uses itself"),
        ({"a b": Signal("V", get="u")}, {}, "is no usable name"),
        ({"u": Signal("V", get="u")}, {"u": 0}, "safe names 'u', which is no signal that can be"),
    ],
)
def test_a_table_that_cannot_be_used_is_told_where_it_is_written(signals, safe, match):
    """Promise: each mistake in a table of signals is one sentence with its name."""
    with pytest.raises(DefinitionError, match=match):
        type("Wrong", (BlockingDevice,), {"signals": signals, "safe": safe})
