"""Proofs for authors of physics models: call one in a test of your own campaign."""

from labloop.errors import PhysicsError
from labloop.physics import check_physics
from labloop.space import SearchSpace
from labloop.testing.physics._elsewhere import ELSEWHERE, elsewhere


def assert_physics(model: object, space: SearchSpace, seed: int = 0) -> None:
    """Raise PhysicsError with every finding in words where ``model`` is unsound on ``space``.

    Units, finite values over the box, batching, gradients, mass balance; see
    :func:`labloop.physics.check_physics`.
    """
    check = check_physics(model, space, seed)
    if not check.passed:
        raise PhysicsError(f"the physics is unsound:\n{check}")


__all__ = ["ELSEWHERE", "assert_physics", "elsewhere"]
