"""What a campaign does about failures: rules by error, device or message, and who is asked."""

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Literal, TypeAlias, get_args

from labloop.campaign.decisions.budget import check_whole
from labloop.errors import CampaignFileError, ExperimentCancelled, UncertainError, UnitError
from labloop.records import ExperimentResult, ExperimentState, Failure, Json
from labloop.units import convert, split_quantity

Then: TypeAlias = Literal["retry", "other station", "skip", "ask", "stop"]
"""What follows from a failure."""
Unattended: TypeAlias = Literal["hold", "skip", "stop"]
"""What becomes of a question where nobody is there to answer it."""
OnRestart: TypeAlias = Literal["ask", "continue", "abandon"]
"""What becomes of a procedure that the death of its process cut off."""
AGAIN: frozenset[Then] = frozenset({"retry", "other station"})
"""What follows where the conditions are not to blame: they are carried out once more."""
_FACTOR = 2.0
"""By how much the wait grows with each retry."""


@dataclass(frozen=True, slots=True)
class FailureRule:
    """What follows from failures of one kind.

    ``FailureRule(DeviceTimeoutError, then="retry", times=2, wait="30 s")``

    Attributes:
        match: an exception class, which covers its subclasses and what raised it; or a text that
            the message contains. None: any failure.
        device: only failures of this device; empty: of any, or of none.
        then: ``retry``: the action is sent again where it was not done or does no harm twice, and
            a failure that no action raised lets the experiment begin anew; ``other station``: the
            station is given to nobody until a person says resume, and the experiment begins anew
            at one that is alike; ``skip``: go on with the next one; ``ask``: wait for a person;
            ``stop``: end the campaign.
        times: how often ``retry`` tries again.
        wait: lab time before the first retry; it doubles with each one.

    Raises:
        CampaignFileError: it cannot be followed; the message says what to change.
    """

    match: type[Exception] | str | None = None
    _: KW_ONLY
    device: str = ""
    then: Then = "ask"
    times: int = 1
    wait: str = "0 s"

    def __post_init__(self) -> None:
        if self.then not in get_args(Then):
            raise CampaignFileError(
                f"{self}: then must be one of {', '.join(get_args(Then))}, got {self.then!r}"
            )
        check_whole(self.times, f"{self}: times")
        if self.then != "retry" and (self.times, self.wait) != (1, "0 s"):
            raise CampaignFileError(f"{self}: times and wait belong to then='retry'")
        if not isinstance(self.device, str):
            raise CampaignFileError(
                f"{self}: device is a name of the lab file, got {self.device!r}"
            )
        self._check_match()
        self.seconds(0)

    def _check_match(self) -> None:
        given = self.match
        is_class = isinstance(given, type) and issubclass(given, Exception)
        if given is not None and not is_class and not (isinstance(given, str) and given):
            raise CampaignFileError(
                f"a failure rule matches an exception class or a text of the message, got {given!r}"
            )
        if not is_class:
            return
        assert isinstance(given, type)  # noqa: S101 - just asked
        if issubclass(given, ExperimentCancelled):
            raise CampaignFileError(f"{self}: it never matches: what a stop ends has not failed")
        if issubclass(given, UncertainError) and self.then in AGAIN:
            raise CampaignFileError(
                f"{self}: what may have happened is never done again by itself; say then='ask', "
                "'skip' or 'stop'"
            )

    def __str__(self) -> str:
        named = self.match.__name__ if isinstance(self.match, type) else self.match
        parts = [repr(named)] if isinstance(self.match, str) else [str(named)] if named else []
        parts += [f"device={self.device!r}"] if self.device else []
        return f"FailureRule({', '.join([*parts, f'then={self.then!r}'])})"

    def covers(self, failure: Failure, reason: str) -> bool:
        """Return whether it speaks of this failure."""
        if self.device and self.device not in {failure.device, failure.station}:
            return False
        if isinstance(self.match, str):
            return self.match.casefold() in reason.casefold()
        return self.match is None or _name_of(self.match) in failure.kinds

    @property
    def covers_all(self) -> bool:
        """Whether nothing is left for the rules after it."""
        return self.match is None and not self.device and self.then not in AGAIN

    def seconds(self, done: int) -> float:
        """Return the lab seconds to wait before the next retry, after ``done`` of them."""
        try:
            first = convert(*split_quantity(self.wait), "s")
        except (UnitError, AttributeError, TypeError) as error:
            raise CampaignFileError(
                f"{self}: wait is a time such as '30 s', got {self.wait!r}"
            ) from error
        if not 0 <= first <= 7 * 86400:
            raise CampaignFileError(f"{self}: wait is 0 s to 7 days, got {self.wait!r}")
        return float(first * _FACTOR**done)

    def spec(self) -> dict[str, Json]:
        """Return the rule as plain JSON."""
        match = _name_of(self.match) if isinstance(self.match, type) else self.match
        kind = "error" if isinstance(self.match, type) else "message"
        made: dict[str, Json] = {} if match is None else {kind: match}
        if self.device:
            made["device"] = self.device
        made["then"] = self.then
        if self.then == "retry":
            made |= {"times": self.times, "wait": self.wait}
        return made


