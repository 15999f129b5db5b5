"""An experiment is repeated to learn the noise, and where noise leaves open which one is best."""

import numpy as np
import pytest
import torch

from labloop import Maximize, Minimize, Ordered, Pool, SearchSpace
from labloop.brain import AutoStrategy, BotorchStrategy
from labloop.brain.acquisition.replicates import _gain
from labloop.errors import BrainError
from labloop.objectives import Objectives
from labloop.records import Dataset, Observation

LEVELS = [i / 20 for i in range(21)]
SPACE = SearchSpace(Ordered("t", LEVELS))
ONCE = SearchSpace(Pool({"t": LEVELS}, {"t": "1"}))
REPEATING = AutoStrategy(replicates="auto")


def measured(aim, noise, repeats=0):
    """Return experiments over all levels but one, the best of them ``repeats`` times more."""
    rng = np.random.default_rng(4)
    sign = 1.0 if isinstance(aim, Maximize) else -1.0
    levels = [*LEVELS[1:], *[0.6] * repeats]
    return Dataset(
        tuple(
            Observation(
                f"e{i}",
                {"t": level},
                outputs={"y": sign * (1 - 8 * (level - 0.6) ** 2) + noise * rng.normal()},
            )
            for i, level in enumerate(levels)
        )
    )


@pytest.mark.parametrize("aim", [Maximize("y"), Minimize("y")])
def test_the_best_is_repeated_once_to_learn_the_noise(aim):
    """From results that all lie apart nobody can tell noise from hills; one repeat a batch."""
    data, wanted = measured(aim, noise=0.1), Objectives.of(aim)
    done = {o.point["t"] for o in data.observations}
    (first,) = REPEATING.propose(SPACE, wanted, data, (), 1, 1).proposals
    assert 0.45 <= first.point["t"] <= 0.75
    assert first.point["t"] in done
    assert "to learn the noise: e" in first.reason
    assert "once more, how much its repeat differs" in first.reason
    assert first.acquisition == "knowledge gradient"
    again = REPEATING.propose(SPACE, wanted, data, [first.point], 1, 1)
    assert "how much its repeat differs" not in again.proposals[0].reason
    (plain,) = AutoStrategy().propose(SPACE, wanted, data, (), 1, 1).proposals
    assert "to learn the noise" not in plain.reason


def test_without_noise_one_repeat_is_all():
    """Once a repeat has shown that there is none, the proposals are those of the planner alone."""
    data, aim = measured(Maximize("y"), noise=0.0, repeats=1), Objectives.of(Maximize("y"))
    plain = AutoStrategy().propose(SPACE, aim, data, (), 1, 5)
    assert REPEATING.propose(SPACE, aim, data, (), 1, 5).proposals == plain.proposals


def test_a_row_that_is_used_up_is_not_repeated():
    """A pool whose rows can be used once has no repeats."""
    data, aim = measured(Maximize("y"), noise=0.3), Objectives.of(Maximize("y"))
    (proposal,) = REPEATING.propose(ONCE, aim, data, (), 1, 1).proposals
    assert proposal.point == {"t": 0.0}


def test_the_gain_is_that_of_the_textbook():
    """Of two independent points: the formula of Gupta and Miescke for one more result."""
    mean = torch.tensor([1.0, 0.5], dtype=torch.float64)
    covariance = torch.tensor([0.0, 0.4], dtype=torch.float64)
    found = float(_gain(mean, covariance, torch.tensor(0.4), torch.tensor(0.2)))
    step = 0.4 / (0.4 + 0.2) ** 0.5
    z = torch.tensor(-0.5 / step, dtype=torch.float64)
    density = torch.exp(-z.square() / 2) / (2 * torch.pi) ** 0.5
    exact = step * float(density + z * torch.special.ndtr(z))
    assert found == pytest.approx(exact, rel=0.02)


def test_another_word_is_refused():
    """Both strategies say what there is."""
    for made in (AutoStrategy, BotorchStrategy):
        with pytest.raises(BrainError, match="'never' or 'auto', got 'often'"):
            made(replicates="often")
