"""From the name of a strategy to the strategy."""

from collections.abc import Callable
from copy import copy
from importlib.util import find_spec

from labloop.brain.strategies.base import Strategy
from labloop.brain.strategies.sampling import RandomStrategy, SobolStrategy
from labloop.errors import BrainError, MissingExtraError
from labloop.objectives import Objectives
from labloop.space import SearchSpace


def _auto(physics: object | None, device: str) -> Strategy:
    from labloop.brain.strategies.auto import AutoStrategy  # noqa: PLC0415 - loads torch

    return AutoStrategy(physics, device)


def _with_physics(physics: object | None, device: str) -> Strategy:
    from labloop.brain.strategies.botorch import BotorchStrategy  # noqa: PLC0415 - loads torch
    from labloop.brain.strategies.physics import PhysicsStrategy  # noqa: PLC0415 - loads torch

    if physics is None:
        return BotorchStrategy()
    return PhysicsStrategy(physics, name="botorch", device=device)


def _skopt(_physics: object | None, _device: str) -> Strategy:
    from labloop.brain.strategies.skopt import SkoptStrategy  # noqa: PLC0415 - is asked for by few

    return SkoptStrategy()


def _hybrid(physics: object | None, device: str) -> Strategy:
    if physics is None:
        raise BrainError(
            "strategy 'hybrid' trains networks within a physics and got none; give physics=..., "
            "or use 'auto'"
        )
    from labloop.brain.strategies.physics import PhysicsStrategy  # noqa: PLC0415 - loads torch

    return PhysicsStrategy(physics, name="hybrid", hybrid=True, device=device)


def _peer(name: str) -> Callable[[object | None, str], Strategy]:
    def made(_physics: object | None, _device: str) -> Strategy:
        from labloop.brain.peers import PeerStrategy  # noqa: PLC0415 - is asked for by few

        return PeerStrategy(name)

    return made


def _check_device(device: str) -> None:
    if device != "auto":
        from labloop.surrogates import check_device  # noqa: PLC0415 - loads torch

        check_device(device)


_NAMES: dict[str, Callable[[object | None, str], Strategy]] = {
    "auto": _auto,
    "botorch": _with_physics,
    "sobol": lambda _physics, _device: SobolStrategy(),
    "random": lambda _physics, _device: RandomStrategy(),
    "skopt": _skopt,
    "hybrid": _hybrid,
    **{name: _peer(name) for name in ("baybe", "ax", "bofire", "optuna")},
}
_LIGHT = frozenset({"sobol", "random", "baybe", "ax", "bofire", "optuna"})
"""Strategies that learn nothing, or learn elsewhere, and need no more than the base."""


def with_effort(strategy: Strategy, rule: object) -> Strategy:
    """Return a strategy that weighs what experiments take, by an ``EffortRule``.

    Raises:
        BrainError: it cannot.
    """
    if not hasattr(strategy, "effort"):
        raise BrainError(
            f"the strategy {strategy.name!r} does not weigh what experiments take; use 'auto' or "
            "'botorch'"
        )
    made = copy(strategy)
    made.effort = rule
    return made


def strategy_names() -> tuple[str, ...]:
    """Return the names that ``resolve_strategy`` knows."""
    return tuple(_NAMES)


def resolve_strategy(
    strategy: str | Strategy, physics: object | None = None, device: str = "auto"
) -> Strategy:
    """Return the strategy of a name, or the object given.

    Args:
        strategy: one of ``strategy_names()``, or anything with ``name`` and ``propose``.
        physics: a physics model, or a surrogate factory made of one; only ``auto``,
            ``botorch`` and ``hybrid`` use it, and ``hybrid`` needs it.
        device: where physics is solved (``auto``, ``cpu`` or ``cuda``), for strategies by name.

    Raises:
        BrainError: the name is unknown, the object is no strategy or chooses its device for
            itself, or physics is missing.
        MissingExtraError: the strategy learns, and what it learns with is not installed.
        PhysicsError: no such device.
    """
    _check_device(device)
    if isinstance(strategy, str):
        if strategy not in _NAMES:
            raise BrainError(
                f"strategy {strategy!r} is not known; use one of {', '.join(_NAMES)}, "
                "or give an object with `name` and `propose`"
            )
        if strategy not in _LIGHT and find_spec("torch") is None:
            raise MissingExtraError(f"the strategy {strategy!r}", "brain")
        return _NAMES[strategy](physics, device)
    if not isinstance(strategy, Strategy):
        raise BrainError(
            f"a strategy is a name or an object with `name` and `propose`, got {strategy!r}"
        )
    if device != "auto":
        raise BrainError(
            f"device {device!r} was asked for, but strategy {strategy.name!r} is an object, which "
            f"was made already; write it as PhysicsStrategy(..., device={device!r}) where it is"
        )
    return strategy


def check_fits(strategy: Strategy, space: SearchSpace, objective: Objectives) -> None:
    """Raise BrainError where a strategy knows beforehand that it cannot plan this.

    A strategy says so in ``check(space, objective)``, where it has one.
    """
    check = getattr(strategy, "check", None)
    if callable(check):
        check(space, objective)
