"""Verbs for what a person says of an experiment afterwards: correct, withdraw."""

from typing import Annotated

import typer

from labloop.cli.terminal import (
    AnyMode,
    Database,
    Name,
    console,
    find_campaign,
    open_repositories,
    parse_pairs,
)
from labloop.errors import CampaignError

Why = Annotated[str, typer.Option("--why", "--reason", help="why, for the record")]


def correct(
    name: Name,
    experiment: Annotated[str, typer.Argument(help="its number or id")],
    words: Annotated[
        list[str] | None,
        typer.Argument(help="what it gave or describe_actual: depth=10 temperature=81; or: failed"),
    ] = None,
    *,
    db: Database = None,
    real: AnyMode = None,
    why: Why = "",
) -> None:
    """Correct a result, or the conditions that were reached; what was told before is kept."""
    from labloop.campaign import correct as say  # noqa: PLC0415 - heavy
    from labloop.campaign import correction_history, current_user, describe_actual, find_experiment  # noqa: PLC0415 - heavy

    given = list(words or ())
    failed = given == ["failed"]
    with open_repositories(db, read_only=not given) as repositories:
        record = find_campaign(repositories, name, real)
        if given:
            values = {} if failed else parse_pairs(given)
            for line in say(
                repositories,
                record,
                experiment,
                values,
                actor=current_user(),
                reason=why,
                failed=failed,
            ):
                console().print(f"corrected {line}")
            return
        row = find_experiment(repositories, record, experiment)
        past = correction_history(repositories, record.id).get(row.id, []) + describe_actual(
            repositories, row
        )
        for line in past or ("nothing was corrected",):
            console().print(f"history   experiment {row.number}: {line}")


def withdraw(
    name: Name,
    experiments: Annotated[list[str], typer.Argument(help="numbers or ids")],
    *,
    db: Database = None,
    real: AnyMode = None,
    why: Why = "",
) -> None:
    """Withdraw experiments: no result is awaited any more, or the one told counts no more."""
    from labloop.campaign import current_user  # noqa: PLC0415 - heavy
    from labloop.campaign import withdraw as say  # noqa: PLC0415 - heavy

    named = [each for text in experiments for each in text.split(",") if each]
    if not named:
        raise CampaignError("name the experiments to withdraw by their numbers, such as: 4 5")
    with open_repositories(db) as repositories:
        record = find_campaign(repositories, name, real)
        for line in say(repositories, record, named, actor=current_user(), reason=why):
            console().print(f"withdrawn {line}")
