"""Promise: ids of the journal are the same in every run and never taken twice."""

from lab_toys import toy_host

from labloop.lab import LabJob, MemoryJournal
from labloop.lab.host.scopes import CampaignScopes
from labloop.units import quantity

FLOW = quantity(2, "mL/min")


def test_ids_are_the_same_in_every_run_and_never_taken_twice():
    """Promise: experiment and counter make the id, also when it is entered again."""
    journal = MemoryJournal()

    async def two(lab):
        await lab.a.set_value(FLOW)
        await lab.a.set_value(FLOW)
        return 1

    for _ in range(2):
        with toy_host("a", journal=journal) as host:
            host.run([LabJob("camp-0001", two)])
            host.call(lambda lab: lab.a.set_value(FLOW))
    assert [entry.intent.id for entry in journal.entries("camp")] == [
        "camp-0001-a001",
        "camp-0001-a002",
        "camp-a-s1-001",
        "camp-a-s1-002",
        "camp-0001-a003",
        "camp-0001-a004",
        "camp-a-s2-001",
        "camp-a-s2-002",
    ]


def test_an_experiment_entered_again_knows_its_finished_steps():
    """Promise: counter and steps go on where an earlier process left them."""
    journal = MemoryJournal()

    async def stepped(lab):
        await lab.step("weigh", weigh)
        return 1

    async def weigh():
        return 3.0

    with toy_host("a", journal=journal) as host:
        host.run([LabJob("camp-0001", stepped)])
    scopes = CampaignScopes(journal, "camp", "anna")
    again, fresh = scopes.of_experiment("camp-0001"), scopes.of_experiment("camp-0002")
    assert (again.finished, again.next_id("a")) == ({"weigh": 3.0}, "camp-0001-a002")
    assert (fresh.finished, fresh.next_id("a")) == ({}, "camp-0002-a001")
    assert (scopes.own.actor, scopes.own.start) == ("anna", 2)
