"""The table is the one that was measured, and only what is physically in a vial reacts."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labloop.errors import DefinitionError
from labloop_simulators.bodies.hotplate import Hotplate, Segment
from labloop_simulators.bodies.liquids import Liquid
from labloop_simulators.worlds import _arylation as arylation


def charge(**changes: float) -> Liquid:
    """30 umol of substrate in 300 uL DMAc with PPh3 and KOAc."""
    amounts = {
        "substrate": 30.0,
        "internal_standard": 30.0,
        "palladium": 1.5,
        "KOAc": 60.0,
        "PPh3": 3.0,
        "solvent:DMAc": 210.0,
    }
    amounts.update({name.replace("_in_", ":"): value for name, value in changes.items()})
    return Liquid(300.0, amounts)


def test_the_grid_is_complete():
    kinds = arylation.compounds()
    grid = set(
        itertools.product(
            kinds["base"],
            kinds["ligand"],
            kinds["solvent"],
            arylation.CONCENTRATIONS,
            arylation.TEMPERATURES,
        )
    )
    assert set(arylation.table()) == grid
    assert len(grid) == 1728


def test_names_and_smiles_ask_for_the_same_measurement():
    by_name = arylation.measured_yield("CsOAc", "CgMe-PPh", "DMAc", 0.153, 105)
    by_smiles = arylation.measured_yield(
        "O=C([O-])C.[Cs+]",
        "C[C@]1(O2)O[C@](C[C@]2(C)P3C4=CC=CC=C4)(C)O[C@]3(C)C1",
        "CC(N(C)C)=O",
        0.153,
        105,
    )
    assert by_name == by_smiles == 100.0


@pytest.mark.parametrize(
    "point",
    [
        ("NaOAc", "PPh3", "DMAc", 0.1, 105),
        ("KOAc", "PPh3", "DMAc", 0.2, 105),
        ("KOAc", "PPh3", "DMAc", 0.1, 105.4),
    ],
)
def test_a_reaction_that_was_not_measured_is_refused(point):
    with pytest.raises(DefinitionError, match="has no reaction"):
        arylation.measured_yield(*point)


def test_a_mixture_of_the_grid_has_the_measured_yield():
    became = arylation.outcome(charge(), {105: arylation.FULL_TIME})
    assert became.percent == arylation.measured_yield("KOAc", "PPh3", "DMAc", 0.1, 105)
    assert became.reason == "KOAc/PPh3/DMAc/0.1/105"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"substrate": 0.0}, "no substrate"),
        ({"KOAc": 0.0}, "exactly one base"),
        ({"CsOAc": 60.0}, "exactly one base"),
        ({"PPh3": 4.0}, "ligand is not at 0.1"),
        ({"palladium": 0.0}, "palladium"),
        ({"solvent_in_BuCN": 30.0}, "mixture of the solvents"),
        ({"solvent_in_DMAc": 0.0, "product": 1.0}, "changed after"),
        ({"substrate": 31.5, "KOAc": 63.0, "PPh3": 3.15}, "is none of"),
    ],
)
def test_anything_else_gives_no_product_and_says_why(changes, reason):
    became = arylation.outcome(charge(**changes), {105: arylation.FULL_TIME})
    assert became.percent == 0.0
    assert reason in became.reason


def test_half_the_time_gives_less_product():
    full = arylation.outcome(charge(), {105: arylation.FULL_TIME}).percent
    half = arylation.outcome(charge(), {105: arylation.FULL_TIME / 2}).percent
    assert 0.5 * full < half < full
    assert arylation.outcome(charge(), {}).percent == 0.0


def test_a_charge_that_was_mostly_in_between_is_no_reaction():
    became = arylation.outcome(charge(), {90: 100.0}, hot=40_000.0)
    assert became.percent == 0.0
    assert "mostly at none" in became.reason


@settings(max_examples=60, deadline=None)
@given(
    start=st.floats(20, 130),
    final=st.floats(20, 130),
    plate=st.floats(20, 130),
    duration=st.floats(1, 5000),
    low=st.floats(20, 120),
)
def test_the_time_in_a_band_is_that_of_a_fine_count(start, final, plate, duration, low):
    slow = (plate - final) * 150.0 / (150.0 - 45.0)
    segment = Segment(0.0, duration, final, slow, 150.0, start - final - slow, 45.0, True)
    steps = 4000
    counted = sum(
        low <= segment.vial((i + 0.5) * duration / steps) <= low + 4 for i in range(steps)
    )
    assert segment.seconds_between(low, low + 4) == pytest.approx(
        counted * duration / steps, abs=3 * duration / steps
    )


def test_a_plate_asked_often_is_where_a_plate_asked_once_is():
    once, often = Hotplate(), Hotplate()
    for plate in (once, often):
        plate.setpoint, plate.heating = 105.0, True
    for second in range(1, 601):
        often.advance(float(second))
    once.advance(600.0)
    assert often.vial == pytest.approx(once.vial, abs=1e-9)
    assert often.plate == pytest.approx(once.plate, abs=1e-9)


def test_the_watchdog_switches_off_at_its_own_moment_and_not_when_somebody_looks():
    plate = Hotplate()
    plate.setpoint, plate.heating = 105.0, True
    plate.arm_watchdog(0.0, 120.0)
    plate.advance(10_000.0)
    reference = Hotplate()
    reference.setpoint, reference.heating = 105.0, True
    reference.advance(120.0)
    reference.heating = False
    reference.advance(10_000.0)
    assert plate.tripped
    assert not plate.heating
    assert plate.plate == pytest.approx(reference.plate)
