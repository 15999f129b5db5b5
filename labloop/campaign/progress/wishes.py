"""What persons wish of all proposals from now on, as the answered commands tell it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from labloop.records import Command, CommandKind, Json
from labloop.space import describe_condition

WISHES = (CommandKind.FIX, CommandKind.AVOID, CommandKind.LIFT)
CONDITION, PARAMETERS = "condition", "parameters"
"""Keys of a command's arguments: what is fixed or avoided; which parameters are lifted."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What counts for each proposal until a person lifts it."""

    fixed: Mapping[str, Any] = field(default_factory=dict)
    """What all proposals have, as ``SearchSpace.restricted`` takes it."""
    avoid: tuple[Mapping[str, Any], ...] = ()
    """What none of them has."""
    told: tuple[str, ...] = ()
    """A sentence for each wish, with who said it and since when."""

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters that are fixed, or named in what is avoided."""
        avoided = (name for condition in self.avoid for name in condition)
        return tuple(dict.fromkeys([*self.fixed, *avoided]))

    def beside(
        self, fixed: Mapping[str, Any] | None, avoid: Sequence[Mapping[str, Any]]
    ) -> "Wishes":
        """Return these with what is asked of one question alone; of one parameter that counts."""
        return Wishes({**self.fixed, **(fixed or {})}, (*self.avoid, *avoid), self.told)


def standing_wishes(commands: Iterable[Command]) -> Wishes:
    """Return the wishes that count after these commands; only accepted ones are looked at.

    A parameter that is fixed anew is fixed to the newer value alone. To lift a parameter lifts
    all that was wished of it, also what was avoided in combination with others.
    """
    fixed: dict[str, tuple[Any, Command]] = {}
    avoided: list[tuple[Mapping[str, Any], Command]] = []
    for command in commands:
        if not command.accepted or command.kind not in WISHES:
            continue
        if command.kind is CommandKind.LIFT:
            gone = lifted(command.arguments)
            fixed = {name: one for name, one in fixed.items() if gone and name not in gone}
            avoided = [one for one in avoided if gone and gone.isdisjoint(one[0])]
            continue
        wanted = condition_of(command.arguments)
        if command.kind is CommandKind.FIX:
            fixed |= {name: (value, command) for name, value in wanted.items()}
        elif wanted not in (one for one, _ in avoided):
            avoided.append((wanted, command))
    told = [
        f"only {describe_condition({n: v})} ({_by(command)})" for n, (v, command) in fixed.items()
    ]
    told += [f"never {describe_condition(wanted)} ({_by(command)})" for wanted, command in avoided]
    values = {name: value for name, (value, _) in fixed.items()}
    return Wishes(values, tuple(wanted for wanted, _ in avoided), tuple(told))


def condition_of(arguments: Mapping[str, Json]) -> dict[str, Any]:
    """Return the condition of a command, ranges as pairs; empty where it has none."""
    given = arguments.get(CONDITION)
    if not isinstance(given, Mapping):
        return {}
    return {
        name: (value.get("low"), value.get("high")) if isinstance(value, Mapping) else value
        for name, value in given.items()
    }


def condition_json(condition: Mapping[str, Any]) -> dict[str, Json]:
    """Return a condition as it is kept in a command."""
    return {
        name: {"low": value[0], "high": value[1]} if isinstance(value, tuple) else value
        for name, value in condition.items()
    }


def lifted(arguments: Mapping[str, Json]) -> frozenset[str]:
    """Return the parameters that a command lifts; empty means all."""
    given = arguments.get(PARAMETERS)
    return frozenset(map(str, given)) if isinstance(given, (list, tuple)) else frozenset()


def _by(command: Command) -> str:
    when = f", {command.created:%Y-%m-%d %H:%M}" if command.created else ""
    return f"asked for by {command.actor}{when}"
