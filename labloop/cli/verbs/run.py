"""Verbs that run a campaign: demo, run, resume."""

import shlex
import shutil
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labloop.cli.terminal import (
    CampaignFile,
    Database,
    Device,
    Name,
    Real,
    acknowledge_command,
    atomic_write,
    console,
    ensure_writable_folder,
    mode_of,
    open_repositories,
    waiting,
)
from labloop.errors import CampaignError, LabloopError, MissingExtraError, NotSafeError
from labloop.records import CampaignRecord, CampaignState, Mode, Repositories

if TYPE_CHECKING:
    from labloop.campaign import Campaign, Definition, Hooks, Speed
    from labloop.cli.terminal.live import LiveView

HELP = {
    "serve": "Keep a campaign ready to be started from the Prefect UI.",
    "ui": "Find or start the Prefect server and print where its UI is.",
    "emulate": "Serve an emulated instrument to any software, on a port or a pseudo-terminal.",
}

EXAMPLES = {"snar": "flow_snar", "direct-arylation": "direct_arylation"}
"""Name of an example's campaign -> its folder among the examples."""

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
    from labloop.cli.verbs.stored import write_report  # noqa: PLC0415 - keeps labloop --help quick

    page = folder / "report.html"
    with open_repositories(url, read_only=True) as repositories:
        write_report(repositories, record.id, page)
    out.print(f"report    {page.resolve()}")
    out.print(f"look      labloop status {record.name} --db {url}")


def examples() -> Path:
    """Return the folder of examples, in the wheel or in a checkout."""
    inside = Path(__file__).resolve().parents[2] / "examples"
    return inside if inside.is_dir() else inside.parent.parent / "examples"


def run(
    file: CampaignFile,
    *,
    db: Database = None,
    engine: Engine = "prefect",
    speed: SpeedText = "max",
    seed: Seed = None,
    experiments: Experiments = None,
    new: New = False,
    real: Real = False,
    truth: Truth = None,
    device: Device = "auto",
) -> None:
    """Run a campaign file: simulated, unless --real is said and confirmed."""
    run_file(
        file,
        db,
        engine=engine,
        speed=speed,
        seed=seed,
        experiments=experiments,
        new=new,
        mode=mode_of(real),
        truth=truth,
        device=device,
    )


def run_file(
    file: Path,
    db: str | None,
    *,
    engine: str,
    speed: str,
    seed: int | None = None,
    experiments: int | None = None,
    new: bool = False,
    mode: Mode = Mode.SIMULATED,
    truth: Path | None = None,
    device: str = "auto",
) -> CampaignRecord:
    """Create the campaign of a file and run it to its end."""
    pace = read_speed(speed, mode)
    if truth is not None:
        check_truth(truth, mode)
    out = console()
    with waiting(out, f"reading {file}"):
        chosen = find_engine(engine)
        definition = _read(file, mode, seed=seed, experiments=experiments)
    if truth is not None and definition.lab_file is None:
        raise CampaignError("--truth is for simulated labs, and this campaign has no lab")
    if mode is Mode.REAL:
        confirm_real(definition)
    with open_repositories(db, create=True) as repositories:
        from labloop.campaign import Campaign  # noqa: PLC0415 - heavy

        with waiting(out, "checking that strategy and physics fit the space"):
            made = Campaign.create(
                repositories, definition, mode=mode, new=new, speed=pace, device=device
            )
        try:
            return conduct(repositories, made, chosen)
        finally:
            if truth is not None and made.truth is not None:
                with atomic_write(truth) as part:
                    part.write_text("\n".join((*made.truth.lines(), "")), encoding="utf-8")


def _read(file: Path, mode: Mode, *, seed: int | None, experiments: int | None) -> "Definition":
    """Return a campaign that can be run; nothing is stored and nothing moves."""
    from labloop.campaign import (  # noqa: PLC0415 - heavy
        check_lab,
        load_campaign,
        require_procedure,
        with_overrides,
    )

    definition = with_overrides(load_campaign(file), seed=seed, experiments=experiments)
    require_procedure(definition)
    check_lab(definition, mode)
    return definition


def resume(
    name: Name,
    *,
    db: Database = None,
    engine: Engine = "prefect",
    speed: SpeedText = "max",
    changed: Annotated[
        Path | None, typer.Option("--changed", help="go on with this changed campaign file")
    ] = None,
    experiments: Experiments = None,
    renew: Annotated[
        list[str] | None,
        typer.Option("--renew", help="stations whose used-up places were put there anew"),
    ] = None,
    real: Real = False,
    device: Device = "auto",
) -> None:
    """Go on with a stored campaign, from the files that it was begun with."""
    mode, out = mode_of(real), console()
    pace = read_speed(speed, mode)
    with waiting(out, "loading"):
        from labloop.campaign import (  # noqa: PLC0415 - heavy
            Campaign,
            check_lab,
            load_campaign,
            resume_command,
        )

        chosen = find_engine(engine)
        definition = None if changed is None else load_campaign(changed)
    with open_repositories(db) as repositories:
        made = Campaign.resume(
            repositories, name, mode=mode, changed=definition, speed=pace, device=device
        )
        _say_changes(repositories, made, told=changed is not None)
        if experiments is not None:
            made.extend(experiments)
        made.renew(renew or ())
        over = made.record.state is CampaignState.FINISHED and experiments is None
        if mode is Mode.REAL:
            check_lab(made.definition, mode)
            confirm_real(made.definition)
        ended = conduct(repositories, made, chosen)
        if over:
            out.print(
                f"go on     {resume_command(ended, repositories)} --experiments N: a larger budget"
            )


