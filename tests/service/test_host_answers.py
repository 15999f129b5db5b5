"""Promise: a campaign that was killed learns from its host what became of its open actions."""

from types import SimpleNamespace

from host_toys import lab_on, running_host

from labloop.campaign.execution import settle_by_host
from labloop.lab import MemoryJournal
from labloop.records import ActionState
from labloop.units import quantity


async def set_a(lab):
    await lab.a.set_value(quantity(3, "mL/min"))


def test_an_action_whose_outcome_was_lost_is_told_by_the_host(tmp_path):
    """Done is done, what never arrived was not sent; nothing is sent again to find it out."""
    whole, cut_off = MemoryJournal(), MemoryJournal()
    with running_host(tmp_path) as running:
        with lab_on(journal=whole) as host:
            host.call(set_a)
        [entry] = [e for e in whole.entries("tests") if e.intent.name == "set_value"]
        # A process that died between the bytes and its own commit leaves the intent alone.
        cut_off.intent(entry.intent).result()
        rows = SimpleNamespace(journal=cut_off)
        record = SimpleNamespace(id="tests")
        notes = settle_by_host(rows, record, {"lab": "host://bench"}, "ada")
        assert notes == (f"a.set_value ({entry.intent.id}): the host says done",)
        found = cut_off.find(entry.intent.id)
        assert found.state is ActionState.DONE
        assert found.outcome.sent == (b"SET 3.000\n",)
        assert running.happened("set") == 1
        assert settle_by_host(rows, record, {"lab": "lab.toml"}, "ada") == ()
