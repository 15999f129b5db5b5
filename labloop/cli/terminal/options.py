"""Options and arguments that several verbs share, each declared once."""

from pathlib import Path
from typing import Annotated

import typer

Database = Annotated[
    str | None,
    typer.Option("--db", help="SQLite file or postgresql:// URL [LABLOOP_DB, ./labloop.db]"),
]
Real = Annotated[
    bool, typer.Option("--real", help="the campaign on real instruments instead of simulated ones")
]
Name = Annotated[str, typer.Argument(help="the campaign's name")]
CampaignFile = Annotated[Path, typer.Argument(help="the Python file that holds the CampaignSpec")]
Device = Annotated[
    str,
    typer.Option("--device", help="where physics is solved: auto (by a round's size), cpu, cuda"),
]
AsJson = Annotated[bool, typer.Option("--json", help="as JSON")]
Out = Annotated[Path | None, typer.Option("--out", help="where to write")]
Engine = Annotated[
    str, typer.Option("--engine", help="'prefect', or 'plain' which needs no Prefect")
]
SpeedText = Annotated[
    str, typer.Option("--speed", help="'max', 'real', or how many times faster than life")
]
Seed = Annotated[int | None, typer.Option("--seed", min=0, help="instead of the file's seed")]
Experiments = Annotated[
    int | None, typer.Option("--experiments", min=1, help="instead of the file's budget")
]
Truth = Annotated[
    Path | None,
    typer.Option("--truth", help="keep here what physically happened in the simulated lab"),
]
New = Annotated[bool, typer.Option("--new", help="begin another campaign of the same name")]
AnyMode = Annotated[
    bool | None, typer.Option("--real/--sim", help="which one, where a name has both")
]
