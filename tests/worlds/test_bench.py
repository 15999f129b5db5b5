"""Promise: any shipped emulators stand side by side in one simulated lab."""

import pytest

from labloop.errors import DefinitionError
from labloop_simulators.kit import shipped
from labloop_simulators.worlds.bench import create


def test_every_shipped_emulator_can_stand_on_the_bench():
    world = create(0, {f"it_{number}": name for number, name in enumerate(shipped())})
    assert len(world.emulators) == len(shipped())


def test_options_reach_the_emulator_and_its_log_is_the_worlds():
    world = create(0, {"pump": {"emulator": "cavro", "address": 2, "initialized": True}})
    pump = world.emulators["pump"]
    pump.receive(b"/3A100R\r", 1.0)
    assert [event.device for event in world.truth.events] == ["pump"]


@pytest.mark.parametrize(
    ("told", "words"),
    [(3, "needs the emulator"), ("nix", "not installed"), ({}, "needs the emulator")],
)
def test_what_cannot_stand_there_is_told(told, words):
    with pytest.raises(DefinitionError, match=words):
        create(0, {"it": told})
