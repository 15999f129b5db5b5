"""Which scores are not dominated, and the hypervolume that they cover."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from labloop.errors import ObjectiveError
from labloop.objectives import hypervolume, unbeaten

GRID = st.integers(0, 6).map(float)


def fronts(k):
    return st.integers(0, 7).flatmap(lambda n: arrays(float, (n, k), elements=GRID))


@settings(deadline=None)
@given(st.integers(1, 4).flatmap(fronts))
def test_the_volume_is_that_of_counted_cells(scores):
    """On a grid of whole numbers the covered unit cells can be counted."""
    k = scores.shape[1]
    corners = np.stack(np.meshgrid(*[np.arange(6)] * k, indexing="ij"), axis=-1).reshape(-1, k)
    covered = np.zeros(len(corners), dtype=bool)
    for row in scores:
        covered |= (corners + 1 <= row).all(axis=1)
    assert hypervolume(scores, np.zeros(k)) == pytest.approx(covered.sum())


@settings(deadline=None)
@given(st.integers(1, 4).flatmap(fronts))
def test_only_unbeaten_rows_count(scores):
    """The front alone covers as much, and each of its rows is beaten by no other."""
    keep = unbeaten(scores)
    assert keep.any() == bool(len(scores))
    reference = np.full(scores.shape[1], -1.0)
    assert hypervolume(scores[keep], reference) == pytest.approx(hypervolume(scores, reference))
    for i, row in enumerate(scores):
        beaten = any((o >= row).all() and (o > row).any() for o in scores)
        assert keep[i] == (not beaten)


def test_volumes_are_for_four_aims():
    """More aims are refused with a sentence."""
    with pytest.raises(ObjectiveError, match="up to 4 aims, got 5"):
        hypervolume(np.ones((2, 5)), np.zeros(5))
    with pytest.raises(ObjectiveError, match="2 scores a row do not fit a reference of 3"):
        hypervolume(np.ones((2, 2)), np.zeros(3))
    assert hypervolume(np.zeros((0, 3)), np.zeros(3)) == 0.0
