"""Verbs that show hosts: status, list."""

import json
import time
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from labloop.cli.terminal import AsJson, console
from labloop.errors import LabloopError


def status(
    name: Annotated[str, typer.Argument(help="the host's name, NAME or NAME@MACHINE:PORT")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show a host's devices: whether they answer, what they do, who has them and since when."""
    from labloop.service import host_status  # noqa: PLC0415 - keeps labloop --help quick

    found = host_status(name)
    out = console()
    if as_json:
        out.print_json(json.dumps(found))
        return
    out.print(
        f"{found['name']}: {found['lab']}, {found['mode']}, {found['url']}, process "
        f"{found['pid']}, since {_moment(found['since'])}",
        soft_wrap=True,
    )
    for device in found["devices"]:
        out.print(f"{device['name']:<14}{_device(device, found['wall'])}", soft_wrap=True)
    for station in found["stations"]:
        held = _holder(station["holder"], found["wall"])
        out.print(f"{station['kind']:<14}stations; {held}", soft_wrap=True)
    for note in found["notes"]:
        out.print(f"note      {_moment(note['time'])}: {note['text']}", soft_wrap=True)


def list_() -> None:
    """List the hosts of this machine."""
    from labloop.lab import hosts_folder, known_hosts  # noqa: PLC0415 - keeps --help quick
    from labloop.service import host_status, is_claimed  # noqa: PLC0415 - same

    out, known = console(), known_hosts()
    if not known:
        out.print(f"no host runs on this machine (looked in {hosts_folder()})", soft_wrap=True)
    for name, address in known.items():
        try:
            found = host_status(name)
        except LabloopError as error:
            why = f"does not answer at {address.url}; it ended without a word, start it anew"
            if is_claimed(name):
                why = (
                    f"process {address.pid} runs and keeps its devices, but cannot be used: {error}"
                )
            out.print(f"{name}: {why}", soft_wrap=True, markup=False)
            continue
        held = sum(device["holder"] is not None for device in found["devices"])
        out.print(
            f"{name}: {len(found['devices'])} devices, {held} held, {found['mode']}, {address.url}",
            soft_wrap=True,
        )


def _device(device: Mapping[str, Any], now: float) -> str:
    health = device["health"]
    answers = "answers" if health["answers"] else f"DOES NOT ANSWER: {health['why']}"
    model = device["model"] or device["driver"]
    return f"{model}; {answers}; {device['activity']}; {_holder(device['holder'], now)}"


def _holder(holder: Mapping[str, Any] | None, now: float) -> str:
    if holder is None:
        return "free"
    minutes = max(now - holder["since"], 0.0) / 60
    state = f", {holder['ending']}" if holder["ending"] else ""
    return (
        f"held by campaign {holder['campaign']!r} of {holder['user']} ({holder['place']}) since "
        f"{_moment(holder['since'])}, {minutes:.0f} min{state}"
    )


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
