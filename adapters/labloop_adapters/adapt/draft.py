"""What ``labloop adapt`` writes: a driver of a few lines, and a lab file with its limits."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from labloop_adapters.base import BlockingDevice

_SWITCHES = re.compile(r"(^|_)(output|enabled?|on|source|heater|laser|emission|state|power)(_|$)")


@dataclass(slots=True)
class Draft:
    """Two files, and what a person still has to say."""

    module: str
    driver: str
    lab_file: str
    told: str
    to_do: list[str] = field(default_factory=list)


def lab_file_of(module: str, name: str, device: type[BlockingDevice], url: str, serial: str) -> str:
    """Return a lab file with one device, its limits those that its class tells.

    Args:
        module: where the driver stands.
        name: of its class.
        device: the class, for its actions.
        url: where the instrument is.
        serial: its serial number, empty where it is not known.
    """
    lines = [
        "[lab]",
        f"name = {json.dumps(module)}",
        "",
        f"[devices.{module}]",
        f'driver = "{module}:{name}"',
        f"url = {json.dumps(url)}",
        f"serial_number = {json.dumps(serial)}",
    ]
    limits = [
        f'"{action}.{argument.name}" = {{ {_bounds(argument.arg)} }}'
        for action, spec in device.actions.items()
        for argument in spec.arguments.values()
        if argument.arg is not None
    ]
    if limits:
        lines += [
            "",
            f"[devices.{module}.limits]",
            "# As far as the instrument goes; your lab may want less.",
            *limits,
        ]
    return "\n".join((*lines, ""))


def _bounds(arg: Any) -> str:
    low = arg.ge if arg.ge is not None else arg.gt
    high = arg.le if arg.le is not None else arg.lt
    unit = "" if arg.unit == "1" else f" {arg.unit}"
    told = {"min": low, "max": high}
    return ", ".join(f'{k} = "{v:.12g}{unit}"' for k, v in told.items() if v is not None)


def switches_of(device: type[BlockingDevice]) -> list[str]:
    """Return the flags that seem to switch the instrument's output, by their names."""
    return [
        name
        for name, signal in device.signals.items()
        if signal.set is not None
        and signal.kind == "flag"
        and _SWITCHES.search(name)
        and not re.search(r"auto|display|filter|zero|beep|sense", name)
    ]


def table(values: Mapping[str, Any]) -> str:
    """Return a mapping as it is written in Python."""
    told = ", ".join(f'"{key}": {_written(value)}' for key, value in values.items())
    return f"{{{told}}}"


def _written(value: Any) -> str:
    return json.dumps(value) if isinstance(value, str) else repr(value)


def comment(names: Sequence[str], width: int = 92) -> list[str]:
    """Return names as lines of a comment."""
    lines, line = [], "   "
    for name in names:
        if len(line) + len(name) > width:
            lines.append(line)
            line = "   "
        line += f" {name},"
    return [f"    #{each.rstrip(',')}" for each in (*lines, line) if each.strip()]
