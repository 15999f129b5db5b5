"""Steps of the integrator as machine code, for solves that need no gradient.

A round asks for tens of thousands of solves in batches of a few hundred, and most of their time
in tensors goes into starting small operations. The arithmetic is that of the tensors, step by
step, in blocks of experiments that stay in the processor's cache. Rows are named by an array and
a number: a view of a row costs about as much as the work on it.
"""

from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar, cast

import numpy as np
import numpy.typing as npt
from numba import njit

from labloop.records import FloatArray

_BLOCK = 512
_LIMITS = 4
_NOTHING = np.empty((0, 0))
_Function = TypeVar("_Function", bound=Callable[..., Any])
IntArray: TypeAlias = npt.NDArray[np.int64]
Numbers: TypeAlias = tuple[FloatArray, FloatArray]
"""Rate constants R x N, and adsorption constants R x (S + 1) x N or nothing."""


def _compiled(function: _Function) -> _Function:
    # Division by zero gives infinity, as it does in tensors, which lets loops become vector
    # instructions. The interpreter's lock is released: devices are served meanwhile.
    made: Any = njit(cache=True, nogil=True, error_model="numpy")(function)
    return cast("_Function", made)


@_compiled
def _set(out: Any, o: int, x: Any, i: int) -> None:
    for b in range(out.shape[1]):
        out[o, b] = x[i, b]


@_compiled
def _add(out: Any, o: int, scale: float, x: Any, i: int) -> None:
    for b in range(out.shape[1]):
        out[o, b] += scale * x[i, b]


@_compiled
def _add_product(out: Any, o: int, scale: float, x: Any, i: int, y: Any, j: int) -> None:
    for b in range(out.shape[1]):
        out[o, b] += scale * x[i, b] * y[j, b]


@_compiled
def _times(out: Any, o: int, x: Any, i: int) -> None:
    for b in range(out.shape[1]):
        out[o, b] *= x[i, b]


@_compiled
def _times_positive(out: Any, o: int, x: Any, i: int) -> None:
    for b in range(out.shape[1]):
        out[o, b] *= max(x[i, b], 0.0)


@_compiled
def _divide(out: Any, o: int, held: Any, i: int, power: float) -> None:
    for b in range(out.shape[1]):
        out[o, b] /= held[i, b] ** power


@_compiled
def _holding(hold: Any, y: Any, held: Any, r: int) -> None:
    """Write one plus what holds a rate back."""
    for b in range(held.shape[1]):
        held[r, b] = 1.0
    for i in range(y.shape[0]):
        for b in range(held.shape[1]):
            held[r, b] += hold[r, i, b] * max(y[i, b], 0.0)


@_compiled
def _rates(network: Any, law: Any, y: Any, rate: Any, held: Any) -> None:
    """Write the rates (R x B) at concentrations ``y``, and one plus what holds them back."""
    _, factors, power = network
    k, hold = law
    for r in range(len(k)):
        _set(rate, r, k, r)
        for f in range(len(factors)):
            _times_positive(rate, r, y, factors[f, r])
        if power.size:
            _holding(hold, y, held, r)
            _divide(rate, r, held, r, power[r, 0])


@_compiled
def _by_factors(network: Any, r: int, k: Any, y: Any, held: Any, out: Any, work: Any) -> None:
    """Subtract from the r-th row of the matrix what the extents change through its factors."""
    net, factors, power = network
    size = len(k)
    for f in range(len(factors)):
        _set(work, 0, k, r)
        for g in range(len(factors)):
            if g != f:
                _times_positive(work, 0, y, factors[g, r])
        if power.size:
            _divide(work, 0, held, r, power[r, 0])
        for s in range(size):
            if net[factors[f, r], s] != 0.0:
                _add(out, r * size + s, -net[factors[f, r], s], work, 0)


