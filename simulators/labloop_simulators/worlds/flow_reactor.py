"""A flow lab: three syringe pumps, a heated tube, an in-line detector; and its chemistry.

Devices: ``pump_a`` (stock of A), ``pump_n`` (stock of N), ``pump_s`` (solvent) of New Era's
kind, ``thermostat`` of Julabo's, ``detector`` of labloop's own. The streams meet at the inlet
of the tube, whose temperature is that of the bath; behind a capillary lies the detector.

The best point of 30 to 120 degC, 0.5 to 5 min, 1 to 5 equivalents and 0.1 to 0.5 mol/L with
the default truth stands in ``BEST``, from 8192 Sobol points and a local search; half of all
points yield less than 0.16. Random search needs 30 experiments (median) to reach 95 % of it.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from labloop.errors import LabFileError
from labloop_simulators.bodies.bath import Bath
from labloop_simulators.instruments.julabo import JulaboEmulator
from labloop_simulators.instruments.new_era import NewEraEmulator
from labloop_simulators.instruments.uv_detector import UvDetectorEmulator
from labloop_simulators.kit import Emulator, TruthLog
from labloop_simulators.worlds._chromatogram import Recorder
from labloop_simulators.worlds._kinetics import SPECIES, FloatArray, Truth, react
from labloop_simulators.worlds._tube import Parcels, Tube, Volumes

STOCK_A, STOCK_N = 1.2, 4.8
"""Concentrations of the stock solutions in mol/L."""
BEST = {
    "product_yield": 0.5286,
    "temperature": 77.6,
    "residence_time": 0.653,
    "equivalents": 2.89,
    "concentration": 0.5,
}
"""The optimum without noise, and where it lies, on a flat ridge: with 3.5 equivalents of
0.41 mol/L the yield is 0.5284."""

_OPTIONS: dict[str, float] = {"noise": 0.01, "baseline_noise": 0.4, "truth": 0}


class FlowReactor:
    """The world: emulators by device name, their shared liquid and the log of the truth."""

    def __init__(
        self,
        seed: int = 0,
        *,
        noise: float = 0.01,
        baseline_noise: float = 0.4,
        truth: int = 0,
    ) -> None:
        self.truth = TruthLog()
        self.volumes = Volumes()
        self.chemistry = Truth().varied(truth)
        self._bath = Bath()
        self._tube = Tube(self.volumes)
        self._recorder = Recorder(seed, noise, baseline_noise)
        self._pumps = tuple(
            NewEraEmulator(name, self.truth, sync=self._sync, on_change=self._flow_changed)
            for name in ("pump_a", "pump_n", "pump_s")
        )
        self.emulators: Mapping[str, Emulator] = {
            **{pump.name: pump for pump in self._pumps},
            "thermostat": JulaboEmulator("thermostat", self.truth, self._bath),
            "detector": UvDetectorEmulator("detector", self.truth, self._trace),
        }

    def composition(self, now: float) -> FloatArray:
        """Return what is in the detector's cell at ``now``: mol/L in the order of ``SPECIES``."""
        self._sync(now)
        parcels = self._tube.at_detector(now)
        out = self._outlet(parcels)
        mean: FloatArray = out.mean(axis=0)
        return mean

    def temperature(self, now: float) -> float:
        """Return the temperature of bath and tube at ``now`` in degC."""
        return self._bath.at(now)

    def ideal(self, point: Mapping[str, Any]) -> dict[str, float]:
        """Return yield and impurity at steady state without noise, as fractions of A fed."""
        return outcome(steady_state(self.chemistry, **_conditions(point)))

    def yield_of(
        self,
        temperature: float,
        residence_time: float,
        equivalents: float,
        concentration: float,
        random: np.random.Generator | None = None,
    ) -> dict[str, float]:
        """Return what an experiment would give, with noise where ``random`` is given.

        For benches: no wires, no waiting. Units: degC, min, 1, mol/L.
        """
        amounts = steady_state(
            self.chemistry, temperature, residence_time, equivalents, concentration
        )
        if random is not None:
            noise = self._recorder.area_noise * random.standard_normal(len(SPECIES))
            amounts = amounts * (1.0 + noise)
        return outcome(amounts)

    def _sync(self, now: float) -> None:
        """Let pumps that stop by themselves do so, each at its own time, in order of time."""
        for pump in self._pumps:
            if pump.due <= now:
                break
        else:
            return
        while (first := min(self._pumps, key=_due)).due <= now:
            first.advance(first.due)

    def _flow_changed(self, now: float) -> None:
        a, n, s = (max(pump.flow(), 0.0) for pump in self._pumps)
        total = a + n + s
        feed = (STOCK_A * a / total, STOCK_N * n / total) if total > 0.0 else (0.0, 0.0)
        self._tube.change(now, total, feed)
        self._bath.forget(self._tube.oldest())

    def _trace(self, now: float, scan: int) -> FloatArray:
        composition = self.composition(now)
        self.truth.record(
            now,
            "detector",
            "composition",
            **{name: float(c) for name, c in zip(SPECIES, composition, strict=True)},
        )
        return self._recorder.draw(SPECIES, composition, scan)

    def _outlet(self, parcels: Parcels) -> FloatArray:
        """Return the composition (n x 6) of parcels, each kind of parcel integrated once."""
        bath = self._bath.at
        stay = parcels.left - parcels.entered
        keys = [
            (*feed, round(t, 6), *(round(bath(begin + f * t), 2) for f in (0.0, 0.25, 0.5, 1.0)))
            for feed, begin, t in zip(
                map(tuple, parcels.feed), parcels.entered.tolist(), stay.tolist(), strict=True
            )
        ]
        kinds = {key: index for index, key in enumerate(keys)}
        chosen = list(kinds.values())
        begins, stays = parcels.entered[chosen], stay[chosen]

        def celsius(fraction: float) -> FloatArray:
            return np.array([bath(t) for t in (begins + fraction * stays).tolist()])

        out = react(self.chemistry, parcels.feed[chosen], stays / 60.0, celsius)
        row = {key: place for place, key in enumerate(kinds)}
        return out[[row[key] for key in keys]]


