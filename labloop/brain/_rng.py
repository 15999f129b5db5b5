"""One seed in, nothing left changed: randomness around libraries with global generators."""

import random
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import numpy as np
import torch
from gpytorch.settings import min_variance
from threadpoolctl import ThreadpoolController


def small_seed(seed: int, salt: int = 0) -> int:
    """Return 31 bits for the generators that take no more, other ones for every ``salt``."""
    return int(np.random.SeedSequence([seed, salt]).generate_state(1)[0]) >> 1


@lru_cache(maxsize=1)
def _pools(modules: int) -> ThreadpoolController:  # noqa: ARG001 - only what is kept hangs on it
    """Return the thread pools of the linear algebra that is loaded.

    Looking for them takes 3 ms; new ones can only have come with new ``modules``.
    """
    return ThreadpoolController()


@contextmanager
def isolated(seed: int) -> Iterator[None]:
    """Seed the global generators of torch, numpy and Python inside, restore them after.

    Inside, linear algebra has one thread: for the small matrices of a campaign more of them wait
    for one another (measured on two cores: 18 s instead of 2.7 s for 25 rounds), and the same
    seed gives the same bits on every machine only with a fixed number.

    Warnings of the libraries within are for their own authors (a jitter that was added, a
    start that was repeated) and stay inside.
    """
    python_state = random.getstate()
    numpy_state = np.random.get_state()  # noqa: NPY002 - this is the one to be restored
    # GPyTorch's least variance is meant for standardised outputs; ours carry their units.
    least = min_variance(float_value=1e-38, double_value=1e-300)
    # Recorded, not ignored: BoTorch sets its own filters, which a record catches as well.
    recorded, one_thread = (
        warnings.catch_warnings(record=True),
        _pools(len(sys.modules)).limit(limits=1),
    )
    with torch.random.fork_rng(devices=[]), recorded, least, one_thread:
        torch.manual_seed(seed)
        np.random.seed(small_seed(seed))  # noqa: NPY002 - as above
        random.seed(seed)
        try:
            yield
        finally:
            random.setstate(python_state)
            np.random.set_state(numpy_state)  # noqa: NPY002 - as above