@_compiled
def _by_holding(network: Any, r: int, hold: Any, out: Any, work: Any) -> None:
    """Add to the r-th row of the matrix what the extents change through its being held back."""
    net, _, power = network
    size = len(power)
    for i in range(hold.shape[1]):
        for s in range(size):
            scale = power[r, 0] * net[i, s]
            if scale != 0.0:
                for b in range(out.shape[1]):
                    out[r * size + s, b] += scale * work[0, b] * hold[r, i, b]


@_compiled
def _matrix(
    network: Any, law: Any, y: Any, rate: Any, held: Any, per: Any, step: int, out: Any, work: Any
) -> None:
    """Write ``2 per I - d rate / d extent``, (R R) x B, row by row."""
    k, hold = law
    size = len(k)
    out[:] = 0.0
    for r in range(size):
        _add(out, r * size + r, 2.0, per, step)
        _by_factors(network, r, k, y, held, out, work)
        if network[2].size:
            _set(work, 0, rate, r)
            _divide(work, 0, held, r, 1.0)
            _by_holding(network, r, hold, out, work)


@_compiled
def _factorise(matrix: Any, size: int) -> None:
    """Replace R x R matrices by their factors, pivots inverted, without pivoting."""
    for i in range(size):
        pivot = i * size + i
        for b in range(matrix.shape[1]):
            matrix[pivot, b] = 1.0 / matrix[pivot, b]
        for j in range(i + 1, size):
            _times(matrix, j * size + i, matrix, pivot)
            for m in range(i + 1, size):
                _add_product(matrix, j * size + m, -1.0, matrix, j * size + i, matrix, i * size + m)


@_compiled
def _solve(matrix: Any, x: Any) -> None:
    """Replace right-hand sides (R x B) by the solutions."""
    size = len(x)
    for i in range(size):
        for j in range(i):
            _add_product(x, i, -1.0, matrix, i * size + j, x, j)
    for i in range(size - 1, -1, -1):
        for j in range(i + 1, size):
            _add_product(x, i, -1.0, matrix, i * size + j, x, j)
        _times(x, i, matrix, i * size + i)


@_compiled
def _moved(net: Any, y: Any, extents: Any, out: Any) -> None:
    """Write ``y + net @ extents``, (S + 1) x B."""
    for i in range(len(y)):
        _set(out, i, y, i)
        for r in range(len(extents)):
            if net[i, r] != 0.0:
                _add(out, i, net[i, r], extents, r)


@_compiled
def _shortened(net: Any, y: Any, extents: Any) -> None:
    """Cut the extents of one experiment short where they would make a species negative."""
    kept = np.empty(extents.size)
    for _ in range(_LIMITS):
        negative = False
        kept[:] = 1.0
        for i in range(y.size):
            change = net[i] * extents
            if y[i] + change.sum() < 0.0:
                negative = True
                loss, gain = -np.minimum(change, 0.0).sum(), np.maximum(change, 0.0).sum()
                share = min(max((y[i] + gain) / max(loss, 1e-300), 0.0), 1.0)
                for r in range(extents.size):
                    if change[r] < 0.0:
                        kept[r] = min(kept[r], share)
        if not negative:
            return
        extents *= kept


@_compiled
def _legal(net: Any, y: Any, reached: Any, there: Any) -> None:
    """Write where ``reached`` leads, with less of it where a species would become negative."""
    _moved(net, y, reached, there)
    for b in range(y.shape[1]):
        least = 0.0
        for i in range(len(y)):
            least = min(least, there[i, b])
        if least < 0.0:
            extents = reached[:, b].copy()
            _shortened(net, y[:, b], extents)
            for i in range(len(y)):
                there[i, b] = y[i, b] + (net[i] * extents).sum()


