"""What labels say of a latent process, beside what a long random draw says of it."""

import numpy as np
import pytest
from scipy.special import ndtr

from labloop.brain.acquisition.probit import latent_posterior

PLACES = np.array([0.0, 0.2, 0.45, 0.5, 0.9])
LABELS = np.array([1.0, 1.0, 1.0, -1.0, -1.0])
ASKED = np.array([0.1, 0.47, 0.7, 1.5])


def covariance(a, b, variance):
    return variance * np.exp(-np.abs(a[:, None] - b[None, :]))


@pytest.mark.parametrize("variance", [0.5, 9.0, 100.0])
def test_chances_are_those_of_a_long_draw(variance):
    """Also where the process steps by far more than the noise of a label."""
    found = latent_posterior(covariance(PLACES, PLACES, variance), LABELS)
    cross = covariance(ASKED, PLACES, variance)
    left = variance - ((cross @ found.half.T) ** 2).sum(1)
    chance = ndtr(cross @ found.alpha / np.sqrt(1.0 + left))

    every = np.concatenate([PLACES, ASKED])
    root = np.linalg.cholesky(covariance(every, every, variance) + 1e-9 * np.eye(len(every)))
    drawn = root @ np.random.default_rng(1).standard_normal((len(every), 200_000))
    weight = ndtr(LABELS[:, None] * drawn[: len(PLACES)]).prod(0)
    wanted = (ndtr(drawn[len(PLACES) :]) * weight).sum(1) / weight.sum()
    assert chance == pytest.approx(wanted, abs=0.02)


def test_labels_that_contradict_each_other_are_noise():
    """The same place worked and failed: it works every other time."""
    twice = np.repeat(PLACES, 2)
    labels = np.tile([1.0, -1.0], len(PLACES))
    found = latent_posterior(covariance(twice, twice, 100.0) + 1e-6 * np.eye(len(twice)), labels)
    chance = ndtr(covariance(twice, twice, 100.0) @ found.alpha)
    assert chance == pytest.approx(np.full(len(twice), 0.5), abs=0.05)
