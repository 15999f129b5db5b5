"""What may happen to a campaign, and what its machine wants done about it."""

from dataclasses import dataclass
from typing import TypeAlias

from labloop.campaign.decisions.failures import FailureRule
from labloop.records import CampaignState, ExperimentJob, ExperimentState, Failure


@dataclass(frozen=True, slots=True)
class Began:
    """The campaign begins, or goes on after a restart."""


@dataclass(frozen=True, slots=True)
class RoundPlanned:
    """A round was committed; its experiments are planned."""

    jobs: tuple[ExperimentJob, ...]


@dataclass(frozen=True, slots=True)
class NothingToPropose:
    """The brain has no point left, or could not propose."""

    reason: str
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Added:
    """An experiment was added: by a person, or because another one is to be done again."""

    job: ExperimentJob
    repeats: str = ""
    """Id of the experiment that failed and is done again with the same conditions."""


@dataclass(frozen=True, slots=True)
class Approved:
    """A person said yes to a proposal, or put an edited one in its place."""

    job: ExperimentJob
    replaces: str = ""
    """Id of the proposal that an edited one stands for."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A person said no to a proposal."""

    experiment_id: str


@dataclass(frozen=True, slots=True)
class Ended:
    """An experiment has ended."""

    experiment_id: str
    state: ExperimentState
    lab_hours: float = 0.0
    """Lab time used so far, as ``Budget.hours`` counts it."""
    cost: float = 0.0
    reason: str = ""
    lost: str = ""
    """What could not be reached, where that is why it failed."""
    failure: Failure | None = None
    """What it failed of; None where it did not."""
    used: frozenset[str] = frozenset()
    """The devices and stations that it used."""
    rule: FailureRule | None = None
    """What is done about its failure; None where no rule speaks of it."""


@dataclass(frozen=True, slots=True)
class Unsupplied:
    """Experiments cannot begin, because not enough is left of what they use up."""

    jobs: tuple[ExperimentJob, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Resolved:
    """A person settled what became of an uncertain experiment."""

    experiment_id: str
    state: ExperimentState


@dataclass(frozen=True, slots=True)
class Continued:
    """An experiment may enter the lab again: its late result is there, or a person said so."""

    job: ExperimentJob


@dataclass(frozen=True, slots=True)
class PauseAsked:
    """A person asks to begin nothing new for now."""

    reason: str


@dataclass(frozen=True, slots=True)
class ResumeAsked:
    """A person lets the campaign go on."""


@dataclass(frozen=True, slots=True)
class StopAsked:
    """Stop: after what is running (now=False), or at once and safely (now=True)."""

    reason: str
    now: bool = True


@dataclass(frozen=True, slots=True)
class Redirected:
    """What the brain is asked has changed; a round that it computes is asked for anew."""

    dropped: frozenset[str] = frozenset()
    """Experiments that were not begun, and are not wanted any more."""


@dataclass(frozen=True, slots=True)
class RuleMet:
    """A stop rule was met."""

    reason: str


Event: TypeAlias = (
    Began
    | RoundPlanned
    | NothingToPropose
    | Added
    | Approved
    | Rejected
    | Ended
    | Resolved
    | Unsupplied
    | Continued
    | PauseAsked
    | ResumeAsked
    | StopAsked
    | Redirected
    | RuleMet
)


@dataclass(frozen=True, slots=True)
class Propose:
    """Ask the brain for ``n`` points; the answer comes as RoundPlanned or NothingToPropose."""

    round_index: int
    n: int


@dataclass(frozen=True, slots=True)
class Start:
    """Put these experiments into the lab by one call."""

    jobs: tuple[ExperimentJob, ...]


@dataclass(frozen=True, slots=True)
class Again:
    """Plan an experiment with the conditions of one that failed; Added tells that it is."""

    experiment_id: str
    wait: float = 0.0
    """Lab seconds that pass before it begins."""


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Give a station to no experiment from now on."""

    station: str


@dataclass(frozen=True, slots=True)
class Restore:
    """Give the stations that were withdrawn to experiments again."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Put a question to a person; the answer comes through the inbox."""

    question: str
    experiment_id: str = ""


@dataclass(frozen=True, slots=True)
class Abort:
    """End what is running, safely and at once."""

    reason: str


@dataclass(frozen=True, slots=True)
class Finish:
    """The campaign is over."""

    state: CampaignState
    reason: str


Effect: TypeAlias = Propose | Start | Again | Withdraw | Restore | Ask | Abort | Finish
