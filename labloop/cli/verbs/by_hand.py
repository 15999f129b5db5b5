"""Verbs for experiments by hand: try, ask, rank, tell, reanalyse."""

import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labloop.cli.running import conduct, confirm_real, find_engine, print_changes
from labloop.cli.terminal import (
    AnyMode,
    Database,
    Device,
    Engine,
    Name,
    New,
    atomic_write,
    console,
    ensure_writable_folder,
    find_campaign,
    format_point,
    mode_of,
    open_repositories,
    parse_pairs,
)
from labloop.errors import CampaignError, NotFoundError
from labloop.records import CampaignRecord, ExperimentState, Mode, Repositories, ScalarValue

if TYPE_CHECKING:
    from labloop.campaign import Campaign, Definition

Target = Annotated[str, typer.Argument(help="a stored campaign's name, or a campaign file")]
Fixed = Annotated[
    str, typer.Option("--fixed", help="what all have: solvent=DMF,temperature=40..60")
]
Avoid = Annotated[
    list[str] | None,
    typer.Option("--avoid", help="what none has: solvent=DMSO|NMP,temperature=100.. (repeat)"),
]
Sim = Annotated[bool, typer.Option("--sim", help="as a simulated campaign, not a person's own")]


def try_(
    target: Target,
    words: Annotated[list[str], typer.Argument(help="the point: temperature=80 ...")],
    *,
    db: Database = None,
    dry: Annotated[bool, typer.Option("--dry", help="only tell what would be sent")] = False,
    engine: Engine = "plain",
    real: Annotated[bool, typer.Option("--real", help="on real instruments")] = False,
) -> None:
    """Carry out one experiment by hand: kept in a campaign of its own, NAME.try."""
    from labloop.campaign import (  # noqa: PLC0415 - heavy
        Campaign,
        check_lab,
        point_from_text,
        rehearse,
        require_procedure,
        with_spec,
    )

    given = parse_pairs(words)
    mode = Mode.REAL if real else Mode.SIMULATED
    definition = _definition(target, db)
    space = definition.spec.space
    point = space.validate(point_from_text(given, space))
    if dry:
        for line in rehearse(definition, point):
            console().print(line)
        return
    require_procedure(definition)
    check_lab(definition, mode)
    if mode is Mode.REAL:
        confirm_real(definition)
    named = with_spec(definition, replace(definition.spec, name=f"{definition.spec.name}.try"))
    chosen = find_engine(engine)
    with open_repositories(db, create=True) as repositories:
        kept = Mode.REAL if named.spec.is_function else mode
        if repositories.campaigns.find(named.spec.name, kept) is None:
            campaign = Campaign.create(repositories, named, mode=mode)
        else:
            campaign = Campaign.resume(repositories, named.spec.name, mode=mode, changed=named)
        campaign.only(point)
        record = conduct(repositories, campaign, chosen)
        _print_result(repositories, record)


def _print_result(repositories: Repositories, record: CampaignRecord) -> None:
    """Print what the experiment by hand gave; raises CampaignError where it gave nothing."""
    row = max(repositories.experiments.all(record.id), key=lambda each: each.number)
    if row.state is not ExperimentState.DONE:
        raise CampaignError(f"experiment {row.number} {row.state.value}: {row.reason}")
    outputs = repositories.experiments.outputs(record.id).get(row.id, {})
    values = ", ".join(
        f"{name} {value.value:.5g}" + (f" {value.unit}" if value.unit != "1" else "")
        for name, value in outputs.items()
        if isinstance(value, ScalarValue)
    )
    console().print(f"result    {values} in experiment {row.number}")


def _is_file(target: str) -> bool:
    """Return whether a campaign file is named, and not a stored campaign."""
    return target.endswith(".py") or Path(target).is_dir()


def _definition(target: str, db: str | None) -> "Definition":
    from labloop.campaign import load_campaign, restore  # noqa: PLC0415 - heavy

    if _is_file(target):
        return load_campaign(target)
    with open_repositories(db, read_only=True) as repositories:
        record = find_campaign(repositories, target, None)
        return restore(repositories.campaigns.bundle(record.id))


