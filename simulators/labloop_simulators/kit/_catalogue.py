"""The emulators that are installed, by name."""

import inspect
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from labloop.errors import DefinitionError
from labloop_simulators.kit._emulator import Emulator
from labloop_simulators.kit._faults import unescaped
from labloop_simulators.kit._truth import TruthLog

GROUP = "labloop.emulators"
_NOT_TEXT = frozenset({"sync", "on_change"})
"""What a world gives to its emulators, and no command line can."""


def shipped() -> list[str]:
    """Return the names of all emulators that are installed."""
    return sorted(point.name for point in entry_points(group=GROUP))


def make_emulator(
    name: str, options: Mapping[str, Any], called: str = "", truth: TruthLog | None = None
) -> Emulator:
    """Return a fresh emulator.

    Args:
        name: its name among the installed ones, or ``module:Class`` of an importable module.
        options: keyword arguments of its class, such as ``address``.
        called: its name in the truth log; ``name`` where none is given.
        truth: the log; a fresh one where none is given.

    Raises:
        DefinitionError: there is no emulator of that name, or it has no such option.
    """
    made = _named(name)
    given: dict[str, Any] = dict(options)
    if isinstance(made, type) and issubclass(made, Emulator):
        given |= {"name": called or name, "truth": TruthLog() if truth is None else truth}
    known = {
        each.name: each.default
        for each in inspect.signature(made).parameters.values()
        if each.kind is each.KEYWORD_ONLY and each.name not in _NOT_TEXT
    }
    unknown = sorted(set(options) - set(known))
    if unknown:
        told = ", ".join(known) or "none"
        raise DefinitionError(f"the emulator {name} has no options {unknown}; it takes: {told}")
    for each, value in options.items():
        if isinstance(known[each], bytes):
            given[each] = unescaped(str(value))
    emulator = made(**given)
    if not isinstance(emulator, Emulator):
        raise DefinitionError(f"{name!r} made {emulator!r}, which is no emulator")
    return emulator


def _named(name: str) -> Callable[..., Any]:
    """Return what makes the emulator of a name; raises DefinitionError."""
    module, colon, attribute = name.partition(":")
    found = {point.name: point for point in entry_points(group=GROUP)}
    if not colon and name not in found:
        raise DefinitionError(
            f"emulator {name!r} is not installed; installed are: {', '.join(sorted(found))}. One "
            "of your own, in a file beside, is named module:Class"
        )
    try:
        made: Callable[..., Any] = (
            getattr(import_module(module), attribute) if colon else found[name].load()
        )
    except (ImportError, AttributeError) as error:
        raise DefinitionError(
            f"emulator {name!r} cannot be loaded: {error}; name module:Class of a file in this "
            "folder or beside the lab file, or an installed one"
        ) from error
    return made


def read_option(text: str) -> tuple[str, Any]:
    """Return name and value of ``name=value``: whole numbers, numbers, true, false, else text.

    Raises:
        DefinitionError: it has no ``=``.
    """
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise DefinitionError(
            f"the option {text!r} is not written as name=value, such as address=7"
        )
    if value in {"true", "false"}:
        return name, value == "true"
    for kind in (int, float):
        try:
            return name, kind(value)
        except ValueError:
            continue
    return name, value
