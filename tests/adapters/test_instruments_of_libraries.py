"""Promise: an instrument of PyVISA, PyMeasure or QCoDeS is a device after a few lines."""

import pytest
from adapter_labs import lab_of
from instrument_toys import Gates, SourceMeter, Supply, Texio
from scpi_emulator import Line

from labloop.errors import (
    DefinitionError,
    DeviceFaultError,
    DeviceTimeoutError,
    LabFileError,
    LimitError,
    MissingExtraError,
    WrongDeviceError,
)
from labloop.records import ActionState, Mode
from labloop.testing.drivers import DriverCase, driver_checks
from labloop.units import quantity
from labloop_adapters.base import class_of
from labloop_adapters.pymeasure import PyMeasureDevice
from labloop_adapters.qcodes import QCoDeSDevice
from labloop_simulators.kit import Fault, TruthLog, serve_tcp
from labloop_simulators.worlds.no_wires import NoWires

SIM = 'options = { pyvisa_sim = "supply.yaml" }'
LIMITS = '\n[devices.d.limits]\n"%s" = { max = "30 V" }\n'


def volts(value):
    return quantity(value, "V")


def test_scpi_on_pyvisa_sim_in_simulated_time():
    """Promise: the library's own simulation answers; the commands stand in the journal."""
    more = SIM + LIMITS % "set_voltage.voltage"
    with lab_of("instrument_toys:Supply", serial="TW123456", more=more) as host:
        identity = host.identities["d"]
        assert (identity.model, identity.serial_number) == ("PSW-360L30", "TW123456")
        host.call(lambda lab: lab.d.set_voltage(volts(12)))
        assert host.call(lambda lab: lab.d.voltage()).value == 12
        with pytest.raises(LimitError, match="<= 30 V"):
            host.call(lambda lab: lab.d.set_voltage(volts(40)))
        told = [frame.data for frame in host.truth.frames if frame.direction == ">"]
        assert b"set('voltage', 12.0)" in told
    assert host.report.safe == ["d"]


def test_scpi_on_pyvisa_py_in_real_mode():
    """Promise: the same class over TCP with PyVISA-py; the last word is the safe state."""
    line = Line("supply", TruthLog())
    with serve_tcp(line) as url:
        port = url.rpartition(":")[2]
        address = f"visa://TCPIP0::127.0.0.1::{port}::SOCKET?backend=@py"
        with lab_of(
            "instrument_toys:Supply",
            Mode.REAL,
            url=address,
            serial="SN9",
            more=LIMITS % "set_voltage.voltage",
        ) as host:
            host.call(lambda lab: lab.d.set_output(True))
            host.call(lambda lab: lab.d.set_voltage(volts(12)))
            with pytest.raises(DeviceFaultError, match="-222"):
                host.call(lambda lab: lab.d.set_voltage(volts(29)))
            assert host.call(lambda lab: lab.d.voltage()).value == 12
            assert host.kept()[-1].state is ActionState.FAILED
    assert line.state == {"VOLT": 12.0, "OUTP": 0.0}


def test_an_answer_that_comes_late_is_nobody_elses():
    """Promise: after a time-out of PyVISA the next question gets its own answer."""
    line = Line("supply", TruthLog())
    with serve_tcp(line) as url:
        address = f"visa://TCPIP0::127.0.0.1::{url.rpartition(':')[2]}::SOCKET?backend=@py"
        limits = LIMITS % "set_voltage.voltage"
        with lab_of(
            "instrument_toys:Hasty", Mode.REAL, url=address, serial="SN9", more=limits
        ) as host:
            line.faults.add(Fault("delay", at=1, seconds=1.3))
            with pytest.raises(DeviceTimeoutError, match=r"no answer to ':SOUR:VOLT\?' within 1 s"):
                host.call(lambda lab: lab.d.voltage())
            line.state["OUTP"] = 1.0
            assert host.call(lambda lab: lab.d.output()).value == 1


def test_pymeasure_runs_its_own_code_on_pyvisa_sim():
    """Promise: units and limits come from the class, and its driver does the talking."""
    more = SIM + LIMITS % "set_voltage_setpoint.voltage_setpoint"
    with lab_of("instrument_toys:Texio", serial="TW123456", more=more) as host:
        host.call(lambda lab: lab.d.set_voltage_setpoint(volts(5)))
        assert host.call(lambda lab: lab.d.voltage_setpoint()).value == 5
        assert host.call(lambda lab: lab.d.voltage_setpoint()).unit == "V"
        with pytest.raises(LimitError):
            host.call(lambda lab: lab.d.set_voltage_setpoint(volts(31)))


def test_limits_and_units_are_read_off_a_class_of_pymeasure():
    """Promise: validators become limits, maps become choices and flags, docstrings units."""
    said = {name: next(iter(spec.arguments.values())) for name, spec in SourceMeter.actions.items()}
    voltage = said["set_source_voltage"].arg
    assert (voltage.unit, voltage.ge, voltage.le) == ("V", -210, 210)
    assert said["set_source_enabled"].kind == "flag"
    assert said["set_source_mode"].choices == ("current", "voltage")
    assert "current" in SourceMeter.reads
    assert SourceMeter.left_out["set_auto_zero"].startswith("has no limits")
    assert SourceMeter.safe_calls == ("shutdown",)
    assert tuple(Texio.signals) == ("output_enabled", "voltage_setpoint")


