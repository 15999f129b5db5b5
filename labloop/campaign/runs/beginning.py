"""What a campaign begins with: a new row where its name is free, or the stored definition."""

from labloop.campaign.checks import (
    change_definition,
    check_change,
    check_lab,
    name_taken_message,
    require_calibrations,
)
from labloop.campaign.definition import (
    Definition,
    restore,
    trust_bundle,
    with_changes,
    with_overrides,
)
from labloop.campaign.loop import answer_pending_commands
from labloop.campaign.progress import BY_HAND
from labloop.errors import NameTakenError
from labloop.records import (
    CampaignRecord,
    CampaignState,
    Command,
    Mode,
    Repositories,
    make_campaign_id,
)
from labloop.space import SearchSpace


def store_campaign(
    repositories: Repositories,
    definition: Definition,
    *,
    mode: Mode,
    new: bool,
    actor: str,
    by_hand: bool,
    device: str,
) -> CampaignRecord:
    """Store a new campaign with its bundle and return its record.

    A plain function's results are real in any ``mode``; the other arguments are those of
    :meth:`Campaign.create`.

    Raises:
        NameTakenError: the name exists and ``new`` was not said.
        LabloopError: strategy, physics or lab do not fit; nothing was stored.
    """
    spec = definition.spec
    if spec.is_function and not by_hand:
        mode = Mode.REAL
    existing = repositories.campaigns.find(spec.name, mode)
    if existing is not None and not new:
        raise NameTakenError(name_taken_message(repositories, existing, definition))
    generation = existing.generation + 1 if existing else 0
    record = CampaignRecord(
        id=make_campaign_id(spec.name, mode.value, spec.seed, generation),
        name=spec.name,
        mode=mode,
        generation=generation,
        seed=spec.seed,
        state=CampaignState.PAUSED,
        reason=BY_HAND if by_hand else "created, not yet begun",
        actor=actor,
        bundle_sha256=definition.bundle.sha256,
        spec=definition.bundle.spec,
    )
    spec.resolve(device)
    if not by_hand:
        check_lab(definition, mode)
        require_calibrations(repositories, definition, mode)
    repositories.campaigns.create(record, definition.bundle).result()
    trust_bundle(definition.bundle)
    return repositories.campaigns.get(record.id)


def stored_definition(repositories: Repositories, record: CampaignRecord) -> Definition:
    """Return the definition that a stored campaign goes on with.

    Raises:
        UntrustedCodeError: the stored code is from elsewhere, and nobody here trusts it.
    """
    definition = restore(repositories.campaigns.bundle(record.id))
    return with_overrides(definition, seed=record.seed, stored=record.spec)


def definition_to_resume(
    repositories: Repositories, record: CampaignRecord, changed: Definition | None
) -> Definition:
    """Return the definition that a campaign goes on with: the stored one, or a changed one.

    Raises:
        CampaignError: the changed one is another campaign.
        UntrustedCodeError: the stored code is from elsewhere, and nobody here trusts it.
    """
    if changed is None:
        return stored_definition(repositories, record)
    definition = with_changes(with_overrides(changed, seed=record.seed), record.spec)
    check_change(record, definition)
    check_lab(definition, record.mode)
    return definition


def answer_with_code(repositories: Repositories, record: CampaignRecord, actor: str) -> None:
    """Answer what persons have asked of a campaign that no process is at, its code loaded.

    Raises:
        LeaseError: a process is at it, and will answer by itself.
        UntrustedCodeError: the stored code is from elsewhere, and nobody here trusts it.
    """
    definition = stored_definition(repositories, record)

    def change(asked: Command) -> tuple[SearchSpace, list[str]]:
        nonlocal definition
        definition, told = change_definition(repositories, record, definition, asked)
        return definition.spec.space, told

    answer_pending_commands(repositories, record, actor, definition.spec, change)