def _say_changes(repositories: Repositories, campaign: "Campaign", *, told: bool) -> None:
    """Show how the files differ from those that the campaign was begun with."""
    from labloop.campaign import bundle_differences, changed_files, resume_command  # noqa: PLC0415 - heavy

    out = console()
    stored = repositories.campaigns.bundle(campaign.record.id)
    if told:
        say_new(repositories, campaign, bundle_differences(stored, campaign.definition.bundle))
        return
    place, lines = changed_files(stored)
    for line in lines:
        out.print(f"changed   {line} since the campaign was begun")
    if lines:
        out.print("          it goes on with the files that it was begun with; to take the new")
        way = resume_command(campaign.record, repositories)
        out.print(f"          ones: {way} --changed {shlex.quote(place)}")


def say_new(repositories: Repositories, campaign: "Campaign", changes: Sequence[str]) -> None:
    """Say what a changed definition changes, and what becomes of the results before it."""
    from labloop.campaign import describe_set_aside  # noqa: PLC0415 - heavy

    for line in changes:
        console().print(f"changed   {line}; from now on")
    if changes:
        spec = campaign.definition.spec
        for line in describe_set_aside(repositories, campaign.record.id, spec):
            console().print(f"results   {line}")


def conduct(
    repositories: Repositories,
    campaign: "Campaign",
    engine: Callable[["Campaign", "Hooks"], CampaignRecord],
) -> CampaignRecord:
    """Run a campaign under the live view and say how it ended."""
    from labloop.campaign import mode_label, resume_command  # noqa: PLC0415 - heavy
    from labloop.cli.terminal.live import LiveView  # noqa: PLC0415 - keeps labloop --help quick
    from labloop.cli.terminal.streams import steady_streams  # noqa: PLC0415 - same

    steady_streams()
    out = console()
    record = campaign.record
    out.print(f"campaign  {record.name} ({mode_label(record)})")
    out.print(f"database  {repositories.url}")
    unsafe: NotSafeError | None = None
    with LiveView(out, campaign, repositories) as view:
        try:
            record = engine(campaign, view)
        except NotSafeError as error:
            unsafe, record = error, campaign.record
    for note in campaign.notes:
        out.print(f"note      {note}")
    first = "" if unsafe is None else "NOT SAFE, see below; "
    out.print(f"ended     {first}{record.state.value}: {record.reason}")
    if unsafe is not None:
        raise _told(repositories, view, unsafe, record)
    view.print_end(out)
    if record.state is CampaignState.FAILED:
        raise CampaignError(f"the campaign failed: {record.reason}")
    if record.state is CampaignState.STOPPED:
        out.print(f"go on     {resume_command(record, repositories)}")
        raise typer.Exit(130)
    return record


def _told(
    repositories: Repositories, view: "LiveView", unsafe: NotSafeError, record: CampaignRecord
) -> NotSafeError:
    """Return the error with what to type, after all that is told beside it."""
    way = "it could not be stored, so nothing else will tell you"
    # Whatever the database says now, the error is what a person must hear.
    with suppress(LabloopError):
        view.print_end(console())
        if any(a.is_open for a in repositories.alarms.all(record.id)):
            way = f"when you have looked: {acknowledge_command(repositories, record)}"
    told = NotSafeError(f"{unsafe}\n!! {way}")
    told.__cause__ = unsafe
    return told


def check_truth(file: Path, mode: Mode) -> None:
    """Raise CampaignError where a world's own log cannot be kept in ``file``."""
    if mode is Mode.REAL:
        raise CampaignError("--truth is for simulated labs: a real one keeps no log of the world")
    ensure_writable_folder(file)


def find_engine(name: str) -> Callable[["Campaign", "Hooks"], CampaignRecord]:
    """Return what runs a campaign; raises where the engine is not installed, or cannot run it."""
    if name == "plain":
        return lambda campaign, hooks: campaign.run(hooks)
    for point in metadata.entry_points(group="labloop.engines"):
        if point.name != name:
            continue
        try:
            engine: Callable[[Campaign, Hooks], CampaignRecord] = point.load()().run
        except ModuleNotFoundError as error:
            missing = MissingExtraError(f"the engine {name!r}", "workflows")
            raise MissingExtraError(
                f"{missing} (or add --engine plain); {name}", "workflows"
            ) from (error)
        return engine
    known = ["plain", *sorted(p.name for p in metadata.entry_points(group="labloop.engines"))]
    raise CampaignError(f"no engine is called {name!r}; there are: {', '.join(known)}")


def read_speed(text: str, mode: Mode) -> "Speed":
    """Return a speed; raises where it is none, or where a real lab is asked to hurry."""
    if mode is Mode.REAL:
        return "real"
    if text == "max":
        return "max"
    if text == "real":
        return "real"
    try:
        factor = float(text)
    except ValueError:
        factor = 0.0
    if not 0 < factor <= 1e6:
        raise CampaignError(f"--speed is 'max', 'real' or a factor up to 1e6, got {text!r}")
    return factor


def confirm_real(definition: "Definition") -> None:
    """Ask a person at this terminal for an explicit yes; nothing else counts.

    A plain function commands no instrument of a lab, so there is nothing to say yes to.
    """
    if definition.lab_file is None:
        return
    name = definition.spec.name
    if not sys.stdin.isatty():
        raise CampaignError(
            "real instruments need a person's yes typed at the lab's terminal, "
            "and this is no terminal; run without --real to simulate"
        )
    typed = input(f"{name} will move REAL instruments. Type the campaign's name to go on: ")
    if typed.strip() != name:
        raise CampaignError("not confirmed; nothing was sent to any instrument")
