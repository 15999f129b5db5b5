"""One seed in, nothing left changed: randomness around libraries with global generators."""

import random
import sys
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from typing import Any

import numpy as np


def small_seed(seed: int, salt: int = 0) -> int:
    """Return 31 bits for the generators that take no more, other ones for every ``salt``."""
    return int(np.random.SeedSequence([seed, salt]).generate_state(1)[0]) >> 1


@lru_cache(maxsize=1)
def _pools(modules: int) -> Any:  # noqa: ARG001 - only what is kept hangs on it
    """Return the thread pools of the linear algebra that is loaded.

    Looking for them takes 3 ms; new ones can only have come with new ``modules``.
    """
    from threadpoolctl import ThreadpoolController  # noqa: PLC0415 - sampled strategies do without

    return ThreadpoolController()


@contextmanager
def isolated(seed: int) -> Iterator[None]:
    """Seed the global generators of torch, numpy and Python inside, restore them after.

    Inside, linear algebra has one thread: for the small matrices of a campaign more of them wait
    for one another (measured on two cores: 18 s instead of 2.7 s for 25 rounds), and the same
    seed gives the same bits on every machine only with a fixed number.

    BoTorch calculates hypervolumes in Python: whether the C++ that it would compile at the first
    use is there may change no proposal, and nothing compiles while somebody waits for one.

    Warnings of the libraries within are for their own authors (a jitter that was added, a
    start that was repeated) and stay inside.
    """
    import torch  # noqa: PLC0415 - sampled strategies do without
    from gpytorch.settings import min_variance  # noqa: PLC0415 - as above

    python_state = random.getstate()
    numpy_state = np.random.get_state()  # noqa: NPY002 - this is the one to be restored
    with ExitStack() as held:
        held.enter_context(torch.random.fork_rng(devices=[]))
        # Recorded, not ignored: BoTorch sets its own filters, which a record catches as well.
        held.enter_context(warnings.catch_warnings(record=True))
        # GPyTorch's least variance is meant for standardised outputs; ours carry their units.
        held.enter_context(min_variance(float_value=1e-38, double_value=1e-300))
        held.enter_context(_pools(len(sys.modules)).limit(limits=1))
        held.enter_context(_nothing_compiled())
        torch.manual_seed(seed)
        np.random.seed(small_seed(seed))  # noqa: NPY002 - as above
        random.seed(seed)
        try:
            yield
        finally:
            random.setstate(python_state)
            np.random.set_state(numpy_state)  # noqa: NPY002 - as above


@contextmanager
def _nothing_compiled() -> Iterator[None]:
    """Keep BoTorch from compiling its kernel, and from using one that somebody compiled.

    BoTorch has no switch for it: it tries once a process, and notes in its module that it did.
    """
    from botorch.acquisition.multi_objective import logei  # noqa: PLC0415 - loads torch

    state = vars(logei)
    found = {name: state[name] for name in ("_load_attempted", "_C")}
    state.update(_load_attempted=True, _C=None)
    try:
        yield
    finally:
        state.update(found)
