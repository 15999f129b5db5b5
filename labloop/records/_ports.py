"""Ports: the protocols through which campaign and lab read and write records.

Every write returns a ``Future`` that resolves after the commit: a thread calls
``.result()``, a coroutine awaits it through ``Clock.external``. Reads are plain calls.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Protocol, Self

from labloop.records._calibration import Calibration
from labloop.records._canonical import Json
from labloop.records._handover import Handover
from labloop.records._planning import Alarm
from labloop.records._schedule import ForecastRecord, Occupation
from labloop.records._states import CampaignState, ExperimentState, Mode
from labloop.records._stored_records import (
    AlarmRecord,
    AnalysisRecord,
    Bundle,
    CampaignRecord,
    Command,
    DeviceIdentity,
    ExperimentChange,
    ExperimentMove,
    ExperimentRecord,
    Intent,
    JournalEntry,
    LeaseGrant,
    Outcome,
    RoundRecord,
)
from labloop.records._values import ActualValue, Measurement, OutputValue
from labloop.records.things import Samples, Stock


class Journal(Protocol):
    """Append-only record of intents and outcomes."""

    def intent(self, intent: Intent) -> Future[None]:
        """Commit that an action or step is about to begin; no byte is sent before it resolves."""
        ...

    def outcome(self, outcome: Outcome) -> Future[None]:
        """Commit how an intent ended; raises StaleStateError where it had ended before."""
        ...

    def identity(self, campaign_id: str, identity: DeviceIdentity) -> Future[None]:
        """Commit which instrument answered at a connect."""
        ...

    def finished_steps(self, experiment_id: str) -> Mapping[str, Json]:
        """Return name -> result of every step of an experiment that is DONE."""
        ...

    def entries(self, campaign_id: str, experiment_id: str | None = None) -> Sequence[JournalEntry]:
        """Return a campaign's (or one experiment's) entries by sequence."""
        ...

    def iter_entries(self, campaign_id: str) -> Iterator[JournalEntry]:
        """Yield a campaign's entries by sequence, a page in memory at a time."""
        ...

    def find(self, intent_id: str) -> JournalEntry | None:
        """Return one entry with its latest outcome; None where no such intent is known."""
        ...

    def open_intents(self, campaign_id: str) -> Sequence[JournalEntry]:
        """Return entries that have no outcome, or whose latest outcome is UNCERTAIN."""
        ...

    def identities(self, campaign_id: str) -> Sequence[DeviceIdentity]:
        """Return which instrument answered at each connect, in order."""
        ...


class Campaigns(Protocol):
    """Campaigns and their bundles."""

    def create(self, record: CampaignRecord, bundle: Bundle) -> Future[None]:
        """Store a new campaign; raises NameTakenError for a taken (name, mode, generation)."""
        ...

    def find(self, name: str, mode: Mode) -> CampaignRecord | None:
        """Return the newest generation of a campaign, or None."""
        ...

    def get(self, campaign_id: str) -> CampaignRecord:
        """Return one campaign; raises NotFoundError."""
        ...

    def all(self) -> Sequence[CampaignRecord]:
        """Return every campaign in order of creation."""
        ...

    def bundle(self, campaign_id: str) -> Bundle:
        """Return the newest bundle of a campaign."""
        ...

    def add_bundle(self, campaign_id: str, bundle: Bundle, actor: str) -> Future[None]:
        """Append a bundle: the campaign goes on with changed files because a person said so."""
        ...

    def set_state(
        self, campaign_id: str, state: CampaignState, reason: str, actor: str
    ) -> Future[CampaignRecord]:
        """Move a campaign to ``state``; its version grows by one."""
        ...


class Rounds(Protocol):
    """Rounds with their proposals and model states."""

    def commit(self, record: RoundRecord, experiments: Sequence[ExperimentRecord]) -> Future[None]:
        """Store a round and its planned experiments in one transaction."""
        ...

    def all(self, campaign_id: str) -> Sequence[RoundRecord]:
        """Return the rounds by index, model states included."""
        ...


