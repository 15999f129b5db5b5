"""Promise: a device may be built with another one of the lab, which is opened before it."""

import asyncio

import pytest
from adapter_labs import host_of
from instrument_toys import SPANS

from labloop.errors import LabFileError, LabloopError, NotConnectedError
from labloop.lab import load_lab_file
from labloop.lab.configuration import opened_together
from labloop.records import Mode
from labloop.units import quantity

DAC = """
[devices.dac]
driver = "instrument_toys:Dac"
url = "library://dac"
serial_number = "1"
[devices.dac.limits]
"set_ch1.ch1" = { max = "4 V" }
"set_ch2.ch2" = { max = "4 V" }
"""


def dmm(name="dmm", arguments='setter_instr = "device:dac"', options=""):
    return f"""
[devices.{name}]
driver = "instrument_toys:Dmm"
url = "library://{name}"
serial_number = "2"
options.arguments = {{ {arguments} }}
{options}
[devices.{name}.limits]
"set_v1.v1" = {{ max = "4 V" }}
"set_v2.v2" = {{ max = "4 V" }}
"""


def lab(*devices, mode=Mode.REAL):
    return host_of('[lab]\nname = "b"\n' + "".join(devices), mode)


@pytest.mark.parametrize("devices", [(DAC, dmm()), (dmm(), DAC)], ids=["in order", "reversed"])
def test_a_meter_reads_what_its_source_is_set_to(devices):
    """Promise: the order in the file does not matter, and each is journaled under its name."""
    with lab(*devices) as host:
        assert set(host.identities) == {"dac", "dmm"}
        at_zero = host.call(lambda lab: lab.dmm.v1()).value
        host.call(lambda lab: lab.dac.set_ch1(quantity(4, "V")))
        assert host.call(lambda lab: lab.dmm.v1()).value < at_zero - 1
        host.call(lambda lab: lab.dmm.set_v2(quantity(1, "V")))
        names = {entry.intent.device for entry in host.kept()}
        assert {"dac", "dmm"} <= names
    assert set(host.report.safe) == {"dac", "dmm"}


def test_both_are_called_on_one_thread():
    """Promise: the library of one is never called while that of the other is in a call."""
    SPANS.clear()

    async def run(lab):
        await asyncio.gather(lab.dac.look(), lab.dmm.look())

    with lab(DAC, dmm()) as host:
        host.call(run)
    (_, first_end, thread), (second_begin, _, same) = sorted(SPANS)
    assert first_end <= second_begin
    assert thread == same


def test_in_simulation_both_answer_by_declared_responses():
    """Promise: where no library runs, each remembers what it is set to."""
    with lab(DAC, dmm(), mode=Mode.SIMULATED) as host:
        host.call(lambda lab: lab.dmm.set_v1(quantity(1, "V")))
        assert host.call(lambda lab: lab.dmm.v1()).value == 1


@pytest.mark.parametrize(
    ("devices", "match"),
    [
        ((DAC, dmm(arguments='setter_instr = "device:dca"')), "'dca', which the lab does not have"),
        (
            (dmm("a", 'setter_instr = "device:b"'), dmm("b", 'setter_instr = "device:a"')),
            "built with itself, by way of a -> b -> a; one of them must be opened first",
        ),
        ((dmm("a", 'setter_instr = "device:a"'),), "built with itself, by way of a -> a"),
        (
            (DAC, dmm(arguments="")),
            "arguments.setter_instr is missing; name the device that is its DummyInstrument, as",
        ),
        ((DAC, dmm(arguments='setter_instr = "device:dac", colour = 1')), "wants other arguments"),
    ],
)
def test_what_cannot_be_built(devices, match):
    """Promise: a missing name, a circle or a missing argument is one sentence."""
    with pytest.raises(LabloopError, match=match), lab(*devices):
        pass


def test_one_whose_instrument_cannot_be_opened_waits_for_nothing():
    """Promise: both are named, the cause first."""
    wrong = DAC.replace(
        "[devices.dac.limits]", "options.arguments.colour = 1\n[devices.dac.limits]"
    )
    with (
        pytest.raises(NotConnectedError, match=r"(?s)2 of 2 .*dac.*dmm.*: dac, with which it is"),
        lab(wrong, dmm()),
    ):
        pass


def test_groups_of_devices_that_have_one_thread():
    """Promise: whoever shares an instrument, also by way of another one, is in one group."""
    needs = {"a": (), "b": ("a",), "c": ("d",), "d": (), "e": ("b", "d"), "f": ()}
    assert opened_together(needs) == dict.fromkeys("abcde", "a")


def test_a_part_of_the_lab_has_what_its_devices_are_built_with():
    """Promise: a watchdog that makes one device safe can open it; so can a person's question."""
    whole = load_lab_file('[lab]\nname = "b"\n' + DAC + dmm())
    assert set(whole.only(["dmm"]).devices) == set(whole.part("dmm").devices) == {"dac", "dmm"}
    assert set(whole.only(["dac"]).devices) == {"dac"}


def test_made_safe_alone_it_waits_for_its_instrument():
    """Promise: a lab that is opened only to be made safe keeps the order, too."""
    text = '[lab]\nname = "b"\nsafe_order = ["dmm", "dac"]\n' + dmm() + DAC
    with host_of(text, Mode.REAL, patience=10.0) as host:
        pass
    assert set(host.report.safe) == {"dac", "dmm"}
    assert not host.report.failures


def test_a_device_of_bytes_has_no_library_to_build_with():
    """Promise: it is told before anything is opened."""
    pump = '[devices.pump]\ndriver = "new_era"\n'
    with (
        pytest.raises(LabFileError, match="'pump', whose driver calls no library"),
        lab(pump, dmm(arguments='setter_instr = "device:pump"'), mode=Mode.SIMULATED),
    ):
        pass