def ask(
    target: Target,
    *,
    n: Annotated[
        int,
        typer.Option(
            "-n", min=0, max=10000, help="how many; 0 is a whole plate, or one without a plate"
        ),
    ] = 0,
    out: Annotated[Path, typer.Option("--out", help="CSV to fill in")] = Path("next.csv"),
    db: Database = None,
    sim: Sim = False,
    new: New = False,
    device: Device = "auto",
    fixed: Fixed = "",
    avoid: Avoid = None,
) -> None:
    """Ask for experiments that a person carries out; fill in the file and tell it."""
    from labloop.campaign import ask as propose  # noqa: PLC0415 - heavy
    from labloop.campaign import (  # noqa: PLC0415 - heavy
        condition_from_text,
        current_user,
        database_option,
        wells_of,
        write_proposals,
    )

    if out.exists():
        raise CampaignError(f"{out} exists; name another file, so that no result is overwritten")
    ensure_writable_folder(out)
    given = _given(target)
    if device != "auto":
        from labloop.surrogates import check_device  # noqa: PLC0415 - loads torch

        check_device(device)
    with open_repositories(db, create=given is not None) as repositories:
        record, definition = _by_hand(repositories, given, target, sim=sim, new=new)
        n = n or definition.spec.full_batch
        space = definition.spec.space
        rows = propose(
            repositories,
            record,
            definition,
            n,
            actor=current_user(),
            device=device,
            fixed=condition_from_text(fixed, space) if fixed else None,
            avoid=[condition_from_text(text, space) for text in avoid or ()],
        )
        wells = wells_of(repositories, record.id, rows)
        try:
            with atomic_write(out) as part:
                write_proposals(part, rows, definition, record.mode.value, wells)
        except CampaignError as error:
            raise CampaignError(
                f"{error}; the experiments are stored all the same, and labloop export "
                f"{record.name}{database_option(repositories)} lists them"
            ) from error
        console().print(f"campaign  {record.name} ({record.mode.value}) in {repositories.url}")
        what = "1 experiment" if len(rows) == 1 else f"{len(rows)} experiments"
        console().print(f"wrote     {out}: {what} to carry out")
        words = f"{record.name} {shlex.quote(str(out.resolve()))}{database_option(repositories)}"
        console().print(f"then      labloop tell {words}")
        _print_budget(repositories, record, definition)


def rank(
    name: Name,
    candidates: Annotated[Path, typer.Argument(help="CSV or .xlsx with a column a parameter")],
    *,
    out: Annotated[Path | None, typer.Option("--out", help="CSV to write it to")] = None,
    db: Database = None,
    real: AnyMode = None,
    device: Device = "auto",
) -> None:
    """Rank experiments of your own: what to do first, what is expected, and why."""
    from labloop.campaign import rank as ranked_by  # noqa: PLC0415 - heavy
    from labloop.campaign import read_candidates, restore, write_ranking  # noqa: PLC0415 - heavy

    with open_repositories(db, read_only=True) as repositories:
        record = find_campaign(repositories, name, real)
        definition = restore(repositories.campaigns.bundle(record.id))
        table = read_candidates(candidates, definition)
        ranked = ranked_by(repositories, record, definition, list(table.values()), device=device)
    rows = list(table)
    for one in ranked:
        place = "-" if one.place is None else str(one.place)
        means = ", ".join(f"{n} {p.mean:.4g}" for n, p in one.predicted.items())
        told = f"row {rows[one.row - 1]}: {format_point(one.point)}"
        console().print(f"{place:<9} {told}{f': {means} expected' if means else ''}: {one.reason}")
    if out is not None:
        with atomic_write(out) as part:
            write_ranking(part, ranked, rows, definition)
        console().print(f"wrote     {out}")


def _given(target: str) -> "Definition | None":
    """Return what a campaign file defines, before a database is opened or made; None of a name."""
    from labloop.campaign import load_campaign  # noqa: PLC0415 - heavy

    return load_campaign(target) if _is_file(target) else None


def _by_hand(
    repositories: Repositories,
    given: "Definition | None",
    target: str,
    *,
    sim: bool,
    new: bool,
) -> "tuple[CampaignRecord, Definition]":
    """Return a campaign for asking and telling: stored, begun from a file, or gone on with.

    A file that has changed since counts from now on, and the difference is shown.
    """
    from labloop.campaign import Campaign, current_user, update_definition  # noqa: PLC0415 - heavy

    mode = mode_of(not sim)
    if given is None:
        if new:
            raise CampaignError(f"--new begins another campaign from a file, got {target!r}")
        found = _stored(repositories, target, mode)
        _print_edited(repositories, found)
        return found.record, found.definition
    if new or repositories.campaigns.find(given.spec.name, mode) is None:
        made = Campaign.create(repositories, given, mode=mode, by_hand=True, new=new)
        return made.record, given
    found = Campaign.resume(repositories, given.spec.name, mode=mode, changed=given)
    changes = update_definition(repositories, found.record, found.definition, actor=current_user())
    print_changes(repositories, found, changes)
    return found.record, found.definition


