"""Solves of a physics on one device, counted, with the processor as fallback."""

import time
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from labloop.physics import BoundPhysics
from labloop.records import Json
from labloop.surrogates._base import FittedSurrogate
from labloop.surrogates.solving.device import CPU, DeviceDecision

_TOLERANCE = 1e-6
"""Greatest difference between two devices, over the greatest value of each output."""
_ABSOLUTE_TOLERANCE = 1e-12
"""Absolute tolerance, for outputs that are differences of nearly equal numbers."""
_VERIFIED_POINTS = 4


class DeviceSolver:
    """Solves one physics on the device that was chosen, and on the processor where that fails.

    Before another device is used, its results are compared with the processor's at a few
    experiments. A user's function that cannot run there is solved on the processor.

    Attributes:
        bound: the physics.
        seconds: CPU time of this thread spent on solves; other processes and sleep add nothing.
        solves: how many sets of outputs were asked for.
        given_up: why the other device is no longer used, in one sentence; empty where it is.
    """

    def __init__(self, bound: BoundPhysics, device: torch.device = CPU) -> None:
        self.bound = bound
        self.seconds = 0.0
        self.solves = 0
        self.given_up = ""
        self._device = device
        self._verified = device.type == "cpu"

    @property
    def devices(self) -> tuple[str, ...]:
        """Where it was solved, in order."""
        return (self._device.type, "cpu") if self.given_up else (self._device.type,)

    def __call__(self, encoded: Tensor, z: Tensor) -> Any:
        """Return outputs and curves as :meth:`BoundPhysics.predict_all` does, on the processor.

        Whatever the user's function returns comes back; raises what it raises.
        """
        began = time.thread_time()
        try:
            return self._solve(encoded, z)
        finally:
            self.seconds += time.thread_time() - began
            self.solves += torch.broadcast_shapes(encoded.shape[:-1], z.shape[:-1]).numel()  # type: ignore[no-untyped-call]  # torch forgot it

    def _solve(self, encoded: Tensor, z: Tensor) -> Any:
        if self._device.type != "cpu" and not self.given_up:
            try:
                if not self._verified:
                    self._verify(encoded)
                return self._solve_there(encoded, z)
            except Exception as error:  # noqa: BLE001 - the processor is asked next, and decides
                lines = str(error).splitlines() or [""]
                self.given_up = (
                    f"physics {self.bound.model.name!r} was solved on the processor, for on "
                    f"{self._device.type} it failed: {type(error).__name__}: {lines[0]}"
                )
        return self.bound.predict_all(encoded, z)

    def _solve_there(self, encoded: Tensor, z: Tensor) -> Tensor:
        found = self.bound.predict_all(encoded.to(self._device), z.to(self._device))
        return found.to(CPU, torch.float64)

    def _verify(self, encoded: Tensor) -> None:
        """Raise RuntimeError where the device's results differ from the processor's."""
        with torch.no_grad():
            rows = encoded.detach().flatten(0, -2)[:_VERIFIED_POINTS]
            z = torch.zeros(len(rows), self.bound.dimension, dtype=torch.float64)
            wanted, found = self.bound.predict_all(rows, z), self._solve_there(rows, z)
            size = torch.nan_to_num(wanted, posinf=0.0, neginf=0.0).abs().amax(0)
            away = torch.nan_to_num(found - wanted, posinf=torch.inf).abs()
            alike = bool((away <= _TOLERANCE * size + _ABSOLUTE_TOLERANCE).all())
            if not alike or not torch.equal(torch.isfinite(found), torch.isfinite(wanted)):
                raise RuntimeError(
                    f"its answers differ from the processor's by up to {float(away.max()):.1e}"
                )
        self._verified = True


class RoundSolvers:
    """The solvers of one round, and the report of their device and cost."""

    def __init__(self, chosen: DeviceDecision) -> None:
        self._chosen = chosen
        self._solvers: list[DeviceSolver] = []

    def solver(self, bound: BoundPhysics) -> DeviceSolver:
        """Return the solver of a physics."""
        self._solvers.append(DeviceSolver(bound, self._chosen.device))
        return self._solvers[-1]

    def told(self) -> dict[str, Json]:
        """Return the report's entry ``solving`` as of now."""
        devices = dict.fromkeys(name for solver in self._solvers for name in solver.devices)
        return {
            "solving": {
                "device": ", then ".join(devices) or self._chosen.device.type,
                "why": self._chosen.why,
                "estimated": self._chosen.estimated,
                "solves": sum(solver.solves for solver in self._solvers),
                "seconds": sum(solver.seconds for solver in self._solvers),
                "given_up": [solver.given_up for solver in self._solvers if solver.given_up],
            }
        }

    def of(self, fitted: FittedSurrogate) -> FittedSurrogate:
        """Return the fitted surrogate with the entry ``solving``; a search adds further solves."""
        return replace(fitted, report={**fitted.report, **self.told()}, spent=self.told)
