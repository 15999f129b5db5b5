"""Checks for authors of physics models, to be called in a test of their own campaign."""

from labloop.errors import PhysicsError
from labloop.physics import check_physics
from labloop.space import SearchSpace
from labloop.testing.physics._fake_accelerator import ELSEWHERE, elsewhere


def assert_physics(model: object, space: SearchSpace, seed: int = 0) -> None:
    """Check units, finite values over the space, batching, gradients and mass balance.

    See :func:`labloop.physics.check_physics`.

    Args:
        model: the physics.
        space: where it is evaluated.
        seed: of the points.

    Raises:
        PhysicsError: the model is unsound; the message has every finding.
    """
    check = check_physics(model, space, seed)
    if not check.passed:
        raise PhysicsError(f"the physics is unsound:\n{check}")


__all__ = ["ELSEWHERE", "assert_physics", "elsewhere"]
