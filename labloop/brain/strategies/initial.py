"""How many experiments come before the first model."""

from labloop.space import SearchSpace

_POOL, _MOST = 3, 12


def initial_count(space: SearchSpace) -> int:
    """Return how many results to wait for: few in a pool, one more than inputs on a box.

    In pools of measured points 1-5 first points did better than 10; a Gaussian process with
    sensible priors is informative from the third result on.
    """
    inputs = len(space.names)
    if space.kind in {"pool", "product"}:
        return min(_POOL, space.size or _POOL)
    return min(max(4, inputs + 1), _MOST)
