"""What one experiment needs, and for how long: its recipe, carried out alone in simulation."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from labloop.campaign.definition import Definition
from labloop.campaign.execution import Conditions
from labloop.errors import LabloopError
from labloop.lab import Lab, LabFile, LabHost, LabJob, MemoryJournal, run_procedure
from labloop.records import ExperimentJob, Mode, Occupation


@dataclass(frozen=True, slots=True)
class Need:
    """A station or device that an experiment has, in its own seconds."""

    use: int
    """Number of the request, from 1."""
    key: str
    """Kind of the stations; ``lab.<name>`` for a device that is locked."""
    begin: float
    end: float
    setting: float | str | None


@dataclass(frozen=True, slots=True)
class Trace:
    """What an experiment needs when it waits for nothing.

    Attributes:
        needs: what it has, and when, in seconds from its begin.
        seconds: its length.
    """

    needs: tuple[Need, ...]
    seconds: float


def run_ahead(
    definition: Definition, lab_file: LabFile, jobs: Sequence[ExperimentJob]
) -> tuple[Mapping[str, Trace], str]:
    """Carry experiments out one after the other in a simulated lab; nothing of it is kept.

    Warm-up, cleaning and change-over are left out: they depend on who comes before.

    Returns:
        Experiment -> its trace, and why some have none, in words; empty where all have.
    """
    # In a thread of its own: in the main thread a lab would take the signals of the campaign's.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(_run_ahead, definition, lab_file, jobs).result()


def _run_ahead(
    definition: Definition, lab_file: LabFile, jobs: Sequence[ExperimentJob]
) -> tuple[Mapping[str, Trace], str]:
    spec = definition.spec
    assert spec.recipe is not None  # noqa: S101 - asked for before the lab was opened
    found: dict[str, Trace] = {}
    reason = ""
    try:
        with LabHost(
            without_preparation(lab_file),
            mode=Mode.SIMULATED,
            journal=MemoryJournal(),
            campaign_id="ahead",
            seed=spec.seed,
            folder=definition.folder,
            on_alarm=lambda _: None,
        ) as host:
            for job in jobs:
                x = Conditions(job.point, spec.units, job.well)
                began = host.now()
                try:
                    host.run([LabJob(job.experiment_id, _once(spec.recipe, x))])
                except Exception as error:  # noqa: BLE001 - process edge: a person's code may raise anything
                    reason = f"{job.experiment_id} cannot be run ahead: {error}"
                    continue
                holds = [
                    each
                    for each in host.occupancy.holds()
                    if each.experiment_id == job.experiment_id
                ]
                found[job.experiment_id] = _trace(holds, began, host.now())
    except LabloopError as error:
        reason = f"its lab cannot be simulated: {error}"
    return found, reason


def without_preparation(lab_file: LabFile) -> LabFile:
    """Return a lab whose stations are ready at once."""
    stations = {}
    for kind, table in lab_file.stations.items():
        change = table.change_over
        at_once = None if change is None else change.model_copy(update={"time": "0 s"})
        stations[kind] = table.model_copy(
            update={
                "warm_up": "0 s",
                "idle_for": "",
                "cleaning": "0 s",
                "change_over": at_once,
            }
        )
    return lab_file.model_copy(update={"stations": stations})


def _once(recipe: Callable[..., Any], x: Conditions) -> Callable[[Lab], Any]:
    async def once(lab: Lab) -> Any:
        return await run_procedure(recipe, lab, x)

    return once


def _trace(holds: Sequence[Occupation], began: float, ended: float) -> Trace:
    needs = [
        Need(each.use, each.key, each.start - began, each.end - began, each.setting)
        for each in holds
    ]
    return Trace(tuple(sorted(needs, key=lambda each: (each.use, each.key))), ended - began)
