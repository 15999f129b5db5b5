"""The example of the flow lab: recipe, drivers, bytes, world and analysis in simulated time."""

import runpy
from pathlib import Path

import pytest

from labloop.errors import InterlockError
from labloop.lab import LabHost, LabJob, MemoryJournal, load_lab_file
from labloop.records import CurveData, Mode
from labloop.units import quantity

EXAMPLE = Path(__file__).parents[2] / "examples" / "flow_snar"
POINTS = [
    {"temperature": 78.0, "residence_time": 0.65, "equivalents": 2.9, "concentration": 0.49},
    {"temperature": 50.0, "residence_time": 2.0, "equivalents": 1.5, "concentration": 0.2},
]
UNITS = {
    "temperature": "degC",
    "residence_time": "min",
    "equivalents": "1",
    "concentration": "mol/L",
}


class Conditions:
    """What a recipe is given: quantities by name."""

    def __init__(self, point):
        for name, value in point.items():
            setattr(self, name, quantity(value, UNITS[name]))


@pytest.fixture(scope="module")
def example():
    return runpy.run_path(str(EXAMPLE / "campaign.py"))


def host_of():
    return LabHost(
        load_lab_file(EXAMPLE / "lab.toml"),
        mode=Mode.SIMULATED,
        journal=MemoryJournal(),
        campaign_id="c",
    )


def job_of(react, point, number=1):
    return LabJob(f"c-{number:04d}", lambda lab: react(lab, Conditions(point)))


def test_the_recipe_measures_what_the_world_holds(example):
    """From quantity to yield: within the detector's noise of the noise-free steady state."""
    with host_of() as host:
        for number, point in enumerate(POINTS, 1):
            (raw,) = host.run([job_of(example["react"], point, number)])
            outputs = example["analyse"](raw)
            ideal = host.world.ideal(point)
            assert isinstance(raw["chromatogram"], CurveData)
            assert outputs["product_yield"] == pytest.approx(ideal["product_yield"], abs=0.02)
            assert outputs["impurity"] == pytest.approx(ideal["impurity"], abs=0.02)
            reached = raw["actual"]["temperature"].magnitude
            assert reached == pytest.approx(point["temperature"], abs=0.3)


def test_the_same_lab_day_is_the_same_to_the_byte(example):
    digests = set()
    for _ in range(2):
        with host_of() as host:
            host.run([job_of(example["react"], POINTS[0])])
        digests.add(host.truth.digest())
    assert len(digests) == 1


def test_after_the_lab_everything_is_off(example):
    with host_of() as host:
        host.run([job_of(example["react"], POINTS[0])])
        world = host.world
        assert world.emulators["pump_s"].flow() > 0.0
    assert [world.emulators[f"pump_{x}"].flow() for x in "ans"] == [0.0, 0.0, 0.0]
    assert not world.emulators["thermostat"].running


def test_no_heat_without_flow():
    """The lab file's interlock: nothing is sent to a thermostat while the tube stands still."""

    async def careless(lab):
        await lab.thermostat.start()

    with host_of() as host:
        with pytest.raises(InterlockError, match="clogs"):
            host.run([LabJob("c-0001", careless)])
        assert not host.world.emulators["thermostat"].running
