"""Options that several verbs share, each written once."""

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
