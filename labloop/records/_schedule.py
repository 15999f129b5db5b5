"""What experiments had of a shared lab, and what a forecast expected of it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Self

from labloop.records._canonical import Json


@dataclass(frozen=True, slots=True)
class Occupation:
    """A station or device that one experiment had, in lab seconds.

    Attributes:
        name: of the station or device.
        start: when it got it.
        end: when it gave it back.
        key: kind of the stations; ``lab.<name>`` for a device that was locked.
        experiment_id: who had it; None for what a person did by hand.
        asked: when it was asked for.
        use: number of the request among those of the experiment.
        setting: what it was set to; None where that is all one.
        preparing: seconds of warm-up and change-over at its begin.
    """

    name: str
    start: float
    end: float
    key: str = ""
    experiment_id: str | None = None
    asked: float = 0.0
    use: int = 0
    setting: float | str | None = None
    preparing: float = 0.0

    @property
    def waited(self) -> float:
        """Seconds from its request until it was ready."""
        return self.start - self.asked + self.preparing

    def to_json(self) -> Json:
        """Return it as JSON, without the experiment."""
        return {name: value for name, value in asdict(self).items() if name != "experiment_id"}

    @classmethod
    def from_json(cls, found: Mapping[str, Any], experiment_id: str | None) -> Self:
        """Return what :meth:`to_json` made JSON of."""
        return cls(**found, experiment_id=experiment_id)


@dataclass(frozen=True, slots=True)
class ForecastSpan:
    """A device at work, or a station or device that is held, in lab seconds from the begin."""

    name: str
    start: float
    end: float
    held: bool = False
    """Whether an experiment has it; else it acts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastRecord:
    """A forecast of a campaign, or of its rest, as it is kept.

    Attributes:
        campaign_id: of which campaign.
        lab_time: the campaign's lab second at which it was made.
        experiments: how many were expected to be carried out from then on.
        hours: lab hours that they were expected to take.
        low: lower end of the interval of 90 %, in hours.
        high: upper end.
        basis: what the numbers came from, in words.
        bottleneck: what was to be waited for longest; empty where nothing was.
        waits: kind of station, or device -> lab hours that experiments were to wait for it.
        spans: when each was to be at work or held.
        actor: who asked for it.
        created: when.
    """

    campaign_id: str
    lab_time: float
    experiments: int
    hours: float
    low: float
    high: float
    basis: str = ""
    bottleneck: str = ""
    waits: Mapping[str, float] = field(default_factory=dict)
    spans: tuple[ForecastSpan, ...] = ()
    actor: str = ""
    created: datetime | None = None
