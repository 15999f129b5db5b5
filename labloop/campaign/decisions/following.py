"""What follows from a failure: what is stored of it, what a rule says, what becomes of a device."""

from dataclasses import replace

from labloop.campaign.decisions.events import Again, Ask, Effect, Ended, Withdraw
from labloop.campaign.decisions.failures import AGAIN, FailureRule, Trouble, rule_for
from labloop.campaign.decisions.state import Handled, MachineConfig, MachineState, end
from labloop.records import CampaignState, ExperimentResult, ExperimentState, Failure


def judge(
    config: MachineConfig, state: MachineState, result: ExperimentResult
) -> tuple[ExperimentResult, FailureRule | None]:
    """Return a result as it is stored, and the rule for its failure where there is one.

    A failure is stored as abandoned where it says nothing about the conditions and uses up no
    budget: they are carried out once more, or it repeats a lost connection that is known. One
    lost line ends every running experiment; the first of them counts as failed.
    """
    if not state.ending:
        rule = rule_for(config.policy, _trouble(config, state), result)
        if rule is not None:
            again = rule.then in AGAIN
            return replace(result, state=ExperimentState.ABANDONED) if again else result, rule
    if result.state is ExperimentState.FAILED and result.lost and state.unreachable:
        return replace(result, state=ExperimentState.ABANDONED), None
    return result, None


def follow(config: MachineConfig, state: MachineState, event: Ended, rule: FailureRule) -> Handled:
    """Do what a rule says of a failure."""
    key = event.experiment_id
    effects: tuple[Effect, ...] = ()
    if event.state is ExperimentState.UNCERTAIN:
        state = replace(state, uncertain=state.uncertain | {key})
        effects = (Ask(question_about(event), key),)
    if rule.then == "stop":
        return end(state, f"{rule} met: {event.reason}", CampaignState.FAILED), effects
    if rule.then == "ask":
        question = f"{rule} met: {event.reason}. Let the campaign go on when you have looked"
        return replace(state, paused=state.paused or question), (*effects, Ask(question, key))
    if rule.then in AGAIN:
        done = state.attempts.get(key, 0)
        wait = rule.seconds(done) if rule.then == "retry" else 0.0
        if rule.then == "other station":
            state, effects = _withdraw(config, state, event.failure or Failure())
        return replace(state, again=state.again | {key}), (*effects, Again(key, wait))
    return state, effects


def _withdraw(config: MachineConfig, state: MachineState, failure: Failure) -> Handled:
    """Leave a station out, where there is another one alike."""
    station, left = _trouble(config, state).others(failure)
    if not left or station in state.withdrawn:
        return state, ()
    return replace(state, withdrawn=state.withdrawn | {station}), (Withdraw(station),)


def device_trouble(config: MachineConfig, state: MachineState, event: Ended) -> Handled:
    """Count the failures of a device; after too many nothing that needs it is begun."""
    limit, failure = config.policy.pause_device_after, event.failure
    if limit is None or state.ending:
        return state, ()
    known = dict(state.device_failures)
    if event.state is ExperimentState.DONE:
        known = {device: n for device, n in known.items() if device not in event.used}
    elif failure is not None and failure.device:
        known[failure.device] = known.get(failure.device, 0) + 1
    state = replace(state, device_failures=known)
    device = failure.device if failure is not None else ""
    if known.get(device, 0) < limit or failure is None:
        return state, ()
    state, effects = _withdraw(config, state, failure)
    station, left = _trouble(config, state).others(failure)
    if station in state.withdrawn and left:
        return state, effects
    question = (
        f"{device} failed {known[device]} times in a row, the last because: {event.reason}. Mend "
        "it, then let the campaign go on (labloop command NAME resume)"
    )
    return replace(state, paused=state.paused or question), (Ask(question),)


def _trouble(config: MachineConfig, state: MachineState) -> Trouble:
    return Trouble(attempts=state.attempts, withdrawn=state.withdrawn, alike=config.alike)


def question_about(event: Ended) -> str:
    """Return what a person is asked of an experiment whose end is not known."""
    return f"what became of experiment {event.experiment_id}? ({event.reason})"
