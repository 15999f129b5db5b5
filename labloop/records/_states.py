"""States and kinds: one table for everything that changes over time."""

from enum import StrEnum


class Mode(StrEnum):
    """Simulated or real; every row carries it and nothing mixes the two."""

    SIMULATED = "simulated"
    REAL = "real"


class CampaignState(StrEnum):
    """Where a campaign stands."""

    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"


class ExperimentState(StrEnum):
    """Where an experiment stands."""

    PLANNED = "planned"
    AWAITING = "awaiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    ABANDONED = "abandoned"
    UNCERTAIN = "uncertain"


EXPERIMENT_MOVES: dict[ExperimentState, frozenset[ExperimentState]] = {
    ExperimentState.PLANNED: frozenset(
        {ExperimentState.AWAITING, ExperimentState.RUNNING, ExperimentState.ABANDONED}
    ),
    ExperimentState.AWAITING: frozenset(
        {ExperimentState.PLANNED, ExperimentState.RUNNING, ExperimentState.ABANDONED}
    ),
    ExperimentState.RUNNING: frozenset(
        {
            ExperimentState.AWAITING,
            ExperimentState.DONE,
            ExperimentState.FAILED,
            ExperimentState.ABANDONED,
            ExperimentState.UNCERTAIN,
        }
    ),
    ExperimentState.UNCERTAIN: frozenset(
        {
            ExperimentState.AWAITING,
            ExperimentState.DONE,
            ExperimentState.FAILED,
            ExperimentState.ABANDONED,
        }
    ),
    ExperimentState.DONE: frozenset(),
    ExperimentState.FAILED: frozenset(),
    ExperimentState.ABANDONED: frozenset(),
}
"""The legal moves of an experiment: state -> states it may go to."""

EXPERIMENT_CORRECTIONS: dict[ExperimentState, frozenset[ExperimentState]] = {
    ExperimentState.DONE: frozenset({ExperimentState.FAILED, ExperimentState.ABANDONED}),
    ExperimentState.FAILED: frozenset({ExperimentState.DONE, ExperimentState.ABANDONED}),
    ExperimentState.ABANDONED: frozenset({ExperimentState.DONE, ExperimentState.FAILED}),
}
"""The moves that only a person makes, who was mistaken about an end: state -> states."""


class ActionState(StrEnum):
    """Where an action or a step stands."""

    INTENT = "intent"
    DONE = "done"
    FAILED = "failed"
    NOT_SENT = "not_sent"
    UNCERTAIN = "uncertain"


class Origin(StrEnum):
    """Who thought of an experiment."""

    PROPOSED = "proposed"
    EDITED = "edited"
    MANUAL = "manual"
    IMPORTED = "imported"


class Quality(StrEnum):
    """How far a reading may be trusted."""

    OK = "ok"
    OVERRANGE = "overrange"
    STALE = "stale"
    INVALID = "invalid"


NOT_SAFE = "not-safe"
"""The kind of the alarms that say what is not known to be safe."""
WATCHDOG = "watchdog"
"""The kind of the alarm of a watchdog process that made everything safe."""


class Severity(StrEnum):
    """How loud an alarm is."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"
    """Somebody may come to harm: it stays open until a person acknowledges it."""


class CommandKind(StrEnum):
    """What a person asks of a running campaign."""

    APPROVE = "approve"
    REJECT = "reject"
    EDIT = "edit"
    ADD = "add"
    PAUSE = "pause"
    RESUME = "resume"
    ABORT = "abort"
    STOP = "stop"
    RESOLVE = "resolve"
    FIX = "fix"
    """Of all proposals from now on: they have this."""
    AVOID = "avoid"
    """Of all proposals from now on: none of them has this."""
    LIFT = "lift"
    """What was fixed or avoided counts no longer."""
    CHANGE = "change"
    """Another space, or other aims, from now on."""
