"""Problems and schedules as JSON, for the process of the solver."""

from dataclasses import asdict
from typing import Any

from labloop.scheduling._problem import Booking, Job, Problem, Resource, Schedule, UnitState, Use


def problem_json(problem: Problem) -> dict[str, Any]:
    """Return a problem as JSON."""
    return asdict(problem)


def problem_of(found: dict[str, Any]) -> Problem:
    """Return the problem that was written as JSON."""
    jobs = [
        Job(job["name"], [Use(**use) for use in job["uses"]], job["seconds"], job["release"])
        for job in found["jobs"]
    ]
    resources = [
        Resource(**{**each, "units": tuple(UnitState(**unit) for unit in each["units"])})
        for each in found["resources"]
    ]
    return Problem(resources, jobs)


def schedule_json(schedule: Schedule | None) -> dict[str, Any] | None:
    """Return a schedule as JSON; None stays None."""
    return None if schedule is None else asdict(schedule)


def schedule_of(found: dict[str, Any] | None) -> Schedule | None:
    """Return the schedule that was written as JSON; None stays None."""
    if found is None:
        return None
    bookings = tuple(Booking(*booking) for booking in found["bookings"])
    return Schedule(bookings, tuple(found["ends"]), found["bound"], found["basis"])
