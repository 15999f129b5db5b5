"""Promise: what is declared of things is checked before a driver is imported, and told in words."""

import pytest
from lab_toys import toy_tables

from labloop.errors import DefinitionError, LabFileError
from labloop.lab import lab_file_of
from labloop.lab.configuration import plan_lab
from labloop.records import MILLION, Mode, well_names, wells_in

DRAW = {"device": "a", "action": "run", "argument": "time"}


def lab_file(**tables):
    return lab_file_of(toy_tables("a") | tables)


def test_what_is_used_up_whatever_table_declares_it():
    """Amounts in millionths, prices of one unit, wells by name."""
    made = lab_file(
        consumables={
            "lamp": {"unit": "min", "capacity": "2 h", "reserve": "30 s", "price": "6 1/h",
                     "drawn_by": DRAW},
            "tip": {"price": "0.05"},
        },
        plates={"assay": {"wells": 96, "price": "4.80", "expired": "warn"}},
        stations={"well": {"count": 2, "used_up": True}, "oven": {"count": 1}},
    )  # fmt: skip
    lamp, tip, assay, well = made.used_up.values()
    assert (lamp.capacity, lamp.keep, lamp.price) == (120 * MILLION, MILLION // 2, 0.1)
    assert lamp.drawn_by[0].argument == "time"
    assert (tip.unit, tip.capacity, tip.price) == ("1", 0, 0.05)
    assert (assay.places[0], assay.places[-1], assay.price) == ("A1", "H12", 4.8 / 96)
    assert assay.allow_expired
    assert (well.places, well.of_campaign) == (("well-1", "well-2"), True)
    plan_lab(made, Mode.SIMULATED)


def test_where_a_sample_can_be():
    """Declared places, stations, devices, wells of plates."""
    made = lab_file(
        places={"rack": {"positions": 6}, "waste": {}, "shelf": {"names": ["left"]}},
        stations={"oven": {"count": 1}},
        plates={"assay": {"wells": 6}},
    )
    assert made.sample_places[:9] == (
        "rack.A1", "rack.A2", "rack.A3", "rack.B1", "rack.B2", "rack.B3", "waste", "shelf.left",
        "oven-1",
    )  # fmt: skip
    assert made.sample_places[9:11] == ("a", "assay.A1")


@pytest.mark.parametrize(
    ("tables", "match"),
    [
        ({"consumables": {"x": {"unit": "ML"}}}, r"\[consumables.x\]: .*did you mean 'mL'"),
        (
            {"consumables": {"x": {"unit": "mL", "capacity": "5 g"}}},
            r"\[consumables.x\]: .*cannot be converted",
        ),
        ({"consumables": {"x": {"unit": "mL", "reserve": "-5 mL"}}}, "amount above 0, got '-5 mL'"),
        ({"consumables": {"x": {"unit": "mL", "price": "3 1/g"}}}, "cannot be converted"),
        ({"consumables": {"x": {"unit": "mL", "price": "3"}}}, "price is of one 'mL'"),
        ({"consumables": {"x": {"unit": "mL", "price": "3 mL"}}}, "price is '0.12 1/mL', of what"),
        ({"consumables": {"x": {"drawn_by": {**DRAW, "device": "z"}}}}, "device 'z', which the"),
        ({"consumables": {"x": {"amount": "3"}}}, r"\[consumables.x\] amount is not known"),
        ({"consumables": {"a": {}}}, r"\[consumables.a\] has the name of \[devices.a\]"),
        ({"consumables": {"x": {}}, "plates": {"x": {}}}, r"\[plates.x\] has the name of \[con"),
        (
            {"plates": {"x": {"wells": 95}}},
            "a plate has 6, 12, 24, 48, 96, 384, 1536 wells; got 95",
        ),
        ({"places": {"x": {"positions": 95}}}, r"\[places.x\] positions: a plate has"),
        ({"places": {"x": {"positions": 6, "names": ["a"]}}}, "not both"),
    ],
)
def test_what_cannot_be_read(tables, match):
    """One sentence with table and key."""
    with pytest.raises(LabFileError, match=match):
        lab_file(**tables)


@pytest.mark.parametrize(
    ("draw", "match"),
    [
        ({"action": "fly"}, "action 'fly', but a knows: .*run"),
        (
            {"argument": "rate"},
            "argument 'rate', which is no number that run takes; it takes: time",
        ),
        ({}, "argument 'time', which is in 's', and x is in 'mL'"),
    ],
)
def test_what_no_action_draws(draw, match):
    """Known as soon as the driver is."""
    made = lab_file(consumables={"x": {"unit": "mL", "drawn_by": {**DRAW, **draw}}})
    with pytest.raises(LabFileError, match=match):
        plan_lab(made, Mode.SIMULATED)


def test_wells_by_name():
    """Row by row, up to AF48; a rectangle by two corners, in any order."""
    assert well_names(1536)[-1] == "AF48"
    assert len(set(well_names(384))) == 384
    plate = well_names(96)
    assert wells_in("A1..B2", plate) == wells_in("B2:A1", plate) == ("A1", "A2", "B1", "B2")
    assert wells_in("H12", plate) == ("H12",)
    for wrong, match in (("A1..Z6", "no well Z6: they go from A1 to H12"), ("row 1", "written as")):
        with pytest.raises(DefinitionError, match=match):
            wells_in(wrong, plate)
