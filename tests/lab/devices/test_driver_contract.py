"""Promise: the contract of drivers is kept by a good driver and broken by each bad one."""

import pytest
from lab_toys import ToyWorld

from labloop.errors import NotSafeError
from labloop.testing.drivers import DriverCase, driver_checks
from labloop.units import quantity

FLOW = quantity(2, "mL/min")


def case_of(kind):
    """Return the toy of that kind on the bench."""
    return DriverCase(
        f"lab_bad_toys:{kind}", lambda: ToyWorld("a"), "a", lambda toy: toy.set_value(FLOW)
    )


@pytest.mark.parametrize("kind", ["Documented", "Numberless", "Watched"])
@pytest.mark.parametrize("check", driver_checks(), ids=lambda check: check.name)
def test_a_good_driver_keeps_the_contract(check, kind):
    """Promise: no check fails without a reason, also where the wire tells no serial number."""
    check(case_of(kind))


@pytest.mark.parametrize(
    ("kind", "name", "match"),
    [
        ("Undocumented", "is_declared", "mystery has no docstring"),
        ("Unlimited", "is_declared", "push.force has no limit"),
        ("Careless", "survives_noise", "could not convert string to float"),
        ("Nameless", "identifies", "names no model"),
        ("Trusting", "refuses_another_instrument", "connected to"),
        ("Claiming", "refuses_another_instrument", "claims 'SN-OF-ANOTHER'"),
        ("Anonymous", "refuses_another_instrument", "serial_on_wire = False"),
        ("Hot", "is_safe_twice", "is NOT known to be in its safe state"),
        ("Hot", "is_safe_after_a_cancelled_action", "is NOT known to be in its safe state"),
        ("Mixed", "reads", "calls its reading 'a.flow'"),
        ("Starving", "feeds_its_watchdog", "watchdog of 60 s heard nothing for 150"),
        ("Silent", "acts_through_the_journal", "sent nothing"),
    ],
)
def test_a_bad_driver_is_found_out(kind, name, match):
    """Promise: each line of the contract can fail."""
    check = next(check for check in driver_checks() if check.name == name)
    with pytest.raises((AssertionError, ValueError, NotSafeError), match=match):
        check(case_of(kind))


def test_every_check_says_what_it_promises():
    """Promise: a report can be read by who wrote the driver."""
    assert all(check.promise.endswith(".") for check in driver_checks())