class Experiments(Protocol):
    """Experiments with raw data and outputs."""

    def add(self, record: ExperimentRecord) -> Future[None]:
        """Store an experiment that no round asked for (manual, imported)."""
        ...

    def get(self, experiment_id: str) -> ExperimentRecord:
        """Return one experiment; raises NotFoundError."""
        ...

    def all(
        self, campaign_id: str, states: Collection[ExperimentState] | None = None
    ) -> Sequence[ExperimentRecord]:
        """Return experiments by number, only those in ``states`` where given."""
        ...

    def move(
        self,
        experiment_id: str,
        to: ExperimentState,
        *,
        actor: str,
        reason: str = "",
        lab_time: float | None = None,
    ) -> Future[None]:
        """Move by conditional update along EXPERIMENT_MOVES; raises StaleStateError.

        ``lab_time`` is kept as the start (to RUNNING) or the end (to any end state). Each
        move is also appended to a history that is never changed.
        """
        ...

    def note(self, experiment_id: str, reason: str) -> Future[None]:
        """Store what a running experiment waits for; no other one is changed.

        It stands until the next note or move, and in no history.
        """
        ...

    def change(self, changes: Sequence[ExperimentChange]) -> Future[None]:
        """Make several changes in their order and in one transaction: all of them, or none."""
        ...

    def moves(self, experiment_id: str) -> Sequence[ExperimentMove]:
        """Return how an experiment went from state to state, in order."""
        ...

    def waited(self, campaign_id: str) -> Sequence[tuple[float, float]]:
        """Return begin and end, in lab seconds, of times in the lab before a wait for a result."""
        ...

    def save_raw(self, experiment_id: str, measurement: Measurement) -> Future[None]:
        """Append what the procedure returned."""
        ...

    def raw(self, experiment_id: str) -> Measurement | None:
        """Return the newest raw data of an experiment, or None."""
        ...

    def actual(self, campaign_id: str) -> Mapping[str, Mapping[str, ActualValue]]:
        """Return experiment id -> condition -> what was reached, of its newest raw data."""
        ...

    def save_outputs(
        self,
        experiment_id: str,
        outputs: Mapping[str, OutputValue],
        *,
        analysis: str,
        actor: str,
    ) -> Future[None]:
        """Append outputs; newer ones supersede older ones. ``analysis`` names the code's hash."""
        ...

    def complete(
        self,
        experiment_id: str,
        outputs: Mapping[str, OutputValue],
        *,
        analysis: str,
        actor: str,
        lab_time: float | None = None,
    ) -> Future[None]:
        """Append outputs and move to DONE in one transaction."""
        ...

    def outputs(
        self, campaign_id: str, experiment_id: str | None = None
    ) -> Mapping[str, Mapping[str, OutputValue]]:
        """Return experiment id -> output name -> newest value, of all or of one experiment."""
        ...

    def analyses(self, campaign_id: str) -> Sequence[AnalysisRecord]:
        """Return all numbers ever stored as outputs, superseded ones too, in order."""
        ...


class Commands(Protocol):
    """The inbox."""

    def add(self, command: Command) -> Future[int]:
        """Append a command; resolves to its sequence number."""
        ...

    def pending(self, campaign_id: str) -> Sequence[Command]:
        """Return the commands not yet answered, by sequence."""
        ...

    def answer(
        self,
        sequence: int,
        accepted: bool,
        answer: str,
        changes: Sequence[ExperimentChange] = (),
    ) -> Future[bool]:
        """Answer once and make the changes that follow from it, in one transaction.

        Resolves to False where it was answered before; then nothing is changed. Where a
        change is refused, its error is raised and the command is not answered.
        """
        ...

    def all(self, campaign_id: str) -> Sequence[Command]:
        """Return every command with its answer, by sequence."""
        ...


