"""Promise: a driver is tested by its name alone, or a sentence says what has to be named."""

import pytest

from labloop.errors import DefinitionError, LabFileError
from labloop.testing.drivers import Bench, DriverCase, cases_of
from labloop_simulators.cases import NEW_ERA

HERE = DriverCase("kit_toys:Heater", lambda: None, "heater", lambda heater: heater.never())


def test_an_installed_driver_has_declared_cases():
    """Promise: the entry point of its name, in as many ways as it declares."""
    assert cases_of("new_era") is NEW_ERA


def test_a_world_of_one_emulator_makes_a_case():
    """Promise: the action is one that may be sent twice, in the middle of its limits."""
    (case,) = cases_of("kit_toys:Heater", world="kit_toys:create")
    with Bench(case) as bench:
        bench.do(case.act)
        assert bench.received()[-1] == b"T 50\n"


def test_options_make_a_case_of_an_emulator():
    """Promise: where options are told, the installed emulator of the driver's name answers."""
    (case,) = cases_of("scpi", options={})[:1]
    assert case.driver == "scpi"
    (case,) = cases_of("huber", options={"sensor": "process"})
    assert (case.options, case.device) == ({"sensor": "process"}, "it")


def test_a_library_needs_no_world():
    """Promise: a class of an adapter is tested on what it declares of its simulation."""
    (case,) = cases_of("kit_adapter_toys:Lamp")
    with Bench(case) as bench:
        bench.do(case.act)
        assert bench.read("brightness").value == 50


@pytest.mark.parametrize(
    ("driver", "named", "match"),
    [
        ("kit_toys:Heater", {}, "nothing answers for the driver 'kit_toys:Heater': name a world"),
        ("kit_toys:Heater", {"world": "kit_toys:two"}, "has the devices heater, other"),
        ("kit_toys:Heater", {"world": "kit_toys:nothing"}, "write module:NAME"),
        ("kit_toys:Heater", {"world": "kit_toys"}, "write module:NAME"),
        ("kit_toys:Heater", {"case": "kit_toys:LINE"}, "which is no DriverCase"),
        ("kit_toys:Heater", {"case": "no_such_module:CASE"}, "No module named"),
    ],
)
def test_what_cannot_be_found_is_told(driver, named, match):
    """Promise: one sentence, with what to write."""
    with pytest.raises(DefinitionError, match=match):
        cases_of(driver, **named)


def test_an_unknown_driver_is_told():
    """Promise: the installed ones are named."""
    with pytest.raises(LabFileError, match="is not installed; installed are"):
        cases_of("no_such_driver")


def test_a_named_case_is_used():
    """Promise: ``--case`` comes first."""
    assert cases_of("kit_toys:Heater", case="test_found_case:HERE")[0].device == "heater"
