"""Promise: ``labloop adapt`` writes two files that work, or says in a sentence why it cannot."""

from pathlib import Path

import pytest

from labloop.errors import DefinitionError, MissingExtraError, NotConnectedError
from labloop.lab import LabHost, MemoryJournal, load_lab_file, plan_lab
from labloop.records import Mode
from labloop.units import quantity
from labloop_adapters.adapt import adapt, of_class

HERE = Path(__file__).parent
SUPPLY = f"{HERE / 'supply.yaml'}@sim"


def test_a_class_of_pymeasure_becomes_a_driver_and_a_lab_file(tmp_path, capsys):
    """Promise: both files are good as they are; what is not offered stands in a comment."""
    adapt("pymeasure.instruments.keithley.Keithley2400", to=tmp_path)
    told = capsys.readouterr().out
    assert "50 reads, 49 actions" in " ".join(told.split())
    driver = (tmp_path / "keithley2400.py").read_text()
    assert 'safe_calls = ("shutdown",)' in driver
    assert "#    auto_zero" in driver
    assert len([line for line in driver.splitlines() if line.strip()]) <= 10
    lab_file = load_lab_file(tmp_path / "keithley2400.toml")
    plan = plan_lab(lab_file, Mode.SIMULATED)
    assert plan.limits["keithley2400"]["set_source_voltage", "source_voltage"].le == 210
    with LabHost(lab_file, mode=Mode.SIMULATED, journal=MemoryJournal(), campaign_id="t") as host:
        host.call(lambda lab: lab.keithley2400.set_source_voltage(quantity(2, "V")))
        assert host.call(lambda lab: lab.keithley2400.source_voltage()).value == 2


def test_a_class_of_qcodes_says_what_a_person_has_to_look_at(tmp_path, capsys):
    """Promise: a switch that seems to be the output is proposed, and said."""
    adapt("qcodes.instrument_drivers.yokogawa.YokogawaGS200", to=tmp_path)
    told = " ".join(capsys.readouterr().out.split())
    assert "to do look whether output switched off is what is safe" in told
    assert 'safe = {"output": False}' in (tmp_path / "yokogawags200.py").read_text()
    path = "qcodes.instrument_drivers.stanford_research.SR86x.SR86x"
    adapt(path, to=tmp_path, arguments="max_frequency = 5e5")
    written = (tmp_path / "sr86x.py").read_text()
    assert 'arguments = {"max_frequency": 500000.0}' in written
    assert "# safe = {...}" in written


def test_a_resource_is_asked_who_it_is(tmp_path):
    """Promise: model and serial number are written; the commands are a person's to add."""
    adapt("ASRL1::INSTR", to=tmp_path, backend=SUPPLY)
    assert 'model = "PSW-360L30"' in (tmp_path / "psw360l30.py").read_text()
    lab_file = load_lab_file(tmp_path / "psw360l30.toml")
    assert lab_file.devices["psw360l30"].serial_number == "TW123456"
    assert plan_lab(lab_file, Mode.SIMULATED)
    with pytest.raises(NotConnectedError, match=r"ASRL9::INSTR .*answers? \*IDN\?"):
        adapt("ASRL9::INSTR", to=tmp_path, backend=SUPPLY)


@pytest.mark.parametrize(
    ("what", "error", "match"),
    [
        ("numpy.ndarray", DefinitionError, "no class of PyMeasure or QCoDeS"),
        ("pymeasure.instruments.keithley.No", DefinitionError, "has no No; correct"),
        ("pymeasure.instruments.validators.strict_range", DefinitionError, "no class but function"),
        (
            "qcodes.instrument_drivers.stanford_research.SR86x.SR86x",
            DefinitionError,
            "wants other arguments .*max_frequency",
        ),
        ("nosuchpackage.drivers.Meter", DefinitionError, "cannot be imported"),
        ("Keithley2400", DefinitionError, "no class of PyMeasure or QCoDeS"),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_sentence(tmp_path, what, error, match):
    """Promise: nothing is written."""
    with pytest.raises(error, match=match):
        adapt(what, to=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_library_that_is_missing_names_the_install_line(tmp_path, monkeypatch):
    """Promise: the extra of the library."""
    missing = ("labloop_adapters.qcodes", "QCoDeSDevice", "nosuchlibrary.instruments")
    monkeypatch.setitem(of_class._KINDS, "nosuchlibrary", missing)
    with pytest.raises(MissingExtraError, match=r'pip install .*"\.\[nosuchlibrary\]"'):
        adapt("nosuchlibrary.instruments.Meter", to=tmp_path)


def test_nothing_is_overwritten(tmp_path):
    """Promise: a file that a person has edited stays; a folder is not made."""
    (tmp_path / "keithley2400.toml").write_text("mine")
    with pytest.raises(DefinitionError, match="exists; move it away"):
        adapt("pymeasure.instruments.keithley.Keithley2400", to=tmp_path)
    assert not (tmp_path / "keithley2400.py").exists()
    with pytest.raises(DefinitionError, match="is no folder"):
        adapt("pymeasure.instruments.keithley.Keithley2400", to=tmp_path / "no")
    with pytest.raises(DefinitionError, match="is no TOML"):
        adapt("pymeasure.instruments.keithley.Keithley2400", to=tmp_path, arguments="a b")
