"""The case of a driver that is named: declared by its package, or made of what it declares."""

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from labloop.errors import DefinitionError
from labloop.lab import ActionSpec, Device, find_driver, installed
from labloop.testing.drivers._case import Act, DriverCase
from labloop.testing.drivers._declaration_checks import allowed_arguments

CASES, WORLDS, EMULATORS = "labloop.cases", "labloop.worlds", "labloop.emulators"
_DEVICE = "it"


def cases_of(
    driver: str, *, case: str = "", world: str = "", options: Mapping[str, Any] | None = None
) -> tuple[DriverCase, ...]:
    """Return the cases of a driver: several where it is to be tested in several ways.

    Declared ones come first: ``case``, or the entry point of the driver's name in the group
    ``labloop.cases``. Else one is made: the driver in a world with one emulator, and for an
    action the first that may be sent twice, with numbers from the middle of their limits.

    Args:
        driver: its name among the installed drivers, or ``module:Class``.
        case: ``module:NAME`` of a :class:`DriverCase`, or of a tuple of them.
        world: name of an installed world, or ``module:function``; left out, it is a bench with
            the installed emulator of the driver's name, or ``create`` of the module ``emulator``
            in the driver's package.
        options: of the driver, as ``[devices.<name>.options]`` has them.

    Raises:
        DefinitionError: nothing is known that could answer; the sentence says what to name.
        LabFileError: there is no such driver.
    """
    kind = find_driver(driver)
    declared = installed(CASES)
    if case:
        return _cases(_object(case, "case"), case)
    if driver in declared and not options and not world:
        return _cases(declared[driver].load(), declared[driver].value)
    make, device = _world_of(driver, kind, world)
    return (DriverCase(driver, make, device, _action_of(kind), options=dict(options or {})),)


def _cases(found: Any, name: str) -> tuple[DriverCase, ...]:
    cases = found if isinstance(found, tuple) else (found,)
    if not cases or not all(isinstance(each, DriverCase) for each in cases):
        raise DefinitionError(f"{name} is {found!r}, which is no DriverCase and no tuple of them")
    return cases


def _object(name: str, what: str) -> Any:
    """Return what ``module:NAME`` names."""
    module, colon, attribute = name.partition(":")
    try:
        return getattr(import_module(module), attribute if colon else "")
    except (ImportError, AttributeError, ValueError) as error:
        raise DefinitionError(
            f"{what} {name!r} cannot be used: {error}; write module:NAME, such as acme_s1.case:CASE"
        ) from error


def _world_of(driver: str, kind: type[Device], world: str) -> tuple[Callable[[], Any], str]:
    """Return what makes the world of a driver, and the name of its device there."""
    known = installed(WORLDS)
    if not world and kind.schemes:
        return partial(known["no_wires"].load(), 0, {}), _DEVICE
    if not world and driver in installed(EMULATORS):
        return partial(known["bench"].load(), 0, {_DEVICE: driver}), _DEVICE
    package = kind.__module__.partition(".")[0]
    beside = f"{package}.emulator" if kind.__module__ != package else ""
    if not world and beside and find_spec(beside) is not None:
        world = f"{beside}:create"
    if not world:
        raise DefinitionError(
            f"nothing answers for the driver {driver!r}: name a world (--world module:function or "
            f"one of {', '.join(sorted(known))}), a DriverCase (--case module:NAME), or a line "
            "(--url)"
        )
    create = known[world].load() if world in known else _object(world, "world")
    names = list(create(0, {}).emulators)
    if len(names) != 1:
        raise DefinitionError(
            f"the world {world} has the devices {', '.join(names) or 'none'}: which of them "
            f"{driver} speaks to, only a DriverCase can say (--case module:NAME)"
        )
    return partial(create, 0, {}), names[0]


def _action_of(kind: type[Device]) -> Act:
    """Return what carries out an action that can be expected to do no harm in simulation."""
    specs = sorted(kind.actions.values(), key=_harm)
    if not specs:
        return _nothing
    name, given = specs[0].name, allowed_arguments(specs[0])
    return lambda device: getattr(device, name)(**given)


def _harm(spec: ActionSpec) -> tuple[bool, bool, bool]:
    waits = spec.timeout is None or spec.timeout > 60.0
    return not spec.idempotent, waits, not spec.arguments


async def _nothing(_device: Any) -> None:
    """Stands for the action of a driver that has none."""
