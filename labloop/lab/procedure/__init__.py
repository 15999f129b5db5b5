"""What a procedure works with: the lab, its stations, and steps.

Here belongs what the author of a procedure sees, and how a procedure is run. When it runs and
how it is ended belongs to ``host``. Read ``lab.py`` first.
"""

from labloop.lab.procedure.lab import Lab, LabResources
from labloop.lab.procedure.late import AwaitsResult, LateResult, is_open_late
from labloop.lab.procedure.occupancy import Occupancy
from labloop.lab.procedure.plan import PlannedUse, Position, StationState, UsePlan, Visit
from labloop.lab.procedure.queue import Queue
from labloop.lab.procedure.replanning import MakePlan, Replanning
from labloop.lab.procedure.requests import short_name
from labloop.lab.procedure.run import run_procedure
from labloop.lab.procedure.stations import StationPool
from labloop.lab.procedure.steps import Steps
from labloop.lab.procedure.work import LabWork

__all__ = [
    "AwaitsResult",
    "Lab",
    "LabResources",
    "LabWork",
    "LateResult",
    "MakePlan",
    "Occupancy",
    "PlannedUse",
    "Position",
    "Queue",
    "Replanning",
    "StationPool",
    "StationState",
    "Steps",
    "UsePlan",
    "Visit",
    "is_open_late",
    "run_procedure",
    "short_name",
]