class Leases(Protocol):
    """Exclusive rights with fencing tokens."""

    def acquire(self, resource: str, owner: str, *, take_over: bool = False) -> LeaseGrant:
        """Take a lease, also from an owner whose process is dead; raises LeaseError.

        ``take_over``: also from one on another machine that is silent.
        """
        ...

    def release(self, grant: LeaseGrant) -> None:
        """Give a lease back; a lease lost to somebody else is left alone."""
        ...

    def holds(self, grant: LeaseGrant) -> bool:
        """Return whether the grant's token is still the newest."""
        ...

    def abandoned(self, resource: str) -> bool:
        """Return whether nobody holds it, or only a process that has certainly ended."""
        ...


class Alarms(Protocol):
    """Alarms in order."""

    def add(
        self,
        campaign_id: str,
        alarm: Alarm,
        *,
        round_index: int | None = None,
        experiment_id: str | None = None,
    ) -> Future[None]:
        """Append an alarm."""
        ...

    def acknowledge(self, sequence: int, actor: str, note: str = "") -> Future[bool]:
        """Record that a person has seen an alarm; False where somebody had before."""
        ...

    def all(self, campaign_id: str) -> Sequence[AlarmRecord]:
        """Return the alarms by sequence."""
        ...

    def open(self) -> Sequence[AlarmRecord]:
        """Return what is critical and not acknowledged, of every campaign, by sequence."""
        ...


class Calibrations(Protocol):
    """Calibrations of instruments, which belong to no campaign."""

    def add(self, calibration: Calibration) -> Future[None]:
        """Append a calibration."""
        ...

    def all(self, mode: Mode) -> Sequence[Calibration]:
        """Return the calibrations of a mode, by the time at which they were performed."""
        ...


class Schedules(Protocol):
    """What experiments had of stations and devices, and what forecasts expected."""

    def add_forecast(self, forecast: ForecastRecord) -> Future[None]:
        """Append a forecast."""
        ...

    def forecasts(self, campaign_id: str) -> Sequence[ForecastRecord]:
        """Return the forecasts of a campaign, oldest first."""
        ...

    def add_held(self, experiment_id: str, held: Sequence[Occupation]) -> Future[None]:
        """Append what an experiment had, in lab seconds of the campaign."""
        ...

    def held(self, campaign_id: str) -> Sequence[Occupation]:
        """Return what experiments had, in order of their ends."""
        ...


class Repositories(Protocol):
    """One repository a noun, over one database."""

    @property
    def url(self) -> str:
        """Where the records lie, without password."""
        ...

    @property
    def typed(self) -> str | None:
        """The argument of ``--db``; None where it would show a password."""
        ...

    @property
    def handover(self) -> Handover:
        """Where a process leaves notes that may not open the database."""
        ...

    @property
    def campaigns(self) -> Campaigns: ...
    @property
    def rounds(self) -> Rounds: ...
    @property
    def experiments(self) -> Experiments: ...
    @property
    def journal(self) -> Journal: ...
    @property
    def commands(self) -> Commands: ...
    @property
    def leases(self) -> Leases: ...
    @property
    def alarms(self) -> Alarms: ...
    @property
    def calibrations(self) -> Calibrations: ...
    @property
    def stock(self) -> Stock: ...
    @property
    def samples(self) -> Samples: ...
    @property
    def schedules(self) -> Schedules: ...

    def close(self) -> None:
        """Finish what is queued and close every connection."""
        ...

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None: ...


def calibrations_of(repositories: Repositories, campaign: CampaignRecord) -> list[Calibration]:
    """Return the calibrations of the instruments that answered in a campaign, oldest first."""
    answered = {each.device for each in repositories.journal.identities(campaign.id)}
    return [c for c in repositories.calibrations.all(campaign.mode) if c.device in answered]


def newest_calibrations(repositories: Repositories, campaign: CampaignRecord) -> list[Calibration]:
    """Return the newest calibration of each value of each instrument of a campaign."""
    newest = {(c.name, c.serial_number): c for c in calibrations_of(repositories, campaign)}
    return list(newest.values())