def test_qcodes_in_real_mode():
    """Promise: parameters are reads and actions; what QCoDeS refuses has FAILED."""
    more = LIMITS % "set_ch1.ch1"
    with lab_of("instrument_toys:Gates", Mode.REAL, url="library://gates", more=more) as host:
        assert host.identities["d"].model == "DummyInstrument"
        host.call(lambda lab: lab.d.set_ch1(volts(1.5)))
        assert host.call(lambda lab: lab.d.ch1()).value == 1.5
        with pytest.raises(LimitError):
            host.call(lambda lab: lab.d.set_ch1(volts(6)))
    assert Gates.signals["ch1"].unit == "V"


def test_qcodes_runs_its_own_code_on_the_simulation_that_it_ships():
    """Promise: a simulation file of a package is named by package and file."""
    sim = 'options = { pyvisa_sim = "qcodes.instrument.sims:Yokogawa_GS200.yaml" }'
    with lab_of("instrument_toys:Source", serial="xxxxxxxx", more=sim) as host:
        assert host.identities["d"].model == "GS200"
        host.call(lambda lab: lab.d.set_output(True))
    assert host.report.safe == ["d"]


CASES = {
    "scpi, response": ("Supply", "", lambda d: d.set_voltage(volts(3))),
    "scpi, pyvisa-sim": ("Supply", "supply.yaml", lambda d: d.set_voltage(volts(3))),
    "pymeasure, response": ("SourceMeter", "", lambda d: d.set_source_voltage(volts(3))),
    "pymeasure, pyvisa-sim": ("Texio", "supply.yaml", lambda d: d.set_voltage_setpoint(volts(3))),
    "qcodes, response": ("Gates", "", lambda d: d.set_ch1(volts(3))),
}


@pytest.mark.parametrize("check", driver_checks(wire=False), ids=lambda check: check.name)
@pytest.mark.parametrize("name", CASES)
def test_the_contract_of_a_driver(check, name):
    """Promise: what holds for a driver of bytes holds for a class of a library."""
    driver, file, act = CASES[name]
    options = {"pyvisa_sim": file} if file else {}
    check(DriverCase(f"instrument_toys:{driver}", NoWires, "d", act, options))


def test_another_model_is_refused_before_anything_moves():
    """Promise: the model that a class names is looked for in the answer to *IDN?."""
    with (
        pytest.raises(WrongDeviceError, match="should be a PSW-80L40, but a PSW-360L30 answered"),
        lab_of("instrument_toys:WrongSupply", serial="TW123456", more=SIM),
    ):
        pass


BAD_CLASSES = {
    "Keithley2400": "names no class; write it with its module",
    "pymeasure.instruments.keithley.Keithly2400": "has no Keithly2400; correct its spelling",
    "pymeasure.instruments.keithly.Keithley2400": "cannot be imported: No module named",
    "pymeasure.instruments.validators.strict_range": "is no class but function; name a class",
    "pymeasure.adapters.Adapter": "is no pymeasure's Instrument; name a class that is made from it",
}


@pytest.mark.parametrize("path", BAD_CLASSES)
def test_a_class_that_cannot_be_used_is_one_sentence(path):
    """Promise: it is told where the driver is imported, so before a line is opened."""
    with pytest.raises(DefinitionError, match=BAD_CLASSES[path]):
        type("Wrong", (PyMeasureDevice,), {"instrument": path})


def test_a_library_that_is_not_installed_names_the_install_line():
    """Promise: the extra is named, also in the sentence of a lab file."""
    with pytest.raises(MissingExtraError, match=r'needs the extra \[visa\].*"\.\[visa\]"'):
        class_of("nosuchlibrary.instruments.Meter", object, "visa")
    with pytest.raises(LabFileError, match=r"cannot be imported: the library nosuchlibrary needs"):
        lab_of("missing_library_toy:Meter")


def test_a_class_that_wants_other_arguments_says_which():
    """Promise: QCoDeS's word for it is told, and where to give them."""
    path = "qcodes.instrument_drivers.stanford_research.SR86x.SR86x"
    with pytest.raises(DefinitionError, match=r"max_frequency.*give arguments = \{\.\.\.\}"):
        type("Wrong", (QCoDeSDevice,), {"instrument": path})


def test_names_that_a_class_does_not_have_are_told():
    """Promise: a slip in only, units or limits names what there is."""
    body = {"instrument": Texio.instrument, "limits": {"volts": (0, 1)}}
    with pytest.raises(DefinitionError, match=r"names volts, which .* does not have; it has"):
        type("Wrong", (PyMeasureDevice,), body)


def test_a_simulation_file_that_is_not_there_is_told():
    """Promise: one sentence, before anything is opened."""
    with (
        pytest.raises(LabFileError, match=r"pyvisa_sim names 'no\.yaml', which is no file"),
        lab_of("instrument_toys:Supply", more='options = { pyvisa_sim = "no.yaml" }'),
    ):
        pass


def test_a_kind_of_url_is_told():
    """Promise: the wrong scheme, in simulation too."""
    with pytest.raises(LabFileError, match=r"'gpib://24' is of no kind .* write visa://"):
        lab_of("instrument_toys:Supply", url="gpib://24")
    assert Supply.schemes == ("visa",)
