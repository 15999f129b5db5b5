"""Devices that are built with other ones: which, and in what order they can be opened."""

from collections.abc import Collection, Mapping
from typing import Any

_DEVICE = "device:"


def devices_named(options: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the devices that ``options.arguments`` of a device names, as ``"device:NAME"``."""
    given = options.get("arguments", {})
    values = given.values() if isinstance(given, Mapping) else ()
    return tuple(dict.fromkeys(device_named(each) for each in values if device_named(each)))


def device_named(value: Any) -> str:
    """Return the device that an argument names, as ``"device:NAME"``; empty if it names none."""
    is_device = isinstance(value, str) and value.startswith(_DEVICE)
    return value.removeprefix(_DEVICE) if is_device else ""


def wrong_built_with(needs: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Return a sentence for each name that is no device, and for a circle.

    Args:
        needs: every device -> those that it is built with.
    """
    mistakes = [
        f"[devices.{name}.options] arguments names the device {other!r}, which the lab does not "
        "have"
        for name, others in needs.items()
        for other in others
        if other not in needs
    ]
    circle = _circle(needs)
    if circle:
        mistakes.append(
            f"[devices.{circle[0]}.options] arguments: it would be built with itself, by way of "
            f"{' -> '.join(circle)}; one of them must be opened first"
        )
    return mistakes


def with_needed(names: Collection[str], needs: Mapping[str, tuple[str, ...]]) -> set[str]:
    """Return ``names`` and all that these are built with, also by way of others."""
    found: set[str] = set()
    left = list(names)
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += needs.get(name, ())
    return found


def opened_together(needs: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Return the name of its group for each device that is built with others, and for those.

    Libraries that use each other are called on one thread.
    """
    groups: dict[str, set[str]] = {}
    for name, others in needs.items():
        if others:
            joined = {name, *others}.union(*(groups.get(each, ()) for each in (name, *others)))
            groups.update(dict.fromkeys(joined, joined))
    return {name: min(group) for name, group in groups.items()}


def _circle(needs: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Return a way from a device back to itself; empty where there is none."""
    for start in needs:
        ways = [[start]]
        while ways:
            way = ways.pop()
            for other in needs.get(way[-1], ()):
                if other == start:
                    return [*way, start]
                if other not in way:
                    ways.append([*way, other])
    return []