@_compiled
def _first_stages(
    network: Any, law: Any, y: Any, per: Any, step: int, dose: Any, work: Any
) -> None:
    """Write the first two stages, and what of them is left for the third."""
    rate, held, matrix, u1, u2, shift, _, _, spare = work
    gain, drift = dose
    _rates(network, law, y, rate, held)
    _matrix(network, law, y, rate, held, per, step, matrix, spare)
    size = len(rate)
    _factorise(matrix, size)
    u1[:] = rate
    u2[:] = rate
    if gain.size:
        u1 += 0.5 * drift
        u2 += 1.5 * drift
        y += gain
    _solve(matrix, u1)
    for r in range(size):
        _add_product(u2, r, 4.0, per, step, u1, r)
    _solve(matrix, u2)
    for r in range(size):
        for b in range(y.shape[1]):
            shift[r, b] = per[step, b] * (u1[r, b] - u2[r, b])


@_compiled
def _step(network: Any, laws: Any, y: Any, per: Any, step: int, dose: Any, work: Any) -> None:
    """Take one RODAS3 step in place, as :func:`labloop.physics._integrator._step` does."""
    net = network[0]
    rate, held, matrix, u1, u2, shift, reached, there, _ = work
    _first_stages(network, laws[0], y, per, step, dose, work)
    reached[:] = 2.0 * u1
    _moved(net, y, reached, there)
    _rates(network, laws[1], there, rate, held)
    u3 = u2
    u3[:] = rate + shift
    _solve(matrix, u3)
    reached += u3
    _moved(net, y, reached, there)
    _rates(network, laws[1], there, rate, held)
    u4 = u1
    u4[:] = rate + shift
    for r in range(len(u4)):
        _add_product(u4, r, -8.0 / 3.0, per, step, u3, r)
    _solve(matrix, u4)
    reached += u4
    _legal(net, y, reached, there)
    y[:] = there


@_compiled
def _blocks(network: Any, laws: Any, state: Any, per: Any, dose: Any) -> None:
    """Take all steps in place, block by block."""
    held = network[2].size > 0
    dosed = dose[0].size > 0
    (k0, hold0), (k1, hold1) = laws
    gain, drift = dose
    size = len(k0)
    for first in range(0, state.shape[1], _BLOCK):
        end = min(first + _BLOCK, state.shape[1])
        n = end - first
        y = state[:, first:end].copy()
        before = (k0[:, first:end].copy(), hold0[:, :, first:end].copy() if held else hold0)
        after = (k1[:, first:end].copy(), hold1[:, :, first:end].copy() if held else hold1)
        widths = per[:, first:end].copy()
        more = (
            gain[:, first:end].copy() if dosed else gain,
            drift[:, first:end].copy() if dosed else drift,
        )
        work = (
            np.empty((size, n)),  # rate
            np.ones((size, n)),  # what holds it back
            np.empty((size * size, n)),  # matrix
            np.empty((size, n)),  # u1, then u4
            np.empty((size, n)),  # u2, then u3
            np.empty((size, n)),  # shift
            np.empty((size, n)),  # extents reached
            np.empty(y.shape),  # where they lead
            np.empty((1, n)),  # a row to spare
        )
        for step in range(len(per)):
            _step(network, (before, after), y, widths, step, more, work)
        state[:, first:end] = y


def march(
    net: FloatArray,
    factors: IntArray,
    power: FloatArray | None,
    laws: tuple[Numbers, Numbers],
    state: FloatArray,
    per: FloatArray,
    dose: Numbers | None = None,
) -> FloatArray:
    """Return the state (S + 1) x N after all steps.

    Args:
        net: net stoichiometry, (S + 1) x R.
        factors: row of the state for each factor of each rate, F x R.
        power: of what holds the rates back, R x 1; None for mass action.
        laws: the numbers of the rates at the start and at the end of every step.
        state: (S + 1) x N, left as it is.
        per: one over the widths of the steps, steps x N.
        dose: what every step adds to the state, (S + 1) x N, and by how much that alone
            changes the rates, R x N.
    """
    reached = np.array(state, dtype=np.float64, order="C")
    network = (net, factors, _NOTHING if power is None else power)
    _blocks(network, laws, reached, per, dose or (_NOTHING, _NOTHING))
    return reached
