"""Promise: two runs of a seed are the same to the byte, however long the caller takes to think.

From the first identify to the last safe state: events, frames and every journal entry.
"""

import asyncio
import importlib.util
import itertools
import time
from dataclasses import replace
from pathlib import Path

import pytest

from labloop.campaign import Campaign, Conditions, load_campaign, with_overrides, with_spec
from labloop.lab import LabHost, LabJob, MemoryJournal, load_lab_file
from labloop.records import Mode, canonical_json
from labloop.store import open_database

EXAMPLES = Path(__file__).parents[2] / "examples"
FLOW = [
    {"temperature": 78.0, "residence_time": 0.65, "equivalents": 2.9, "concentration": 0.49},
    {"temperature": 50.0, "residence_time": 2.0, "equivalents": 1.5, "concentration": 0.2},
    {"temperature": 90.0, "residence_time": 1.0, "equivalents": 2.0, "concentration": 0.3},
]
ROBOT = [
    {"base": base, "ligand": ligand, "solvent": solvent, "concentration": c, "temperature": t}
    for base, ligand, solvent, c, t in [
        ("KOAc", "PPh3", "DMAc", 0.1, 105),
        ("KOPiv", "X-Phos", "BuOAc", 0.057, 90),
        ("CsOAc", "BrettPhos", "p-Xylene", 0.153, 120),
        ("CsOPiv", "PPh3", "BuCN", 0.1, 120),
        ("KOAc", "X-Phos", "DMAc", 0.153, 90),
    ]
]
UNITS = {
    "flow_snar": {
        "temperature": "degC",
        "residence_time": "min",
        "equivalents": "1",
        "concentration": "mol/L",
    },
    "direct_arylation": {"concentration": "mol/L", "temperature": "degC"},
}


def react_of(name):
    spec = importlib.util.spec_from_file_location(f"same_{name}", EXAMPLES / name / "campaign.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.react


def actual_point(name, points, journal, *, parallel, pauses):
    """Run as a campaign does: react to each end after a pause, settle, but not after the last."""
    react = react_of(name)
    host = LabHost(
        load_lab_file(EXAMPLES / name / "lab.toml"),
        mode=Mode.SIMULATED,
        journal=journal,
        campaign_id="same",
    )
    pause = itertools.cycle(pauses)
    with host:
        places = asyncio.Semaphore(parallel)

        async def one(lab, point):
            async with places:
                await react(lab, Conditions(point, UNITS[name]))
                return 1

        batch = points if parallel > 1 else points[:1]
        waiting = points[len(batch) :]
        jobs = [LabJob(f"same-{n:04d}", lambda lab, p=p: one(lab, p)) for n, p in enumerate(batch)]
        ends = host.start(jobs)
        number = len(batch)
        while ends:
            end = next_end(ends)
            ends.remove(end)
            assert end.result() == 1
            time.sleep(next(pause))
            if waiting:
                point = waiting.pop(0)
                ends += host.start([LabJob(f"same-{number:04d}", lambda lab, p=point: one(lab, p))])
                number += 1
            if ends:
                host.settle()
        host.stop("enough")
        time.sleep(next(pause))
    assert not host.report.failures
    return host


def next_end(ends):
    until = time.monotonic() + 30
    while time.monotonic() < until:
        for end in ends:
            if end.done():
                return end
        time.sleep(0.001)
    raise AssertionError("no experiment ended")


def lines_of(lab, entries):
    """Return all that may not differ: truth with frames, journal without wall times."""
    lines = [*lab.truth.lines(), lab.truth.digest()]
    for entry in entries:
        intent, outcome = entry.intent, entry.outcome
        told = [entry.sequence, intent.id, intent.experiment_id, intent.device, intent.name]
        told += [intent.arguments, intent.lab_time, outcome.state.value, outcome.result]
        told += [outcome.lab_time, outcome.detail]
        told += [[each.hex() for each in way] for way in (outcome.sent, outcome.received)]
        lines.append(canonical_json(told))
    return lines


@pytest.mark.parametrize(
    ("name", "points", "parallel"),
    [("flow_snar", FLOW, 1), ("direct_arylation", ROBOT, 4)],
)
def test_same_to_the_byte(name, points, parallel):
    runs = []
    for pauses in ([0.0], [0.02, 0.0, 0.15], [0.07]):
        journal = MemoryJournal()
        host = actual_point(name, list(points), journal, parallel=parallel, pauses=pauses)
        runs.append(lines_of(host, journal.entries("same")))
    assert any('"safe_state"' in line for line in runs[0])
    assert runs[0] == runs[1] == runs[2]


@pytest.mark.parametrize(("name", "experiments"), [("flow_snar", 2), ("direct_arylation", 6)])
def test_a_campaign_with_its_database_is_the_same_to_the_byte(name, experiments, tmp_path):
    """The robot's campaign has four experiments in the lab at once."""
    definition = with_overrides(load_campaign(EXAMPLES / name), seed=0, experiments=experiments)
    plain = replace(definition.spec, strategy="random", physics=None)
    definition = with_spec(definition, plain)
    runs = []
    for number in range(2):
        with open_database(tmp_path / f"{number}.db") as repositories:
            campaign = Campaign.create(repositories, definition, actor="test")
            record = campaign.run()
            entries = repositories.journal.entries(record.id)
            runs.append(lines_of(campaign, entries))
    assert any('"safe_state"' in line for line in runs[0])
    assert runs[0] == runs[1]


def test_after_the_last_end_lab_time_stands_still():
    """The pumps' dead-man is fed every 20 s of lab time, which must not pass while we think."""
    journal = MemoryJournal()
    host = actual_point("flow_snar", FLOW[:1], journal, parallel=1, pauses=[0.3])
    first_safe = next(e for e in journal.entries("same") if e.intent.name == "safe_state")
    ended = [e for e in journal.entries("same") if e.intent.experiment_id][-1]
    assert first_safe.intent.lab_time - ended.outcome.lab_time < 1.0
    assert host.report.seconds < 5.0
