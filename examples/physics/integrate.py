"""Solves the hidden truths: numpy alone, nothing of the planner's physics."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
GAS = 8.31446261815324e-3
"""In kJ/mol/K."""


def runge_kutta(
    rates: Callable[[Array, float], Array],
    start: Sequence[Array | float],
    times: Array,
    steps: int = 40,
) -> Array:
    """Return the states at ``times`` by the classical method of Kutta (1901), fourth order.

    Args:
        rates: state ``s x n`` and share of the time -> its change ``s x n``.
        start: the state at 0, s numbers or columns of n.
        times: rising times from 0 on, ``t`` or ``t x n`` where each column has its own.
        steps: between two times.

    Returns:
        States ``t x s x n``.
    """
    times = np.asarray(times, dtype=float)
    state = np.stack(np.broadcast_arrays(*[s + 0.0 * times[0] for s in start]))
    states = [state]
    for first, last in pairwise(times):
        h = (last - first) / steps
        for i in range(steps):
            t = first + i * h
            k1 = rates(state, t)
            k2 = rates(state + 0.5 * h * k1, t + 0.5 * h)
            k3 = rates(state + 0.5 * h * k2, t + 0.5 * h)
            k4 = rates(state + h * k3, t + h)
            state = state + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        states.append(state)
    return np.stack(states)


def arrhenius(k: float, energy: float, celsius: Array | float, at: float) -> Array:
    """Return a rate constant that is ``k`` at ``at`` degC; ``energy`` in kJ/mol."""
    warm = 1.0 / (at + 273.15) - 1.0 / (np.asarray(celsius, dtype=float) + 273.15)
    return k * np.exp(energy / GAS * warm)
