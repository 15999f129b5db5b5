"""A draft from a class of PyMeasure or QCoDeS."""

import importlib
import tomllib
from typing import Any

from labloop.errors import DefinitionError
from labloop_adapters.adapt.draft import Draft, comment, lab_file_of, switches_of, table
from labloop_adapters.base import BlockingDevice, library

_KINDS = {
    "pymeasure": ("labloop_adapters.pymeasure", "PyMeasureDevice", "pymeasure.instruments"),
    "qcodes": ("labloop_adapters.qcodes", "QCoDeSDevice", "qcodes.instrument"),
}
"""Library -> the adapter's module and class, and where the library's base class stands."""
_SAY = "say what is safe in the driver: until then no lab takes it"


def draft_of_class(path: str, arguments: str) -> Draft:
    """Return the driver and the lab file for a class.

    Args:
        path: of the class, with its module.
        arguments: what it is built with, as ``gates = ["ch1"]``.

    Raises:
        DefinitionError: it is no class of these libraries, or wants other arguments.
        MissingExtraError: its library is not installed.
    """
    try:
        given = tomllib.loads(arguments)
    except tomllib.TOMLDecodeError as error:
        raise DefinitionError(
            f"--arguments {arguments!r} is no TOML ({error}); write name = value"
        ) from error
    kind = _kind_of(path)
    module, base, _ = _KINDS[kind]
    name = path.replace(":", ".").rpartition(".")[2]
    body: dict[str, Any] = {"instrument": path.replace(":", "."), "arguments": given}
    device: type[BlockingDevice] = type(
        name, (getattr(importlib.import_module(module), base),), body
    )
    safe, to_do = _safe(device)
    lines = [
        f'"""{name} of {_called(kind)} as a device, drafted by `labloop adapt`."""',
        "",
        f"from {module} import {base}",
        "",
        "",
        f"class {name}({base}):",
        f'    """{name}."""',
        "",
        f'    instrument = "{body["instrument"]}"',
        *([f"    arguments = {table(given)}"] if given else []),
        *safe,
    ]
    unlimited = [
        key.removeprefix("set_")
        for key, why in getattr(device, "left_out", {}).items()
        if key.startswith("set_") and "limits" in why
    ]
    if unlimited:
        lines += ["    # Can be set, too, as soon as limits = {name: (low, high)} says how far:"]
        lines += comment(unlimited)
    url = "visa://GPIB0::1::INSTR" if getattr(device, "addressed", True) else f"library://{name}"
    lab_file = lab_file_of(name.lower(), name, device, url, "")
    told = f"{len(device.reads)} reads, {len(device.actions)} actions"
    return Draft(name.lower(), "\n".join((*lines, "")), lab_file, told, to_do)


def _safe(device: type[BlockingDevice]) -> tuple[list[str], list[str]]:
    """Return the lines of the driver that say what is safe, and what a person has to say."""
    if device.safe_calls:
        return [f"    safe_calls = {tuple(device.safe_calls)!r}".replace("'", '"')], []
    if not device.actions:
        return ["    safe = {}"], []
    switches = switches_of(device)
    if switches:
        safe = table(dict.fromkeys(switches, False))
        told = f"look whether {', '.join(switches)} switched off is what is safe"
        return [f"    safe = {safe}"], [told]
    return ["    # safe = {...}: what is set when the lab is left; {} where nothing can harm."], [
        _SAY
    ]


def _kind_of(path: str) -> str:
    """Return whose class it is, also where it stands in a third package."""
    top = path.partition(".")[0]
    if top in _KINDS:
        library(_KINDS[top][2], top)
        return top
    module, _, name = path.replace(":", ".").rpartition(".")
    try:
        found = getattr(importlib.import_module(module), name, None) if module else None
    except ImportError as error:
        raise DefinitionError(f"{path!r} cannot be imported: {error}") from error
    for base in getattr(found, "__mro__", ()):
        if base.__module__.partition(".")[0] in _KINDS:
            return str(base.__module__.partition(".")[0])
    raise DefinitionError(
        f"{path!r} is no class of PyMeasure or QCoDeS and no resource of PyVISA; for another "
        "library write a BlockingDevice of a few lines (see: Wrap a library that you have)"
    )


def _called(kind: str) -> str:
    return {"pymeasure": "PyMeasure", "qcodes": "QCoDeS"}[kind]
