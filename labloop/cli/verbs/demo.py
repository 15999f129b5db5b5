"""The verb that shows a whole campaign: demo."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

from labloop.cli.running import find_engine
from labloop.cli.terminal import (
    Engine,
    Experiments,
    Truth,
    console,
    ensure_writable_folder,
    open_repositories,
)
from labloop.cli.verbs.run import run_file
from labloop.errors import CampaignError

EXAMPLES = {"snar": "flow_snar", "direct-arylation": "direct_arylation"}
"""Name of an example's campaign -> its folder among the examples."""


def demo(
    folder: Annotated[Path, typer.Argument(help="where to put it")] = Path("labloop-demo"),
    *,
    example: Annotated[str, typer.Option(help="an example, by its campaign's name")] = "snar",
    engine: Engine = "prefect",
    experiments: Experiments = None,
    truth: Truth = None,
) -> None:
    """Copy an example campaign into a folder and run it in simulation."""
    if example not in EXAMPLES:
        known = ", ".join(EXAMPLES)
        raise CampaignError(f"no example is called {example!r}; there are: {known}")
    source = examples() / EXAMPLES[example]
    target = folder / example
    if target.exists():
        raise CampaignError(f"{target} exists; name another folder, or remove it first")
    find_engine(engine)
    ensure_writable_folder(target)
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.db*"))
    out = console()
    out.print(f"copied the example to {target}; its campaign.py is yours to change")
    url = str(folder / "labloop.db")
    record = run_file(
        target / "campaign.py",
        url,
        engine=engine,
        speed="max",
        experiments=experiments,
        truth=truth,
    )
    from labloop.cli.stored.export import write_report  # noqa: PLC0415 - keeps labloop --help quick

    page = folder / "report.html"
    with open_repositories(url, read_only=True) as repositories:
        write_report(repositories, record.id, page)
    out.print(f"report    {page.resolve()}")
    out.print(f"look      labloop status {record.name} --db {url}")


def examples() -> Path:
    """Return the folder of examples, in the wheel or in a checkout."""
    inside = Path(__file__).resolve().parents[2] / "examples"
    return inside if inside.is_dir() else inside.parent.parent / "examples"
