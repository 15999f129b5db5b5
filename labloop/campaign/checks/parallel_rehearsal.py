"""Whether parallel experiments disturb each other, tried out in simulation."""

import threading
from collections.abc import Awaitable, Callable
from typing import Any

from labloop.campaign.execution import Conditions, leaf_errors
from labloop.errors import DeviceInUseError, LabloopError
from labloop.lab import Lab, LabHost, LabJob, run_procedure
from labloop.space import SearchSpace

MOST = 4
"""How many experiments a rehearsal runs: a conflict of two among forty shows among four."""
PATIENCE = 20.0
"""Wall seconds after which a rehearsal is given up."""


def rehearse_parallel(
    host: LabHost,
    procedure: Callable[[Lab, Any], Any],
    space: SearchSpace,
    *,
    parallel: int,
    seed: int,
) -> tuple[bool, str]:
    """Carry several experiments out at once; return whether that is good, and what to say.

    Nothing is stored. That a procedure fails for another reason is not judged here.

    Raises:
        LabloopError: the lab cannot be opened.
    """
    points = space.sample(min(parallel, MOST), seed)
    units = {p.name: p.unit for p in space.parameters}
    jobs = [
        LabJob(f"experiment {n}", _once(procedure, Conditions(point, units)))
        for n, point in enumerate(points, 1)
    ]
    errors: list[BaseException] = []
    with host:
        giving_up = threading.Timer(PATIENCE, host.stop, ["the rehearsal takes too long"])
        giving_up.start()
        try:
            errors += [error for found in host.run(jobs) for error in found]
        except LabloopError as error:
            errors.append(error)
        finally:
            giving_up.cancel()
    met = next((error for error in errors if isinstance(error, DeviceInUseError)), None)
    if met is not None:
        return False, f"with parallel={parallel}: {met}"
    if errors:
        return True, f"whether experiments at once spoil each other was not found out: {errors[0]}"
    return True, f"{len(jobs)} experiments at once do not meet at a device in simulation"


def _once(
    procedure: Callable[[Lab, Any], Any], x: Conditions
) -> Callable[[Lab], Awaitable[list[BaseException]]]:
    async def once(lab: Lab) -> list[BaseException]:
        try:
            await run_procedure(procedure, lab, x)
        except Exception as error:  # noqa: BLE001 - process edge: a person's code may raise anything
            return leaf_errors(error)
        return []

    return once
