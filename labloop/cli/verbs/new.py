"""The verb that begins a campaign file, or a driver: ``labloop new``."""

import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from labloop.cli.terminal import atomic_write, console, ensure_writable_folder
from labloop.cli.verbs.new_driver import driver_files
from labloop.errors import CampaignError


class Kind(StrEnum):
    """Who carries experiments out."""

    FUNCTION = "function"
    HAND = "hand"
    LAB = "lab"


_SPEC = """
campaign = CampaignSpec(
    "NAME",
    SearchSpace(
        Continuous("temperature", 20, 90, unit="degC", step=1),
        Continuous("time", 1, 60, unit="min", step=1),
    ),
    outputs=[Scalar("OUTPUT", unit="UNIT")],
    objective=Maximize("OUTPUT"),
HOW    budget=Budget(experiments=20),
)
"""
_IMPORT = "from labloop import Budget, CampaignSpec, Continuous, Maximize, Scalar, SearchSpace"
_FUNCTION = '''

def measure(x):
    """Carry out one experiment: put your own code here."""
    heat = x.temperature.magnitude  # in degC, as declared below
    minutes = x.time.magnitude
    return {"yield": 90 - (heat - 62) ** 2 / 30 - (minutes - 25) ** 2 / 40}

'''
_LAB_PROCEDURE = '''

async def react(lab, x):
    """Carry out one experiment: every line is a step, and awaited."""
    await lab.hotplate_1.set_stirring_speed(quantity(400, "rpm"))
    await lab.hotplate_1.start_stirring()
    await lab.hotplate_1.set_temperature(x.temperature)
    await lab.hotplate_1.start_heating()
    await lab.wait(x.time)
    return {"plate": await lab.hotplate_1.plate_temperature()}

'''
_LAB_FILE = """[lab]
name = "NAME"
# Answers in simulation; a lab of your own instruments needs a world of its own.
world = "reaction_robot"

[devices.hotplate_1]
driver = "ika"
url = "serial://COM3?baud=9600&mode=7E1"
# A real lab needs the number on the instrument:
# serial_number = "..."

[devices.hotplate_1.limits]
"set_temperature.temperature" = { min = "20 degC", max = "125 degC" }
"set_stirring_speed.speed" = { min = "0 rpm", max = "1000 rpm" }

[[interlocks]]
device = "hotplate_1"
action = "start_heating"
requires = "hotplate_1.stirring_speed >= 100 rpm"
because = "a mixture that is not stirred boils over"
"""


def new(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="[driver] NAME", help="the campaign's name; after 'driver' the driver's"
        ),
    ],
    *,
    kind: Annotated[
        Kind | None, typer.Option("--by", help="who carries a campaign out [function]")
    ] = None,
) -> None:
    """Write a campaign file to begin from, or the package of a driver with an emulator and tests.

    A campaign is carried out by a function, a lab, or a person by hand.
    """
    if words[0] == "driver" and len(words) == 2:
        if kind is not None:
            raise CampaignError("--by is for campaigns; labloop new driver NAME takes no options")
        _new_driver(words[1])
    elif words[0] == "driver":
        raise CampaignError(
            "labloop new driver NAME writes a driver, of one name; call a campaign otherwise "
            "than 'driver'"
        )
    elif len(words) > 1:
        raise CampaignError(
            "labloop new takes the NAME of a campaign, or: driver NAME; "
            f"got {len(words)} names: {' '.join(words)}"
        )
    else:
        _new_campaign(words[0], kind or Kind.FUNCTION)


def _new_driver(name: str) -> None:
    files = driver_files(name)
    _write(files)
    say = console().print
    say(f"then      cd {name}")
    say("          pip install -e .")
    say("          pytest")
    say(f"          labloop devices read lab.toml {name}")


def _new_campaign(name: str, kind: Kind) -> None:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", name):
        raise CampaignError(
            f"a campaign's name is made of letters, digits and _ . - (64 at most), got {name!r}"
        )
    files = _files(name, kind)
    for path in files:
        if path.exists():
            raise CampaignError(f"{path} exists; name another campaign, or remove it first")
    _write(files)
    file = next(iter(files))
    console().print(f"then      labloop check {file}")
    console().print(f"          labloop {'ask' if kind is Kind.HAND else 'run'} {file}")


def _write(files: Mapping[Path, str]) -> None:
    for path, text in files.items():
        ensure_writable_folder(path)
        with atomic_write(path) as part:
            part.write_text(text, encoding="utf-8")
        console().print(f"wrote     {path}")


def _files(name: str, kind: Kind) -> dict[Path, str]:
    """Return path -> text, the campaign file first."""
    if kind is Kind.LAB:
        how = '    procedure=react,\n    lab="lab.toml",\n'
        text = f"{_IMPORT}, quantity\n{_LAB_PROCEDURE}{_spec(name, 'plate', 'degC', how)}"
        lab_file = _LAB_FILE.replace("NAME", name)
        return {Path(name) / "campaign.py": text, Path(name) / "lab.toml": lab_file}
    if kind is Kind.HAND:
        return {Path(f"{name}.py"): f"{_IMPORT}\n{_spec(name, 'yield', '%', '')}"}
    how = "    procedure=measure,\n"
    return {Path(f"{name}.py"): f"{_IMPORT}\n{_FUNCTION}{_spec(name, 'yield', '%', how)}"}


def _spec(name: str, output: str, unit: str, how: str) -> str:
    text = _SPEC.replace("NAME", name).replace("OUTPUT", output).replace("UNIT", unit)
    return text.replace("HOW", how)
