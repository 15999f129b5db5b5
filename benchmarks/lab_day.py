"""A simulated day of the flow lab: four instruments read every second for 24 hours.

Usage: python -m benchmarks.lab_day [hours]

Wall seconds, reads and microseconds a read, through driver, transport and emulator, with every
action in the journal of a database. Prints one JSON line.
"""

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from labloop.campaign import Campaign, load_campaign
from labloop.lab import LabHost, LabJob, load_lab_file
from labloop.records import ExperimentRecord, ExperimentState, Mode, Origin, make_experiment_id
from labloop.store import open_database
from labloop.units import quantity

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "flow_snar"


async def watch(lab: Any, seconds: int) -> int:
    """Run the flow lab and read four of its instruments every second; return the reads."""
    for pump in (lab.pump_s, lab.pump_a, lab.pump_n):
        await pump.set_rate(quantity(0.5, "mL/min"))
        await pump.start()
    await lab.thermostat.set_temperature(quantity(80, "degC"))
    await lab.thermostat.start()
    reads = 0
    second = quantity(1, "s")
    for _ in range(seconds):
        await lab.pump_a.dispensed()
        await lab.pump_n.rate()
        await lab.thermostat.bath_temperature()
        await lab.detector.lamp_intensity()
        reads += 4
        await lab.wait(second)
    return reads


def day(hours: float, folder: Path) -> dict[str, float]:
    """Return the figures of one day."""
    with open_database(folder / "day.db") as repositories:
        campaign_id = Campaign.create(repositories, load_campaign(EXAMPLE)).record.id
        experiment = ExperimentRecord(
            id=make_experiment_id(campaign_id, 1),
            campaign_id=campaign_id,
            number=1,
            mode=Mode.SIMULATED,
            state=ExperimentState.PLANNED,
            origin=Origin.MANUAL,
            point={},
        )
        repositories.experiments.add(experiment).result()
        host = LabHost(
            load_lab_file(EXAMPLE / "lab.toml"),
            mode=Mode.SIMULATED,
            journal=repositories.journal,
            campaign_id=campaign_id,
        )
        job = LabJob(experiment.id, lambda lab: watch(lab, round(hours * 3600)))
        with host:
            began, began_cpu = time.perf_counter(), time.process_time()
            (reads,) = host.run([job])
            seconds = time.perf_counter() - began
            cpu_seconds = time.process_time() - began_cpu
            lab_hours = host.now() / 3600
        return {
            "seconds": seconds,
            "cpu_seconds": cpu_seconds,
            "reads": reads,
            "microseconds_a_read": seconds / reads * 1e6,
            "lab_hours": lab_hours,
            "actions_in_journal": len(repositories.journal.entries(campaign_id)),
        }


def main(hours: float = 24.0) -> None:
    """Print the figures."""
    print(f"{hours:g} h of lab time", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(day(hours, Path(folder))))


if __name__ == "__main__":
    main(*(float(each) for each in sys.argv[1:2]))
