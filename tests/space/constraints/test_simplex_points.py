"""Mixtures are sampled evenly."""

from collections import Counter

import numpy as np

from labloop.space import (
    Continuous,
    Mixture,
    SearchSpace,
)
from labloop.space.constraints import Simplex


def test_a_mixture_with_steps_is_even():
    """Every composition comes equally often, also where high bounds cut the simplex."""
    space = SearchSpace(Mixture({"a": (0, 1), "b": (0, 0.6), "c": (0.2, 0.8)}, step=0.2))
    assert space.size == 13
    # One dimension beside it keeps the points apart, so that they may come again.
    wide = SearchSpace(*space.items, Continuous("x", 0, 1))
    counts = Counter((p["a"], p["b"], p["c"]) for p in wide.sample(13_000, seed=1))
    assert len(counts) == 13
    assert max(counts.values()) < 1150
    assert min(counts.values()) > 850


def test_a_mixture_is_even_on_the_simplex():
    """Each part has the mean and the variance of the flat distribution."""
    space = SearchSpace(Mixture(dict.fromkeys("abcd", (0, 1))))
    values = np.array([list(p.values()) for p in space.sample(4096, seed=2)])
    np.testing.assert_allclose(values.mean(axis=0), 0.25, atol=0.01)
    np.testing.assert_allclose(values.var(axis=0), 3 / 80, rtol=0.1)


def test_what_lies_at_a_bound_lies_there_exactly():
    """A person is never asked to weigh 1e-16 g, and what was made exact stays as it is."""
    simplex = Simplex(Mixture({"a": (0, 1), "b": (0.1, 0.8), "c": (0, 1)}))
    made = simplex.project(np.random.default_rng(0).normal(0.3, 0.6, (500, 3)))
    for values, low, high in zip(made.T, simplex.low, simplex.high, strict=True):
        assert not ((values != low) & (values - low < 1e-12)).any()
        assert not ((values != high) & (high - values < 1e-12)).any()
    assert np.abs(made.sum(axis=1) - 1).max() < 1e-15
    assert np.array_equal(simplex.exact(made), made)
