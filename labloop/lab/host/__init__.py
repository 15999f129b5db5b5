"""The host of a lab: it opens the devices, runs experiments on them and leaves them safe."""

from labloop.lab.host.host import LabHost, Speed
from labloop.lab.host.jobs import LabJob
from labloop.lab.host.shutdown import SafetyReport

__all__ = [
    "LabHost",
    "LabJob",
    "SafetyReport",
    "Speed",
]
