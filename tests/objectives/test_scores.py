"""Outputs become scores that are to be maximised, in numpy and in torch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labloop.errors import ObjectiveError
from labloop.objectives import Maximize, Minimize, Objectives, Target

THREE = Objectives.of([Maximize("a"), Minimize("b"), Target("c", 5, 1)])
NUMBERS = st.floats(-1e6, 1e6)


def test_scores_of_each_aim():
    """More is better of every score; within its tolerance a target is met."""
    rows = np.array([[1, 2, 5], [1, 2, 5.9], [1, 2, 4], [1, 2, 7.5], [-1, -2, 3]])
    expected = [[1, -2, 0], [1, -2, 0], [1, -2, 0], [1, -2, -1.5], [-1, 2, -1]]
    np.testing.assert_allclose(THREE.scores(rows), expected, atol=1e-15)
    assert THREE.score({"c": 7.5, "b": 2, "a": 1, "other": 9}) == (1, -2, -1.5)


@settings(deadline=None)
@given(NUMBERS, NUMBERS, st.floats(0, 100))
def test_nearer_to_the_target_is_never_worse(y, value, tolerance):
    """The score falls with the distance and is exactly 0 within the tolerance."""
    aim = Objectives.of(Target("c", value, tolerance))
    here, nearer = (aim.score({"c": value + d})[0] for d in (y - value, (y - value) / 2))
    assert nearer >= here
    assert here <= 0
    # The stated tolerance, less the rounding of value + d.
    if abs(y - value) <= tolerance * (1 - 1e-9) - 1e-9:
        assert here == 0


@settings(deadline=None)
@given(st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), min_size=1, max_size=5))
def test_torch_and_numpy_agree(rows):
    """The same operators serve both, on batches of any shape."""
    torch = pytest.importorskip("torch")
    array = np.array(rows)
    tensor = torch.tensor(array).reshape(1, len(rows), 3)
    scores = THREE.scores(tensor)
    assert scores.shape == (1, len(rows), 3)
    np.testing.assert_array_equal(scores[0].numpy(), THREE.scores(array))


def test_gradients_flow():
    """An acquisition function can climb along every aim, and stands still where a target is met."""
    torch = pytest.importorskip("torch")
    outputs = torch.tensor(
        [[1.0, 2.0, 3.0], [1.0, 2.0, 5.5]], dtype=torch.float64, requires_grad=True
    )
    THREE.scores(outputs).sum().backward()
    assert outputs.grad.tolist() == [[1, -1, 1], [1, -1, 0]]


def test_wrong_columns_are_refused():
    """Columns stand in the order of the outputs."""
    with pytest.raises(ObjectiveError, match=r"expected 3 columns \(a, b, c\), got shape \(4, 2\)"):
        THREE.scores(np.zeros((4, 2)))
    with pytest.raises(ObjectiveError, match="the outputs lack b, c"):
        THREE.score({"a": 1.0})
