"""Campaigns, their bundles and the history of their states."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, bindparam, cast, func, select, update

from labloop.errors import NameTakenError, NotFoundError
from labloop.records import (
    Bundle,
    CampaignRecord,
    CampaignState,
    Mode,
    content_hash,
)
from labloop.store.engine import Session, Statement, insert_for_sequence, insert_into
from labloop.store.repositories.connections import Connections, mode_of
from labloop.store.schema import (
    BundleFileRow,
    BundleRow,
    CampaignMoveRow,
    CampaignRow,
    encode,
    table_of,
)

_CAMPAIGN = table_of(CampaignRow)
_MOVE = table_of(CampaignMoveRow)
_BUNDLE = table_of(BundleRow)
_FILE = table_of(BundleFileRow)
_INSERT = insert_into(_CAMPAIGN)
_INSERT_MOVE = insert_for_sequence(_MOVE)
_INSERT_BUNDLE = insert_for_sequence(_BUNDLE)
_INSERT_FILE = insert_into(_FILE)
_NEXT = Statement(select(func.coalesce(func.max(_CAMPAIGN.c.position), 0) + 1))
_TAKEN = Statement(
    select(_CAMPAIGN.c.id).where(
        _CAMPAIGN.c.name == bindparam("name"),
        _CAMPAIGN.c.mode == bindparam("mode"),
        _CAMPAIGN.c.generation == bindparam("generation"),
    )
)
_STATE = Statement(
    select(_CAMPAIGN.c.state, _CAMPAIGN.c.version, _CAMPAIGN.c.mode).where(
        _CAMPAIGN.c.id == bindparam("id")
    )
)
_SET_STATE = Statement(
    update(_CAMPAIGN)
    .where(_CAMPAIGN.c.id == bindparam("id"), _CAMPAIGN.c.version == bindparam("seen"))
    .values(state=bindparam("to_state"), reason=bindparam("why"), version=bindparam("new_version"))
)
_NAMES = (*(column.name for column in _CAMPAIGN.c), "sha256", "spec")


def _campaigns(spec: ColumnElement[Any] = _BUNDLE.c.spec) -> Select[Any]:
    each = _BUNDLE.alias()
    newest = (
        select(func.max(each.c.sequence))
        .where(each.c.campaign_id == _CAMPAIGN.c.id)
        .correlate(_CAMPAIGN)
        .scalar_subquery()
    )
    joined = _CAMPAIGN.join(_BUNDLE, _BUNDLE.c.sequence == newest)
    return select(*_CAMPAIGN.c, _BUNDLE.c.sha256, spec).select_from(joined)


# The bare cursor of psycopg parses JSON, that of sqlite3 does not: both are read as text.
_AFTER = Statement(_campaigns(cast(_BUNDLE.c.spec, Text)).where(_CAMPAIGN.c.id == bindparam("id")))


class SqlCampaigns:
    """Campaigns in a database; see the port ``Campaigns``."""

    def __init__(self, db: Connections) -> None:
        self._db = db

    def create(self, record: CampaignRecord, bundle: Bundle) -> Future[None]:
        """Store a new campaign; raises NameTakenError for a taken (name, mode, generation)."""
        return self._db.prepared(lambda: _create_operation(record, bundle))

    def find(self, name: str, mode: Mode) -> CampaignRecord | None:
        """Return the newest generation of a campaign, or None."""
        row = self._db.one(
            _campaigns()
            .where(_CAMPAIGN.c.name == name, _CAMPAIGN.c.mode == mode.value)
            .order_by(_CAMPAIGN.c.generation.desc())
            .limit(1)
        )
        return None if row is None else _campaign(row)

    def get(self, campaign_id: str) -> CampaignRecord:
        """Return one campaign; raises NotFoundError."""
        row = self._db.one(_campaigns().where(_CAMPAIGN.c.id == campaign_id))
        if row is None:
            raise _unknown(campaign_id)
        return _campaign(row)

    def all(self) -> Sequence[CampaignRecord]:
        """Return every campaign in order of creation."""
        order = (_CAMPAIGN.c.position, _CAMPAIGN.c.id)
        return [_campaign(row) for row in self._db.rows(_campaigns().order_by(*order))]

    def bundle(self, campaign_id: str) -> Bundle:
        """Return the newest bundle of a campaign; raises NotFoundError."""
        made = stored_bundles(self._db, campaign_id, newest=True)
        if not made:
            raise _unknown(campaign_id)
        return made[0][1]

    def add_bundle(self, campaign_id: str, bundle: Bundle, actor: str) -> Future[None]:
        """Append a bundle: the campaign goes on with changed files because a person said so."""

        def prepare() -> Callable[[Session], None]:
            insert = _bundle_operation(campaign_id, bundle, actor)
            return lambda session: insert(session, mode_of(session, campaign_id))

        return self._db.prepared(prepare)

    def set_state(
        self, campaign_id: str, state: CampaignState, reason: str, actor: str
    ) -> Future[CampaignRecord]:
        """Move a campaign to ``state``; its version grows by one."""
        return self._db.prepared(lambda: _state_operation(campaign_id, state, reason, actor))


def bundle_hash(bundle: Bundle) -> str:
    """Return the hash over everything that a bundle holds, versions included."""
    return content_hash(
        [
            encode.plain(bundle.spec),
            bundle.entry,
            [[path, sha256(content).hexdigest()] for path, content in sorted(bundle.files.items())],
            dict(bundle.versions),
            bundle.git_commit,
            bundle.git_dirty,
            bundle.sha256,
        ]
    )


def stored_bundles(
    db: Connections, campaign_id: str, *, newest: bool = False
) -> list[tuple[str, Bundle]]:
    """Return (hash taken before storing, bundle), newest first."""
    wanted = select(_BUNDLE).where(_BUNDLE.c.campaign_id == campaign_id)
    wanted = wanted.order_by(_BUNDLE.c.sequence.desc())
    made = []
    for row in db.rows(wanted.limit(1) if newest else wanted):
        files = db.rows(
            select(_FILE.c.path, _FILE.c.content)
            .where(_FILE.c.bundle_sequence == row["sequence"])
            .order_by(_FILE.c.position)
        )
        bundle = Bundle(
            spec=row["spec"],
            files={file["path"]: bytes(file["content"]) for file in files},
            entry=row["entry"],
            versions=row["versions"],
            git_commit=row["git_commit"],
            git_dirty=row["git_dirty"],
            sha256=row["sha256"],
        )
        made.append((str(row["stored_sha256"]), bundle))
    return made


def _create_operation(record: CampaignRecord, bundle: Bundle) -> Callable[[Session], None]:
    row = {
        "id": encode.text(record.id, "the id of a campaign"),
        "name": encode.text(record.name, "the name of a campaign"),
        "mode": record.mode.value,
        "generation": record.generation,
        "seed": record.seed,
        "state": record.state.value,
        "reason": encode.text(record.reason, "the reason of a campaign"),
        "version": record.version,
        "actor": encode.text(record.actor, "the actor of a campaign"),
        "created": encode.to_time(record.created),
    }
    insert_bundle = _bundle_operation(record.id, bundle, record.actor)

    def operation(session: Session) -> None:
        if session.one(_TAKEN, row) is not None:
            raise NameTakenError(
                f"a {record.mode.value} campaign named {record.name!r} exists (generation "
                f"{record.generation}); resume it, or start anew with --new"
            )
        found = session.one(_NEXT)
        placed = {**row, "position": found[0] if found else 1}
        session.run(_INSERT, placed)
        session.link("campaign", record.id, placed, of=record.id)
        insert_bundle(session, record.mode.value)

    return operation


def _bundle_operation(
    campaign_id: str, bundle: Bundle, actor: str
) -> Callable[[Session, str], None]:
    row = {
        "campaign_id": campaign_id,
        "spec": encode.dump(bundle.spec, "the spec of a campaign"),
        "entry": encode.text(bundle.entry, "the entry of a bundle"),
        "versions": encode.dump(bundle.versions, "the versions of a bundle"),
        "git_commit": encode.text(bundle.git_commit, "the commit of a bundle"),
        "git_dirty": bundle.git_dirty,
        "sha256": encode.text(bundle.sha256, "the hash of a bundle"),
        "stored_sha256": bundle_hash(bundle),
        "actor": encode.text(actor, "the actor of a bundle"),
        "recorded": encode.now(),
    }
    files = [
        {"path": encode.text(path, "a path"), "content": content, "position": position}
        for position, (path, content) in enumerate(bundle.files.items())
    ]

    def insert(session: Session, mode: str) -> None:
        whole = {**row, "mode": mode}
        sequence = session.rows(_INSERT_BUNDLE, whole)[0][0]
        session.link("bundle", sequence, whole)
        session.many(_INSERT_FILE, [{**file, "bundle_sequence": sequence} for file in files])

    return insert


def _state_operation(
    campaign_id: str, state: CampaignState, reason: str, actor: str
) -> Callable[[Session], CampaignRecord]:
    why = encode.text(reason, "a reason")
    move = {
        "campaign_id": campaign_id,
        "to_state": state.value,
        "reason": why,
        "actor": encode.text(actor, "an actor"),
        "recorded": encode.now(),
    }

    def operation(session: Session) -> CampaignRecord:
        before = session.one(_STATE, {"id": campaign_id})
        if before is None:
            raise _unknown(campaign_id)
        from_state, version, mode = before
        values = {
            "id": campaign_id,
            "seen": version,
            "to_state": state.value,
            "why": why,
            "new_version": version + 1,
        }
        session.run(_SET_STATE, values)
        moved = {**move, "from_state": from_state, "version": version + 1, "mode": mode}
        session.link("campaign_move", session.rows(_INSERT_MOVE, moved)[0][0], moved)
        after = dict(zip(_NAMES, session.rows(_AFTER, {"id": campaign_id})[0], strict=True))
        return _campaign({**after, "spec": encode.load(after["spec"])})

    return operation


def _campaign(row: Mapping[str, Any]) -> CampaignRecord:
    return CampaignRecord(
        id=row["id"],
        name=row["name"],
        mode=Mode(row["mode"]),
        generation=row["generation"],
        seed=row["seed"],
        state=CampaignState(row["state"]),
        reason=row["reason"],
        version=row["version"],
        actor=row["actor"],
        created=encode.from_time(row["created"]),
        bundle_sha256=row["sha256"],
        spec=row["spec"],
    )


def _unknown(campaign_id: str) -> NotFoundError:
    return NotFoundError(
        f"no campaign has the id {campaign_id!r}; list them with: labloop campaigns"
    )
