"""The open database, and a campaign in it by name or id."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from labloop.cli.terminal.arguments import mode_of
from labloop.errors import CampaignError, NotFoundError
from labloop.records import CampaignRecord, Mode, Repositories


def open_repositories(
    url: str | None, *, read_only: bool = False, create: bool = False
) -> Repositories:
    """Open the database, made only where a campaign may begin.

    Raises:
        MissingExtraError: the store is not installed.
        DatabaseUnusableError: it is missing, locked, foreign, newer or damaged.
    """
    from labloop.store import open_database  # noqa: PLC0415 - keeps labloop --help quick

    return open_database(url, create=create, read_only=read_only)


def find_campaign(repositories: Repositories, name: str, real: bool | None) -> CampaignRecord:
    """Return a campaign by name or id; without a mode, the only one of that name."""
    modes = [Mode.SIMULATED, Mode.REAL] if real is None else [mode_of(real)]
    found = [r for mode in modes if (r := repositories.campaigns.find(name, mode)) is not None]
    if len(found) == 1:
        return found[0]
    if len(found) > 1:
        raise CampaignError(
            f"{name!r} is both a simulated and a real campaign; add --real or --sim"
        )
    by_id = [r for r in repositories.campaigns.all() if r.id == name]
    if by_id:
        return by_id[0]
    known = sorted({c.name for c in repositories.campaigns.all()})
    raise NotFoundError(
        f"no campaign is called {name!r} in {repositories.url}; "
        f"known are: {', '.join(known) or 'none yet'}"
    )


@contextmanager
def repositories_if_any(db: str | None) -> Iterator[Repositories | None]:
    """Open a database to read it; None where there is no such database yet."""
    named = db or os.environ.get("LABLOOP_DB") or "labloop.db"
    if "://" not in named and not Path(named).exists():
        yield None
        return
    with open_repositories(db, read_only=True) as repositories:
        yield repositories