def create(seed: int, options: Mapping[str, Any]) -> FlowReactor:
    """Return the world of a lab file's ``world = "flow_reactor"``.

    Options: ``noise`` (relative standard deviation of each peak's area, 0.01),
    ``baseline_noise`` (mAU, 0.4), ``truth`` (0 is the documented chemistry, any other number
    a chemistry of the same kind).

    Raises:
        LabFileError: an unknown option or a value that is no number from 0 on.
    """
    values = dict(_OPTIONS)
    for name, value in options.items():
        if name not in _OPTIONS:
            raise LabFileError(
                f"the world flow_reactor has no option {name!r}; it knows {', '.join(_OPTIONS)}"
            )
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= 0:
            raise LabFileError(f"option {name!r} of flow_reactor is a number from 0, got {value!r}")
        values[name] = value
    return FlowReactor(
        seed,
        noise=values["noise"],
        baseline_noise=values["baseline_noise"],
        truth=int(values["truth"]),
    )


def steady_state(
    truth: Truth,
    temperature: float,
    residence_time: float,
    equivalents: float,
    concentration: float,
) -> FloatArray:
    """Return the composition that leaves the tube at steady state: mol/L, as ``SPECIES``.

    Units: degC, min, mol N per mol A, mol/L of A after mixing.
    """
    kept = np.array([temperature], dtype=np.float64)
    feed = np.array([[concentration, concentration * equivalents]])
    out = react(truth, feed, np.array([float(residence_time)]), lambda _fraction: kept)
    row: FloatArray = out[0]
    return row


def outcome(composition: FloatArray) -> dict[str, float]:
    """Return yield and impurity of a composition: P and Bis as fractions of all A's."""
    a, _, p, bis, x, dim = (float(c) for c in composition)
    fed = a + p + bis + x + 2.0 * dim
    return {"product_yield": p / fed, "impurity": bis / fed}


def _due(pump: NewEraEmulator) -> float:
    return pump.due


def _conditions(point: Mapping[str, Any]) -> dict[str, float]:
    names = ("temperature", "residence_time", "equivalents", "concentration")
    return {name: float(point[name]) for name in names}
