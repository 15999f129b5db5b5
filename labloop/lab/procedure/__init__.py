"""What a procedure works with: the lab, its stations and consumables, and steps."""

from labloop.lab.procedure.consumables import UsedUp, renew, used_places
from labloop.lab.procedure.lab import Fittings, Lab
from labloop.lab.procedure.run import run_procedure
from labloop.lab.procedure.stations import Places
from labloop.lab.procedure.steps import Steps

__all__ = [
    "Fittings",
    "Lab",
    "Places",
    "Steps",
    "UsedUp",
    "renew",
    "run_procedure",
    "used_places",
]
