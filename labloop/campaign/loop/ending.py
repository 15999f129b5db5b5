"""How a campaign ended that did not come to the end of its loop."""

from labloop.campaign.decisions import Finish
from labloop.campaign.definition import CampaignSpec
from labloop.errors import ExperimentCancelled, LabloopError
from labloop.records import CampaignState


class Stopped(KeyboardInterrupt):
    """A signal came before anything was open: what the main thread does is left at once."""


def finish_after(error: BaseException, stopped: str) -> Finish:
    """Return how ``error`` ended a campaign; ``stopped`` is why a stop was asked, or empty."""
    if stopped and isinstance(error, ExperimentCancelled):
        return Finish(CampaignState.STOPPED, stopped)
    if isinstance(error, KeyboardInterrupt):
        return Finish(CampaignState.STOPPED, str(error) or "ended by Ctrl-C")
    named = [] if isinstance(error, LabloopError) else [type(error).__name__]
    return Finish(CampaignState.FAILED, ": ".join([*named, *filter(None, [str(error)])]))


def describe_signal_effect(spec: CampaignSpec) -> str:
    """Return what happens after a signal, in words."""
    if spec.is_function:
        return "what runs is ended, and what was measured is kept"
    return "every device is brought into its safe state"
