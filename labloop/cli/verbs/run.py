"""Verbs that run a campaign: run, resume."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import typer

from labloop.cli.running import (
    check_truth,
    conduct,
    confirm_real,
    confirm_standing_yes,
    find_engine,
    print_file_changes,
    read_speed,
)
from labloop.cli.terminal import (
    CampaignFile,
    Database,
    Device,
    Engine,
    Experiments,
    Name,
    New,
    Real,
    Seed,
    SpeedText,
    Truth,
    atomic_write,
    console,
    mode_of,
    open_repositories,
    waiting,
)
from labloop.errors import CampaignError
from labloop.records import CampaignRecord, CampaignState, Mode, Repositories

if TYPE_CHECKING:
    from labloop.campaign import Campaign, Definition

Left: TypeAlias = Literal["hold", "skip", "stop"]
Unattended = Annotated[
    Left | None,
    typer.Option(
        "--unattended", help="what becomes of questions: hold (wait), skip, stop; see failures"
    ),
]


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
    unattended: Unattended = None,
    go_on: Annotated[
        bool,
        typer.Option(
            "--go-on", help="go on with it where it was begun and cut off; as a service does"
        ),
    ] = False,
    standing_yes: Annotated[
        bool,
        typer.Option(
            "--standing-yes", help="with --real: by the yes that labloop service --real has kept"
        ),
    ] = False,
    forecast: Annotated[
        bool, typer.Option("--forecast", help="say first how long it will take, and keep that")
    ] = False,
) -> None:
    """Run a campaign file: simulated, unless --real is said and confirmed."""
    if standing_yes and not real:
        raise CampaignError(
            "--standing-yes is a yes to real instruments; add --real, or leave it out"
        )
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
        unattended=unattended,
        go_on=go_on,
        standing_yes=standing_yes,
        forecast=forecast,
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
    unattended: Left | None = None,
    go_on: bool = False,
    standing_yes: bool = False,
    forecast: bool = False,
) -> CampaignRecord:
    """Create the campaign of a file and run it to its end, or go on with it where that is said."""
    pace = read_speed(speed, mode)
    if truth is not None:
        check_truth(truth, mode)
    out = console()
    with waiting(out, f"reading {file}"):
        chosen = find_engine(engine)
        definition = _read(file, mode, seed=seed, experiments=experiments)
    if truth is not None and definition.lab_file is None:
        why = "its lab is a host's, which keeps its own: labloop lab up LAB.toml --truth FILE"
        raise CampaignError(
            "--truth is for simulated labs, and "
            + (why if definition.spec.lab else "this campaign has no lab")
        )
    if mode is Mode.REAL:
        _confirm(definition, standing_yes=standing_yes)
    with open_repositories(db, create=True) as repositories:
        from labloop.campaign import Campaign  # noqa: PLC0415 - heavy

        known = begun(repositories, definition, mode) if go_on else None
        if known is not None and not is_cut_off(repositories, known):
            out.print(f"nothing to do: {known.name} is {known.state.value}: {known.reason}")
            return known
        with waiting(out, "checking that strategy and physics fit the space"):
            if known is None:
                made = Campaign.create(
                    repositories, definition, mode=mode, new=new, speed=pace, device=device
                )
            else:
                made = Campaign.resume(
                    repositories, known.name, mode=known.mode, speed=pace, device=device
                )
                if standing_yes:
                    # What runs are the files that it was begun with.
                    _confirm(made.definition, standing_yes=True)
        if unattended is not None:
            made.leave_unattended(unattended)
        if forecast:
            _forecast(repositories, made)
        try:
            return conduct(repositories, made, chosen)
        finally:
            if truth is not None and made.truth is not None:
                with atomic_write(truth) as part:
                    part.write_text("\n".join((*made.truth.lines(), "")), encoding="utf-8")


def _forecast(repositories: Repositories, made: "Campaign") -> None:
    """Say how long a campaign will take, and keep that beside it."""
    from labloop.cli.stored.forecast import forecast_stored, lines_of  # noqa: PLC0415 - heavy

    out = console()
    for line in lines_of(forecast_stored(out, repositories, made.record, made.definition)):
        out.print(line)


def _confirm(definition: "Definition", *, standing_yes: bool) -> None:
    """Have a person's yes to real instruments: typed now, or kept for a service."""
    if standing_yes:
        console().print(f"real      by the standing yes of {confirm_standing_yes(definition)}")
    else:
        confirm_real(definition)


def begun(
    repositories: Repositories, definition: "Definition", mode: Mode
) -> CampaignRecord | None:
    """Return the stored campaign of a definition; None where it was never begun."""
    real = definition.spec.is_function
    return repositories.campaigns.find(definition.spec.name, Mode.REAL if real else mode)


def is_cut_off(repositories: Repositories, record: CampaignRecord) -> bool:
    """Return whether a campaign ought to go on: its process, or the whole computer, was ended.

    What a person stopped, and what has come to its end, stays as it is.
    """
    from labloop.campaign import is_interrupted  # noqa: PLC0415 - heavy

    shut_down = record.state is CampaignState.STOPPED and "SIGTERM" in record.reason
    never_ran = record.state is CampaignState.PAUSED
    return shut_down or never_ran or is_interrupted(repositories, record)


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
    unattended: Unattended = None,
    take_over: Annotated[
        bool,
        typer.Option("--take-over", help="its process on another machine is dead: take its place"),
    ] = False,
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
            repositories,
            name,
            mode=mode,
            changed=definition,
            speed=pace,
            device=device,
            take_over=take_over,
        )
        print_file_changes(repositories, made, told=changed is not None)
        if experiments is not None:
            made.extend(experiments)
        made.renew(renew or ())
        if unattended is not None:
            made.leave_unattended(unattended)
        over = made.record.state is CampaignState.FINISHED and experiments is None
        if mode is Mode.REAL:
            check_lab(made.definition, mode)
            confirm_real(made.definition)
        ended = conduct(repositories, made, chosen)
        if over:
            out.print(
                f"go on     {resume_command(ended, repositories)} --experiments N: a larger budget"
            )
