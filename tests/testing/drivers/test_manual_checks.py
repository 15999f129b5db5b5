"""Promise: what the manual says is held against the driver, and each line of it can fail."""

from dataclasses import replace

import kit_toys
import pytest

from labloop.errors import DeviceFaultError
from labloop.records import Quality
from labloop.testing.drivers import DriverCase, ManualAnswer, driver_checks
from labloop.units import quantity
from labloop_simulators.cases import CAVRO

GOOD = DriverCase(
    "kit_toys:Heater",
    kit_toys.World,
    "heater",
    lambda heater: heater.set_temperature(quantity(40, "degC")),
    values={"temperature": quantity(40, "degC")},
    answers=(
        ManualAnswer("temperature", b"55\n", quantity(328.15, "K")),
        ManualAnswer("temperature", {b"T?\n": b"FAULT\n"}, DeviceFaultError),
        ManualAnswer(
            lambda h: h.set_temperature(quantity(40, "degC")), {}, lambda got: got is None
        ),
    ),
    frames=((lambda h: h.set_temperature(quantity(313.15, "K")), b"T 40\n"),),
)


def check(name, case):
    next(each for each in driver_checks() if each.name == name)(case)


@pytest.mark.driver(GOOD)
def test_a_good_driver_keeps_the_contract(driver_check):
    driver_check()


@pytest.mark.parametrize(
    ("name", "changes", "match"),
    [
        ("reads_what_was_set", {"values": {"temperature": quantity(41, "degC")}}, "got 40"),
        ("reads_what_was_set", {"driver": "kit_toys:Kelvin"}, "got 40.0 K"),
        (
            "tells_what_it_did",
            {"driver": "kit_toys:Forgetful"},
            "not_sent of an action that was done",
        ),
        ("reads_what_was_set", {"values": {"temperature": quantity(40, "mL")}}, "was due; "),
        (
            "understands_the_manual",
            {"answers": (ManualAnswer("temperature", b"55\n", quantity(5.5, "degC")),)},
            "5.5 degree_Celsius was due, got 55",
        ),
        (
            "understands_the_manual",
            {"answers": (ManualAnswer("temperature", b"55\n", Quality.OVERRANGE),)},
            "the quality overrange was due, got ok",
        ),
        (
            "understands_the_manual",
            {"answers": (ManualAnswer("temperature", b"55\n", DeviceFaultError),)},
            "DeviceFaultError was due, got Reading",
        ),
        (
            "understands_the_manual",
            {"answers": (ManualAnswer("temperature", b"x\n", quantity(5, "degC")),)},
            "and gave ProtocolError",
        ),
        ("sends_what_the_manual_says", {"frames": ((GOOD.act, b"T 41\n"),)}, "where b'T 41"),
        ("refuses_damaged_answers", {"checksum": True}, "took the damaged b"),
    ],
)
def test_a_wrong_line_is_found_out(name, changes, match):
    """Promise: a value, a unit, a quality, an error, a frame, a checksum."""
    with pytest.raises(AssertionError, match=match):
        check(name, replace(GOOD, **changes))


def test_a_checksum_guards_every_bit():
    """Promise: a protocol with a checksum passes the check that one without fails."""
    check("refuses_damaged_answers", CAVRO[0])


def test_what_the_case_does_not_say_is_told():
    """Promise: a check that has nothing to compare with does not pass in silence."""
    bare = DriverCase("kit_toys:Heater", kit_toys.World, "heater", GOOD.act)
    told = {each.name: each.missing(bare) for each in driver_checks()}
    assert told["reads_what_was_set"] == ("nothing to compare with; say values= in the DriverCase")
    assert not told["survives_noise"]


def test_a_real_line_is_only_looked_at():
    """Promise: without actions nothing moves; with them nothing is spoilt."""
    looked = [each.name for each in driver_checks(real=True, actions=False)]
    assert looked == ["identifies", "is_declared", "reads", "takes_turns"]
    moved = {each.name for each in driver_checks(real=True)}
    assert moved - set(looked) == {
        "acts_through_the_journal",
        "is_safe_twice",
        "is_safe_after_a_cancelled_action",
        "tells_what_it_did",
    }