def _stored(repositories: Repositories, name: str, mode: Mode) -> "Campaign":
    """Return a stored campaign; the message names the flag of one of the other mode."""
    from labloop.campaign import Campaign  # noqa: PLC0415 - heavy

    try:
        return Campaign.resume(repositories, name, mode=mode)
    except NotFoundError:
        other = Mode.REAL if mode is Mode.SIMULATED else Mode.SIMULATED
        if repositories.campaigns.find(name, other) is None:
            raise
        hint = "leave --sim out" if mode is Mode.SIMULATED else "add --sim"
        raise CampaignError(
            f"{name!r} is a {other.value} campaign, and {mode.value} results were offered; {hint}"
        ) from None


def _print_edited(repositories: Repositories, campaign: "Campaign") -> None:
    """Say where the files of a campaign lie changed beside what is stored."""
    from labloop.campaign import changed_files  # noqa: PLC0415 - heavy

    place, lines = changed_files(repositories.campaigns.bundle(campaign.record.id))
    for line in lines:
        console().print(f"changed   {line} since it was last used, and is not used now")
    if lines:
        console().print(f"          to use it, name the file: {shlex.quote(place)}")


def _print_budget(
    repositories: Repositories, record: CampaignRecord, definition: "Definition"
) -> None:
    """Say where a person's results have used up the budget of experiments."""
    limit = definition.spec.budget.experiments
    ended = {ExperimentState.DONE, ExperimentState.FAILED}
    used = len(repositories.experiments.all(record.id, ended))
    if limit is not None and used >= limit:
        more = "used up" if used == limit else f"exceeded, {used} have a result"
        console().print(f"budget    the budget of {limit} experiments is {more}")


def tell(
    target: Target,
    results: Annotated[Path, typer.Argument(help="CSV or .xlsx with results")],
    *,
    db: Database = None,
    sim: Sim = False,
    new: New = False,
    again: Annotated[
        bool, typer.Option("--again", help="store imported rows that were told before once more")
    ] = False,
) -> None:
    """Tell results of experiments that were asked for, or import older ones."""
    from labloop.campaign import current_user, read_results  # noqa: PLC0415 - heavy
    from labloop.campaign import tell as store  # noqa: PLC0415 - heavy

    given = _given(target)
    if given is not None:
        # Looked at first: results that cannot be told begin no campaign.
        read_results(results, given, mode_of(not sim).value)
    with open_repositories(db, create=given is not None) as repositories:
        record, definition = _by_hand(repositories, given, target, sim=sim, new=new)
        table = read_results(results, definition, record.mode.value)
        kept = store(repositories, record, table.rows, actor=current_user(), again=again)
        out = console()
        what = "1 result" if kept.stored == 1 else f"{kept.stored} results"
        out.print(f"stored    {what} in {record.name} ({repositories.url})")
        for line in (*table.remarks, *kept.remarks):
            out.print(f"note      {line}")
        wrong = (*table.wrong, *kept.wrong)
        for line in wrong:
            out.print(f"wrong     {line}")
        _print_budget(repositories, record, definition)
        if wrong:
            raise typer.Exit(1)


def reanalyse(
    name: Name,
    *,
    db: Database = None,
    real: AnyMode = None,
    changed: Annotated[
        Path | None, typer.Option("--changed", help="a campaign file with another analysis")
    ] = None,
) -> None:
    """Run the analysis again over the stored raw data; newer outputs supersede."""
    from labloop.campaign import current_user, load_campaign, restore  # noqa: PLC0415 - heavy
    from labloop.campaign import reanalyse as again  # noqa: PLC0415 - heavy

    with open_repositories(db) as repositories:
        record = find_campaign(repositories, name, real)
        definition = (
            load_campaign(changed) if changed else restore(repositories.campaigns.bundle(record.id))
        )
        done, problems = again(repositories, record, definition, actor=current_user())
        console().print(f"analysed  {done} experiments again; the old outputs are kept")
        for problem in problems:
            console().print(f"problem   {problem}")
        if problems:
            raise typer.Exit(1)
