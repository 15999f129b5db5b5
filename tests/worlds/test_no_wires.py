"""Promise: a lab that speaks through libraries alone needs no world of its own."""

import pytest

from labloop.errors import DefinitionError
from labloop_simulators.worlds.no_wires import create


def test_it_keeps_the_log_and_nothing_else():
    """Promise: no emulator stands in it, and options are refused by name."""
    world = create(0, {})
    assert world.emulators == {}
    world.truth.record(1.0, "d", "set", voltage=2.0)
    assert [event.event for event in world.truth.events] == ["set"]
    with pytest.raises(DefinitionError, match=r"no_wires has no options, got \['noise'\]"):
        create(0, {"noise": 1})
