"""The hidden chemistry of the flow lab: four reactions, integrated on their own.

``A + N -> P`` is wanted. Three things spoil it: ``P + N -> Bis`` (the nucleophile attacks
twice; it is also the base of that step, so the rate grows faster than first order in N),
``A + P -> Dim`` (the product itself attacks), and ``A -> X``, hydrolysis by the water in the
solvent, with a low activation energy. The last two and the base catalysis stand in no model
that a planner is given.

Everything is batched: one row per parcel of liquid.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

SPECIES = ("A", "N", "P", "Bis", "X", "Dim")
_GAS = 8.314462618e-3
"""kJ/mol/K."""
_REFERENCE = 363.15
"""K; the rate constants are given at 90 degC."""
_STEP = 0.4
"""Largest product of step and fastest relative rate; RK4 is stable up to 2.7."""
_FEWEST, _MOST = 40, 4000


@dataclass(frozen=True, slots=True)
class Truth:
    """Rate constants at 90 degC in L, mol, min; activation energies in kJ/mol."""

    k_main: float = 5.8
    ea_main: float = 86.0
    k_bis: float = 0.95
    ea_bis: float = 128.0
    base: float = 1.3
    """L/mol: the rate of ``P + N -> Bis`` grows by this times the concentration of N."""
    k_water: float = 0.85
    ea_water: float = 20.0
    k_dim: float = 0.25
    ea_dim: float = 45.0

    def varied(self, seed: int) -> "Truth":
        """Return another truth of the same kind: constants within 25 %, energies within 6 %."""
        if not seed:
            return self
        draw = np.random.default_rng([seed, 0x5EED]).uniform(-1.0, 1.0, size=8)
        return replace(
            self,
            k_main=self.k_main * math.exp(0.25 * draw[0]),
            ea_main=self.ea_main * (1.0 + 0.06 * draw[1]),
            k_bis=self.k_bis * math.exp(0.25 * draw[2]),
            ea_bis=self.ea_bis * (1.0 + 0.06 * draw[3]),
            k_water=self.k_water * math.exp(0.25 * draw[4]),
            ea_water=self.ea_water * (1.0 + 0.06 * draw[5]),
            k_dim=self.k_dim * math.exp(0.25 * draw[6]),
            ea_dim=self.ea_dim * (1.0 + 0.06 * draw[7]),
        )

    def constants(self, kelvin: FloatArray) -> tuple[FloatArray, ...]:
        """Return the constants of main reaction, Bis, water and Dim at ``kelvin``."""
        x = (1.0 / _REFERENCE - 1.0 / kelvin) / _GAS
        return (
            self.k_main * np.exp(self.ea_main * x),
            self.k_bis * np.exp(self.ea_bis * x),
            self.k_water * np.exp(self.ea_water * x),
            self.k_dim * np.exp(self.ea_dim * x),
        )


def react(
    truth: Truth,
    feed: FloatArray,
    minutes: FloatArray,
    celsius: Callable[[float], FloatArray],
) -> FloatArray:
    """Return the composition of parcels after their time in the reactor.

    Args:
        truth: the rate constants.
        feed: n x 2, concentrations of A and N at the inlet, in mol/L.
        minutes: n, how long each parcel stays.
        celsius: fraction of the stay -> n temperatures in degC.

    Returns:
        n x 6 concentrations in mol/L in the order of ``SPECIES``.
    """
    state = np.zeros((len(feed), len(SPECIES)))
    state[:, :2] = feed
    hottest = np.maximum(celsius(0.0), celsius(1.0)) + 273.15
    k_main, k_bis, k_water, k_dim = truth.constants(hottest)
    largest = feed.max(axis=1, initial=0.0)
    fastest = (k_main + k_dim + k_bis * (1.0 + 2.0 * truth.base * largest)) * largest + k_water
    wanted = float(np.max(fastest * minutes, initial=0.0)) / _STEP
    steps = min(max(math.ceil(wanted), _FEWEST), _MOST)
    h = (minutes / steps)[:, None]
    rates = truth.constants(celsius(0.0) + 273.15)
    for step in range(steps):
        middle = truth.constants(celsius((step + 0.5) / steps) + 273.15)
        end = truth.constants(celsius((step + 1.0) / steps) + 273.15)
        a = _change(truth, state, rates)
        b = _change(truth, state + 0.5 * h * a, middle)
        c = _change(truth, state + 0.5 * h * b, middle)
        d = _change(truth, state + h * c, end)
        state = state + h / 6.0 * (a + 2.0 * b + 2.0 * c + d)
        rates = end
    return np.maximum(state, 0.0)


def _change(truth: Truth, state: FloatArray, k: tuple[FloatArray, ...]) -> FloatArray:
    a, n, p = state[:, 0], state[:, 1], state[:, 2]
    main = k[0] * a * n
    bis = k[1] * p * n * (1.0 + truth.base * n)
    water = k[2] * a
    dim = k[3] * a * p
    return np.stack([-main - water - dim, -main - bis, main - bis - dim, bis, water, dim], axis=1)
