"""Running a campaign from a notebook or a script: ``labloop.run(campaign)``."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from labloop.cli.running import conduct, find_engine
from labloop.cli.terminal import open_repositories
from labloop.errors import CampaignError, CampaignFileError, NameTakenError
from labloop.records import Repositories
from labloop.report import CampaignResult, result

if TYPE_CHECKING:
    from labloop.campaign import Campaign, CampaignSpec, Definition


def run(
    campaign: "CampaignSpec | str | Path",
    *,
    db: str | Path | None = None,
    resume: bool = False,
    new: bool = False,
    experiments: int | None = None,
    engine: str = "plain",
) -> CampaignResult:
    """Run a campaign here, to its end or to an interruption, and return what it measured.

    The same as ``labloop run`` types, in simulation where it has a lab: real instruments need a
    person's yes at their terminal. It tells its progress as it goes.

    Args:
        campaign: a spec, or the campaign file that holds one.
        db: SQLite file or URL; else LABLOOP_DB, else ``labloop.db`` in this folder.
        resume: go on with the campaign of this name, by this definition.
        new: begin another one of this name.
        experiments: instead of the budget that the spec gives.
        engine: ``plain``, or ``prefect`` to see it in the Prefect UI.

    Raises:
        NameTakenError: the name exists, and neither ``resume`` nor ``new`` was said.
        CampaignError: the campaign failed; what it measured is kept.
        LabloopError: whatever else keeps it from running, in a sentence.
    """
    from labloop.campaign import LOADING_FILE, Campaign, with_overrides  # noqa: PLC0415 - heavy
    from labloop.lab import LOADING_SCRIPT  # noqa: PLC0415 - heavy

    loading = LOADING_FILE.get() or LOADING_SCRIPT.get()
    if loading:
        name = Path(loading).name
        raise CampaignFileError(
            f"{name} runs its campaign when it is loaded; put that line under "
            'if __name__ == "__main__":'
        )
    definition = with_overrides(_definition(campaign), experiments=experiments)
    chosen = find_engine(engine)
    with open_repositories(None if db is None else str(db), create=True) as repositories:
        if resume:
            made = Campaign.resume(repositories, definition.spec.name, changed=definition)
        else:
            made = _begun(repositories, definition, new=new)
        try:
            conduct(repositories, made, chosen)
        except typer.Exit as ended:
            # Stopped by a person, which is no error in a notebook: what was measured is shown.
            if ended.exit_code != 130:
                raise CampaignError(f"the campaign ended {made.record.reason}") from ended
        return result(repositories, made.record.id)


def _begun(repositories: Repositories, definition: "Definition", *, new: bool) -> "Campaign":
    """Return a new campaign; where its name is taken, say what goes on in Python."""
    from labloop.campaign import Campaign  # noqa: PLC0415 - heavy

    try:
        return Campaign.create(repositories, definition, new=new)
    except NameTakenError as error:
        raise NameTakenError(
            f"{error}; in Python: labloop.run(campaign, resume=True), or new=True"
        ) from None


def _definition(campaign: "CampaignSpec | str | Path") -> "Definition":
    from labloop.campaign import CampaignSpec, define_campaign, load_campaign  # noqa: PLC0415 - heavy

    if isinstance(campaign, CampaignSpec):
        return define_campaign(campaign)
    if isinstance(campaign, (str, Path)):
        return load_campaign(campaign)
    raise CampaignFileError(
        f"labloop.run takes a CampaignSpec, or the file that holds one, got {campaign!r}"
    )
