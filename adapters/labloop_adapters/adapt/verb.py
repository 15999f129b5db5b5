"""The verb ``adapt``: two files for a class of PyMeasure or QCoDeS, or for a resource of PyVISA."""

from pathlib import Path
from typing import Annotated

import typer

from labloop.errors import DefinitionError
from labloop_adapters.adapt.of_class import draft_of_class
from labloop_adapters.adapt.of_resource import draft_of_resource


def adapt(
    what: Annotated[
        str,
        typer.Argument(
            help="a class with its module, as pymeasure.instruments.keithley.Keithley2400, or a "
            "resource of PyVISA, as GPIB0::24::INSTR"
        ),
    ],
    *,
    to: Annotated[Path, typer.Option("--to", help="the folder to write into")] = Path(),
    arguments: Annotated[
        str, typer.Option("--arguments", help="what the class is built with, as a table of TOML")
    ] = "",
    backend: Annotated[
        str, typer.Option("--backend", help="of PyVISA, for a resource: @py, or file.yaml@sim")
    ] = "",
) -> None:
    """Write the driver and the lab file of an instrument that another library drives.

    A class is only read: nothing is opened. A resource is asked who it is, and nothing else.
    """
    draft = draft_of_resource(what, backend) if "::" in what else draft_of_class(what, arguments)
    if not to.is_dir():
        raise DefinitionError(f"{to} is no folder; make it, or name another with --to")
    driver, lab_file = to / f"{draft.module}.py", to / f"{draft.module}.toml"
    for path in (driver, lab_file):
        if path.exists():
            raise DefinitionError(f"{path} exists; move it away, or name another folder with --to")
    driver.write_text(draft.driver, encoding="utf-8")
    lab_file.write_text(draft.lab_file, encoding="utf-8")
    out = typer.echo
    out(f"driver    {driver}: {draft.told}")
    out(f"lab file  {lab_file}: write the url and the serial number into it")
    for line in draft.to_do:
        out(f"to do     {line}")
