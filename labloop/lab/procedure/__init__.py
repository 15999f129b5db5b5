"""What a procedure works with: the lab, its stations and consumables, and steps."""

from labloop.lab.procedure.consumables import ConsumableLog, renew, used_stations
from labloop.lab.procedure.lab import Lab, LabResources
from labloop.lab.procedure.run import run_procedure
from labloop.lab.procedure.stations import StationPool
from labloop.lab.procedure.steps import Steps

__all__ = [
    "ConsumableLog",
    "Lab",
    "LabResources",
    "StationPool",
    "Steps",
    "renew",
    "run_procedure",
    "used_stations",
]
