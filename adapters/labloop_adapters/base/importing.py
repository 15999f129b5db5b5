"""Libraries of others: imported where they are needed, and missed in a sentence."""

import importlib
from typing import Any

from labloop.errors import DefinitionError, MissingExtraError


def library(module: str, extra: str) -> Any:
    """Return an imported module of somebody's library.

    Args:
        module: its full name.
        extra: the extra of labloop that installs it.

    Raises:
        MissingExtraError: the library is not installed.
    """
    top = module.partition(".")[0]
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.partition(".")[0] == top and error.name == top:
            raise MissingExtraError(f"the library {top}", extra) from error
        raise


def class_of(path: str, base: type[Any], extra: str) -> type[Any]:
    """Return the class that ``path`` names.

    Args:
        path: as ``pymeasure.instruments.keithley.Keithley2400``.
        base: what it must be a kind of.
        extra: the extra of labloop that installs its library.

    Raises:
        DefinitionError: no such module, no such name in it, or no class of that kind.
        MissingExtraError: its library is not installed.
    """
    module, _, name = path.replace(":", ".").rpartition(".")
    if not module:
        raise DefinitionError(
            f"{path!r} names no class; write it with its module, as package.module.Class"
        )
    try:
        found = getattr(library(module, extra), name, None)
    except ImportError as error:
        raise DefinitionError(f"{path!r} cannot be imported: {error}") from error
    kind = f"{base.__module__.partition('.')[0]}'s {base.__name__}"
    if found is None:
        raise DefinitionError(f"{path!r}: the module {module} has no {name}; correct its spelling")
    if not isinstance(found, type):
        raise DefinitionError(f"{path!r} is no class but {type(found).__name__}; name a class")
    if not issubclass(found, base):
        raise DefinitionError(f"{path!r} is no {kind}; name a class that is made from it")
    return found
