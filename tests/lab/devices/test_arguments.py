"""Promise: arguments reach a driver in its declared unit and within its limits, or not at all."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lab_toys import ToyWorld, toy_host

from labloop.errors import DefinitionError, LimitError, UnitError
from labloop.lab import MemoryJournal
from labloop.units import quantity

FLOW = quantity(2, "mL/min")


def by_hand(f, **options):
    with toy_host("a", **options) as host:
        return host.call(f)


def _flow(number):
    made = quantity(1, "mL/min")
    return made.__class__(number, made.units)


def test_a_quantity_reaches_the_wire_in_the_declared_unit():
    """Promise: 0.12 L/h is 2 mL/min on the wire, whatever unit the author prefers."""
    world = ToyWorld("a")
    by_hand(lambda lab: lab.a.set_value(quantity(0.12, "L/h")), world=world)
    assert any(frame.data == b"SET 2.000\n" for frame in world.truth.frames)


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda a: a.set_value(2.0), UnitError, r"a\.set_value\.rate needs a quantity in 'mL/min'"),
        (lambda a: a.set_value(quantity(2, "g")), UnitError, "needs a quantity in 'mL/min'"),
        (lambda a: a.set_value(), DefinitionError, "needs the argument 'rate'"),
        (lambda a: a.set_value(FLOW, speed=1), DefinitionError, r"takes the arguments \(rate\)"),
        (lambda a: a.set_value(FLOW, FLOW), DefinitionError, r"takes the arguments \(rate\)"),
        (lambda a: a.set_value(FLOW, rate=FLOW), DefinitionError, r"takes the arguments \(rate\)"),
        (lambda a: a.set_value(quantity(51, "mL/min")), LimitError, "51 mL/min is outside"),
        (lambda a: a.run(quantity(0, "s")), LimitError, "> 0 s"),
        (lambda a: a.choose("up"), DefinitionError, "one of left, right; got 'up'"),
        (lambda a: a.choose("left", 2.5), DefinitionError, "whole number, got 2.5"),
        (lambda a: a.choose("left", 10), LimitError, "10 1 is outside"),
        (lambda a: a.choose("left", 1, "x" * 201), DefinitionError, "at most 200 printable"),
        (lambda a: a.choose("left", 1, "x\n"), DefinitionError, "at most 200 printable"),
        (lambda a: a.choose("left", 1, 7), DefinitionError, "needs a text, got 7"),
        (lambda a: a.choose("left", fast=1), DefinitionError, "True or False, got 1"),
    ],
)
def test_a_wrong_argument_is_told_and_leaves_no_trace(call, error, match):
    """Promise: asked, came, do; neither the journal nor the wire has seen it."""
    world, journal = ToyWorld("a"), MemoryJournal()
    with toy_host("a", world=world, journal=journal) as host:
        frames = len(world.truth.frames)
        with pytest.raises(error, match=match):
            host.call(lambda lab: call(lab.a))
        assert len(world.truth.frames) == frames
        assert journal.entries("camp") == []


def test_other_kinds_of_arguments_reach_the_body():
    """Promise: choices, whole numbers, texts and flags arrive as declared."""
    assert by_hand(lambda lab: lab.a.choose("left", 3, note="hi", fast=True)) == "left 3 hi True"
    assert by_hand(lambda lab: lab.a.choose("right")) == "right 1  False"


@settings(max_examples=15, deadline=None)
@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=40))
def test_no_number_outside_of_the_limits_reaches_the_wire(numbers):
    """Promise: whatever a strategy asks for, the emulator only ever sees 0 to 50 mL/min."""
    world = ToyWorld("a", baud=None)

    async def hammer(lab):
        for number in numbers:
            try:
                await lab.a.set_value(_flow(number))
            except (LimitError, UnitError):
                continue

    by_hand(hammer, world=world)
    seen = [dict(event.values)["value"] for event in world.truth.events if event.event == "set"]
    assert all(0 <= value <= 50 for value in seen)
    legal = [number for number in numbers if 0 <= number <= 50]
    assert len(seen) == len(legal)