@dataclass(frozen=True, slots=True, kw_only=True)
class FailurePolicy:
    """What happens after failures.

    Attributes:
        stop_after: this many failed experiments in a row end the campaign.
        on_uncertain: ``pause`` waits for a person, ``continue`` goes on with the others.
        on_restart: what becomes of a procedure in a real lab that the death of its process cut off:
            ``ask`` asks a person; ``continue`` enters it again through its steps, where every
            step has ended and nothing was done outside of one that does harm twice; ``abandon``
            abandons it where the end of each of its actions is known. Else a person is asked.
        unattended: what becomes of a question: ``hold`` waits for a person, and the lab is made
            safe meanwhile; ``stop`` ends the campaign where nothing goes on without an answer;
            ``skip`` does the same, and leaves uncertain experiments open meanwhile.
        rules: what follows from failures of a kind. The first one that speaks of a failure and
            has something left to do is followed: retries may be used up, and there may be no
            other station.
        pause_device_after: this many failures of one device in a row, and nothing that needs it
            is begun until a person says resume. A station is left out, as long as there is another
            one alike; else the campaign waits. None: failures of devices are not counted.
    """

    stop_after: int = 3
    on_uncertain: Literal["pause", "continue"] = "pause"
    on_restart: OnRestart = "ask"
    unattended: Unattended = "hold"
    rules: Sequence[FailureRule] = ()
    pause_device_after: int | None = None

    def __post_init__(self) -> None:
        check_whole(self.stop_after, "stop_after")
        if self.on_uncertain not in ("pause", "continue"):
            raise CampaignFileError(
                f"on_uncertain must be 'pause' or 'continue', got {self.on_uncertain!r}"
            )
        if self.unattended not in get_args(Unattended):
            raise CampaignFileError(
                f"unattended must be one of {', '.join(get_args(Unattended))}, "
                f"got {self.unattended!r}"
            )
        if self.on_restart not in get_args(OnRestart):
            raise CampaignFileError(
                f"on_restart must be one of {', '.join(get_args(OnRestart))}, "
                f"got {self.on_restart!r}"
            )
        if self.pause_device_after is not None:
            check_whole(self.pause_device_after, "pause_device_after")
        if not isinstance(self.rules, (list, tuple)) or not all(
            isinstance(rule, FailureRule) for rule in self.rules
        ):
            raise CampaignFileError(
                f"rules must be a list of FailureRule(...), got {self.rules!r:.200}"
            )
        self._check_order()

    def _check_order(self) -> None:
        """Raise CampaignFileError for a rule that can never be reached."""
        for before, rule in zip(self.rules, self.rules[1:], strict=False):
            if before.covers_all:
                raise CampaignFileError(
                    f"{rule} is never reached: {before} before it covers every failure; put it "
                    "further up"
                )
        for index, rule in enumerate(self.rules):
            if rule in self.rules[:index]:
                raise CampaignFileError(f"{rule} is never reached: it stands in the list twice")

    @property
    def devices(self) -> tuple[str, ...]:
        """Devices and stations that the rules name."""
        return tuple(dict.fromkeys(rule.device for rule in self.rules if rule.device))

    def seconds_to_retry(self, failure: Failure, reason: str, done: int) -> float | None:
        """Return after how many lab seconds an action is sent again; None where it is not.

        Args:
            failure: of the action; asked only where sending it again does no harm.
            reason: its message.
            done: how often it was sent again.
        """
        for rule in self.rules:
            if rule.covers(failure, reason):
                if rule.then != "retry":
                    return None
                if done < rule.times:
                    return rule.seconds(done)
        return None

    def spec(self) -> dict[str, Json]:
        """Return the policy as plain JSON."""
        return {
            "stop_after": self.stop_after,
            "on_uncertain": self.on_uncertain,
            "on_restart": self.on_restart,
            "unattended": self.unattended,
            "rules": [rule.spec() for rule in self.rules],
            "pause_device_after": self.pause_device_after,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What is known of failures so far, as far as the next one is judged by it."""

    attempts: Mapping[str, int]
    """Experiment -> how many before it had the same conditions and failed."""
    withdrawn: frozenset[str]
    """Stations that are given to no experiment."""
    alike: Mapping[str, frozenset[str]]
    """Station -> the others of its kind."""

    def others(self, failure: Failure) -> tuple[str, frozenset[str]]:
        """Return the station that a failure belongs to, and those that may stand in for it."""
        named = (failure.station, failure.device)
        station = next((name for name in named if name in self.alike), "")
        left = self.alike.get(station, frozenset()) - self.withdrawn
        return station, left


def rule_for(
    policy: FailurePolicy, trouble: Trouble, result: ExperimentResult
) -> FailureRule | None:
    """Return the first rule that speaks of a failure and has something left to do; or None."""
    if result.state not in {ExperimentState.FAILED, ExperimentState.UNCERTAIN}:
        return None
    failure = result.failure or Failure()
    for rule in policy.rules:
        if not rule.covers(failure, result.reason):
            continue
        if rule.then in AGAIN and result.state is ExperimentState.UNCERTAIN:
            continue
        done = trouble.attempts.get(result.experiment_id, 0) + failure.tries - 1
        if rule.then == "retry" and done >= rule.times:
            continue
        if rule.then == "other station" and not trouble.others(failure)[1]:
            continue
        return rule
    return None


def _name_of(kind: type[BaseException]) -> str:
    """Return the name by which an exception's class is known in every process."""
    from labloop.lab import class_path  # noqa: PLC0415 - who only looks at a campaign loads no lab

    return class_path(kind)
