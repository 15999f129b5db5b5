"""Promise: an action that needs something of another device is refused without it."""

import pytest
from lab_toys import ToyWorld, toy_host

from labloop.errors import (
    InterlockError,
    ProtocolError,
)
from labloop.lab.configuration.interlocks import parse_terms
from labloop.units import quantity
from labloop_simulators.kit import Fault

FLOW = quantity(2, "mL/min")


def entries(host, experiment_id=None):
    return host.journal.entries("camp", experiment_id)


INTERLOCK = {
    "device": "a",
    "action": "set_value",
    "requires": "b.value >= 1 mL/min and c.value < 0.6 L/h",
    "because": "a must not run dry",
    "max_age": "2 s",
}


def test_an_interlock_reads_other_devices_and_says_because():
    """Promise: the rule is checked on fresh readings, in any unit; no byte is sent."""
    world = ToyWorld("a", "b", "c")
    with toy_host(world=world, tables={"interlocks": [INTERLOCK]}) as host:
        with pytest.raises(InterlockError, match=r"b\.value is 0 mL/min: a must not run dry"):
            host.call(lambda lab: lab.a.set_value(FLOW))
        assert entries(host) == []
        host.call(lambda lab: lab.b.set_value(FLOW))
        # The reading of a moment ago is older than two seconds only after a wait.
        with pytest.raises(InterlockError, match="a must not run dry"):
            host.call(lambda lab: lab.a.set_value(FLOW))

        async def patient(lab):
            await lab.wait(quantity(3, "s"))
            await lab.a.set_value(FLOW)

        host.call(patient)
        world.emulators["c"].value = 10.0
        with pytest.raises(InterlockError, match=r"c\.value is 10 mL/min"):
            host.call(patient)


def test_a_garbled_reading_never_opens_an_interlock():
    """Promise: no reading, no action."""
    world = ToyWorld("a", "b", "c")
    with toy_host(world=world, tables={"interlocks": [INTERLOCK]}) as host:
        world.emulators["b"].value = 5.0
        world.emulators["b"].faults.add(Fault("unsolicited", at=3, data=b"?\n"))
        with pytest.raises(ProtocolError, match="is no number"):
            host.call(lambda lab: lab.a.set_value(FLOW))
        assert entries(host) == []


def test_what_has_no_unit_is_described_without_one():
    """Promise: a rule on a count reads 'needs pump.running >= 1', as it was written."""
    (term,) = parse_terms("pump.running >= 1")
    assert term.description == "pump.running >= 1"
    (term,) = parse_terms("pump.rate >= 1 mL/min")
    assert term.description == "pump.rate >= 1 mL/min"
