"""From the name of a strategy to the strategy."""

from collections.abc import Callable

from labloop.brain._auto import AutoStrategy
from labloop.brain._botorch import BotorchStrategy
from labloop.brain._physics import PhysicsStrategy
from labloop.brain._sampling import RandomStrategy, SobolStrategy
from labloop.brain._skopt import SkoptStrategy
from labloop.brain._strategy import Strategy
from labloop.errors import BrainError
from labloop.surrogates import check_device


def _with_physics(physics: object | None, device: str) -> Strategy:
    if physics is None:
        return BotorchStrategy()
    return PhysicsStrategy(physics, name="botorch", device=device)


def _hybrid(physics: object | None, device: str) -> Strategy:
    if physics is None:
        raise BrainError(
            "strategy 'hybrid' trains networks within a physics and got none; give physics=..., "
            "or use 'auto'"
        )
    return PhysicsStrategy(physics, name="hybrid", hybrid=True, device=device)


_NAMES: dict[str, Callable[[object | None, str], Strategy]] = {
    "auto": AutoStrategy,
    "botorch": _with_physics,
    "sobol": lambda _physics, _device: SobolStrategy(),
    "random": lambda _physics, _device: RandomStrategy(),
    "skopt": lambda _physics, _device: SkoptStrategy(),
    "hybrid": _hybrid,
}


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
        PhysicsError: no such device.
    """
    check_device(device)
    if isinstance(strategy, str):
        if strategy not in _NAMES:
            raise BrainError(
                f"strategy {strategy!r} is not known; use one of {', '.join(_NAMES)}, "
                "or give an object with `name` and `propose`"
            )
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
