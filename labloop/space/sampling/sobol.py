"""A scrambled Sobol sequence: a low-discrepancy sequence in the unit cube.

The same kind of sequence as ``scipy.stats.qmc.Sobol``, written here because the base install has
no SciPy and because a seed must give the same points with every version. Method: I. M. Sobol',
USSR Comput. Math. Math. Phys. 7, 1967, 86; random linear scramble and digital shift:
J. Matousek, J. Complexity 14, 1998, 527.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from labloop.records import FloatArray

_BITS = 30
"""Bits of each coordinate; the sequence repeats after 2**30 points."""
_INITIAL: tuple[tuple[int, ...], ...] = (
    (1,),
    (1, 3),
    (1, 3, 1),
    (1, 1, 5),
    (1, 1, 7, 11),
    (1, 3, 7, 13),
    (1, 3, 5, 1, 27),
    (1, 3, 1, 5, 23),
    (1, 1, 3, 9, 3),
    (1, 3, 1, 11, 9),
    (1, 1, 7, 11, 7),
    (1, 3, 1, 7, 11),
    (1, 1, 1, 1, 5, 51),
    (1, 1, 7, 13, 29, 27),
    (1, 3, 7, 7, 21, 57),
    (1, 1, 5, 1, 31, 57),
    (1, 1, 1, 11, 1, 3),
    (1, 3, 5, 13, 31, 15),
    (1, 1, 7, 11, 9, 47, 91),
    (1, 1, 3, 15, 5, 59, 61),
    (1, 1, 3, 9, 31, 37, 47),
    (1, 3, 5, 7, 7, 43, 99),
    (1, 1, 3, 3, 19, 63, 83),
    (1, 1, 3, 3, 31, 59, 53),
    (1, 1, 1, 5, 13, 53, 9),
    (1, 1, 5, 1, 23, 47, 47),
    (1, 1, 5, 13, 21, 37, 91),
    (1, 1, 1, 15, 15, 53, 33),
    (1, 3, 1, 13, 7, 57, 5),
    (1, 1, 7, 11, 23, 23, 109),
    (1, 3, 1, 1, 3, 57, 95),
)
"""Initial direction numbers of dimensions 2 to 32, found by a search for small t-values of all
pairs of dimensions at 16 to 1024 points. Higher dimensions use random ones."""
_Words = npt.NDArray[np.uint64]


@lru_cache(maxsize=1)
def _polynomials() -> tuple[int, ...]:
    """Return the primitive polynomials over GF(2) of degree 1 to 8, as bit patterns."""
    found = []
    for degree in range(1, 9):
        order = 2**degree - 1
        factors = [f for f in range(2, order + 1) if order % f == 0]
        found += [
            p
            for p in range(2**degree + 1, 2 ** (degree + 1), 2)
            if _power(order, p, degree) == 1
            and all(_power(order // f, p, degree) != 1 for f in factors)
        ]
    return tuple(found)


def _power(exponent: int, polynomial: int, degree: int) -> int:
    """Return x**exponent modulo the polynomial."""
    value = 1
    for _ in range(exponent):
        value <<= 1
        if value >> degree:
            value ^= polynomial
    return value


@lru_cache(maxsize=8)
def _directions(dimension: int) -> _Words:
    """Return ``dimension x 30`` direction numbers."""
    rng = np.random.Generator(np.random.PCG64(20261121))
    rows = [[1 << (_BITS - 1 - j) for j in range(_BITS)]]
    polynomials = _polynomials()
    for d in range(dimension - 1):
        polynomial = polynomials[d % len(polynomials)]
        degree = polynomial.bit_length() - 1
        chance = [2 * int(rng.integers(0, 2**j)) + 1 for j in range(degree)]
        start = list(_INITIAL[d]) if d < len(_INITIAL) else chance
        rows.append(_recurrence(polynomial, degree, start))
    return np.array(rows[:dimension], dtype=np.uint64).reshape(dimension, _BITS)


def _recurrence(polynomial: int, degree: int, start: list[int]) -> list[int]:
    """Return the 30 direction numbers of one dimension from its first ``degree`` ones."""
    words = [m << (_BITS - 1 - j) for j, m in enumerate(start)]
    for j in range(degree, _BITS):
        word = words[j - degree] ^ (words[j - degree] >> degree)
        for k in range(1, degree):
            if (polynomial >> (degree - k)) & 1:
                word ^= words[j - k]
        words.append(word)
    return words[:_BITS]


class Sobol:
    """A sequence in ``dimension`` dimensions, the same for the same seed on every machine."""

    def __init__(self, dimension: int, seed: int) -> None:
        rng = np.random.Generator(np.random.PCG64(seed))
        self._words = _scrambled(_directions(dimension), rng)
        self._shift = rng.integers(0, 2**_BITS, size=dimension, dtype=np.uint64)
        self._next = 0

    def draw(self, n: int) -> FloatArray:
        """Return the next ``n`` points, ``n x dimension`` in (0, 1)."""
        index = np.arange(self._next, self._next + n, dtype=np.uint64)
        self._next += n
        points = np.tile(self._shift, (n, 1))
        for bit in range(int(self._next).bit_length()):
            on = (index >> np.uint64(bit)) & np.uint64(1)
            points ^= on[:, None] * self._words[None, :, bit]
        return (points.astype(np.float64) + 0.5) / 2.0**_BITS


def _scrambled(words: _Words, rng: np.random.Generator) -> _Words:
    """Return the direction numbers multiplied by random lower triangular matrices over GF(2)."""
    dimension = len(words)
    mixed = np.zeros_like(words)
    for bit in range(_BITS):
        # Column of the matrix for this bit: 1 on the diagonal, random below it.
        place = _BITS - 1 - bit
        low = rng.integers(0, 2**place, size=dimension, dtype=np.uint64)
        column = low | np.uint64(2**place)
        on = (words >> np.uint64(place)) & np.uint64(1)
        mixed ^= on * column[:, None]
    return mixed
