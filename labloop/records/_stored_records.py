"""What a database keeps: campaigns, rounds, experiments, journal, commands, leases, alarms."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

from labloop.records._canonical import Json
from labloop.records._planning import Alarm, ModelState, Proposal
from labloop.records._states import (
    WATCHDOG,
    ActionState,
    CampaignState,
    CommandKind,
    ExperimentState,
    Mode,
    Origin,
    Severity,
)
from labloop.records._values import Measurement, OutputValue, Point, ScalarValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """The exact content of a campaign: spec, code files, lab file, versions."""

    spec: Mapping[str, Json]
    """The spec as plain JSON: parameters, outputs, objectives, budget, strategy, ..."""
    files: Mapping[str, bytes]
    """Relative path -> content: modules and data files of the campaign, and the lab file."""
    entry: str
    """Relative path of the campaign file in ``files``; empty for a campaign without one."""
    versions: Mapping[str, str]
    git_commit: str = ""
    git_dirty: bool = False
    sha256: str = ""
    """Hash over spec and files (not over versions)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignRecord:
    """One campaign: one goal over one search space, with a budget."""

    id: str
    name: str
    mode: Mode
    generation: int
    seed: int
    state: CampaignState
    reason: str = ""
    """Why it is in this state, in a sentence."""
    version: int = 0
    """The number of changes of state; a command names the version that a person saw."""
    actor: str = ""
    created: datetime | None = None
    bundle_sha256: str = ""
    spec: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundRecord:
    """The proposals asked for together, and the model state that they came from."""

    campaign_id: str
    index: int
    attempt: int = 0
    seed: int = 0
    data_hash: str = ""
    proposals: tuple[Proposal, ...] = ()
    state: ModelState | None = None
    fit_report: Mapping[str, Json] = field(default_factory=dict)
    seconds: float = 0.0
    """Wall seconds that the brain took."""
    created: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentRecord:
    """One point carried out once."""

    id: str
    campaign_id: str
    number: int
    mode: Mode
    state: ExperimentState
    origin: Origin
    point: Point
    round_index: int | None = None
    proposal_index: int | None = None
    reason: str = ""
    """Why it failed, was abandoned or is uncertain; empty otherwise."""
    actor: str = ""
    lab_started: float | None = None
    """None as long as it never was in a lab."""
    lab_finished: float | None = None
    """Lab time of the campaign in seconds; it continues over several openings of the lab. Of an
    experiment that left the lab to wait for a late result, its newest time in the lab."""
    created: datetime | None = None
    finished: datetime | None = None

    @property
    def waits_for_result(self) -> bool:
        """Whether it left the lab until a late result comes, or is to enter it again."""
        return self.state is ExperimentState.AWAITING and self.lab_started is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentMove:
    """A change: an experiment goes to another state, along EXPERIMENT_MOVES."""

    experiment_id: str
    to: ExperimentState
    actor: str
    reason: str = ""
    corrects: bool = False
    """Whether a person corrects a final state: EXPERIMENT_CORRECTIONS are legal as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentYield:
    """A change: a running experiment is done and has these outputs."""

    experiment_id: str
    outputs: Mapping[str, OutputValue]
    analysis: str
    """Which code made the outputs."""
    actor: str
    corrects: bool = False
    """Whether a person corrects one that has ended: the newer outputs supersede."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentMeasured:
    """A change: newer raw data of an experiment, which supersedes the older."""

    experiment_id: str
    measurement: Measurement
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentStep:
    """A change: what a person says of a step, or the late result of one."""

    outcome: "Outcome"
    intent: "Intent | None" = None
    """Committed before the outcome; None where the step is open."""


ExperimentChange: TypeAlias = (
    ExperimentRecord | ExperimentMove | ExperimentMeasured | ExperimentYield | ExperimentStep
)
"""What can be changed in one transaction: a new experiment, a move, raw data, outputs, a step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisRecord:
    """The numbers of one analysis; those of newer ones supersede them name by name."""

    experiment_id: str
    outputs: Mapping[str, ScalarValue]
    analysis: str
    """Hash of the code that made the outputs, or that a person told or corrected them."""
    actor: str
    recorded: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """An action or step that is about to happen; committed before any byte."""

    id: str
    """Experiment id plus counter: ``...-a001``; the same in every run of the same seed."""
    campaign_id: str
    experiment_id: str | None
    """None for safe states and commands by hand."""
    device: str
    name: str
    """Name of the action or the step."""
    kind: Literal["action", "step"] = "action"
    arguments: Mapping[str, Json] = field(default_factory=dict)
    idempotent: bool = False
    lab_time: float = 0.0
    actor: str = ""
    lease_token: int = 0
    step: str = ""
    """The step of the procedure in which it happens; empty outside of all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an intent ended; a row of its own, the intent is never changed."""

    intent_id: str
    state: ActionState
    result: Json = None
    detail: str = ""
    sent: tuple[bytes, ...] = ()
    """Frames that went to the device, in order."""
    received: tuple[bytes, ...] = ()
    lab_time: float = 0.0
    actor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """An intent with its latest outcome, as read back in order of sequence."""

    sequence: int
    intent: Intent
    outcome: Outcome | None
    recorded: datetime | None = None

    @property
    def state(self) -> ActionState:
        """Where the action stands; INTENT while no outcome is known."""
        return self.outcome.state if self.outcome else ActionState.INTENT


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceIdentity:
    """Which instrument answered at a connect; stored each time."""

    device: str
    model: str
    serial_number: str = ""
    firmware: str = ""
    driver: str = ""
    driver_version: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What a person (or the UI) asks of a running campaign."""

    campaign_id: str
    kind: CommandKind
    actor: str
    arguments: Mapping[str, Json] = field(default_factory=dict)
    expected_version: int | None = None
    sequence: int = 0
    accepted: bool | None = None
    answer: str = ""
    created: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseGrant:
    """The exclusive right to command a device or run a campaign, with a fencing token."""

    resource: str
    """``device:<lab>/<name>`` or ``campaign:<id>``."""
    owner: str
    token: int
    """Grows with every grant; a stale holder is refused by its old token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRecord:
    """An alarm with where and when it was raised, and who has acknowledged it."""

    campaign_id: str
    alarm: Alarm
    round_index: int | None = None
    experiment_id: str | None = None
    sequence: int = 0
    created: datetime | None = None
    acknowledged_by: str = ""
    """The person; empty while nobody has."""
    acknowledged: datetime | None = None
    note: str = ""
    """What that person found."""

    @property
    def is_open(self) -> bool:
        """Whether a person has to look: critical, and acknowledged by nobody."""
        return self.alarm.severity is Severity.CRITICAL and not self.acknowledged_by

    @property
    def headline(self) -> str:
        """What a person reads first while it is open."""
        return f"{'' if self.alarm.kind == WATCHDOG else 'NOT SAFE: '}{self.alarm.message}"
