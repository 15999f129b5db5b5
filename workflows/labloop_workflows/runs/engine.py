"""Runs a campaign inside a Prefect flow."""

import sys
from typing import Any
from uuid import UUID

from labloop_workflows.server import settings as _settings

_settings.apply()

# Settings must be in the environment before Prefect is imported.
from prefect.client.schemas.objects import State  # noqa: E402
from prefect.runtime import flow_run  # noqa: E402
from prefect.states import Failed  # noqa: E402

from labloop.campaign import Campaign, Hooks  # noqa: E402
from labloop.errors import EngineError  # noqa: E402
from labloop.records import CampaignRecord, CampaignState  # noqa: E402
from labloop.report import Brief  # noqa: E402
from labloop_workflows.runs.cancellation import CANCELLED, CancelWatch, forget_events  # noqa: E402
from labloop_workflows.runs.flow import CAMPAIGNS, campaign_flow, state_of  # noqa: E402
from labloop_workflows.runs.hooks import PrefectHooks  # noqa: E402
from labloop_workflows.runs.reconcile import Reconciler  # noqa: E402
from labloop_workflows.runs.window import Window  # noqa: E402
from labloop_workflows.server.reports import LinkedReport  # noqa: E402
from labloop_workflows.server.server import (  # noqa: E402
    START_SECONDS,
    Look,
    configured,
    find_or_start,
    look,
    own_ui_url,
    speaking_to,
)


class PrefectEngine:
    """The engine ``prefect``: one flow a campaign, in this process.

    Raises:
        EngineError: the environment names a server that does not answer. Said before a campaign
            is stored, so that the same words can be typed again.
    """

    def __init__(self) -> None:
        configured()

    def run(self, campaign: Campaign, hooks: Hooks) -> CampaignRecord:
        """Run ``campaign`` in a flow on a server that is found or started.

        Where there is none in time, the campaign runs without it, and that is said.

        Raises:
            LabloopError: whatever ended the campaign.
        """
        try:
            server = find_or_start(patience=START_SECONDS)
        except EngineError as error:
            return _without(str(error), campaign, hooks)
        for line in server.told(secret=sys.stdout.isatty()):
            print(line)  # noqa: T201 - says where to look
        if server.pid is not None:
            print("          stays for looking afterwards; end it with: labloop ui --stop")  # noqa: T201 - same
        with speaking_to(server):
            try:
                return run_in_flow(campaign, hooks)
            finally:
                if look(server.api_url) is Look.AWAY:
                    forget_events()
                    print("Prefect   its server has gone; the records are complete without it")  # noqa: T201 - same


def run_in_flow(campaign: Campaign, hooks: Hooks) -> CampaignRecord:
    """Run ``campaign`` as a flow of whatever API is set; needs the main thread."""
    raised: list[Exception] = []
    ended: list[CampaignRecord] = []

    def body() -> State[Any]:
        try:
            ended.append(run_inside(campaign, hooks))
        except Exception as error:  # noqa: BLE001 - raised again below, outside of the flow
            # Kept as it is: Prefect would print a traceback where a sentence is due.
            raised.append(error)
            return Failed(message=str(error))
        return state_of(ended[0])

    CAMPAIGNS[campaign.record.id] = body
    try:
        campaign_flow(campaign.record.id, campaign.record.name, return_state=True)
    except Exception as error:  # noqa: BLE001 - process edge: a window that fails is told
        # The server may have gone; where the campaign itself has ended, that is what counts.
        if not ended and not raised:
            return _without(f"Prefect could not begin the flow: {error}", campaign, hooks)
    finally:
        del CAMPAIGNS[campaign.record.id]
    if raised:
        raise raised[0]
    if not ended:
        raise EngineError("Prefect ended the flow before the campaign began; look at its UI")
    return ended[0]


def _without(why: str, campaign: Campaign, hooks: Hooks) -> CampaignRecord:
    """Run ``campaign`` where Prefect cannot show it."""
    print(f"Prefect   {why}")  # noqa: T201 - said where the address would stand
    print("          the campaign goes on without this window")  # noqa: T201 - same
    return campaign.run(hooks)


def run_inside(campaign: Campaign, hooks: Hooks) -> CampaignRecord:
    """Run ``campaign`` inside a flow that has begun: tasks, the window and the cancel watch."""
    record, repositories, mine = campaign.record, campaign.repositories, UUID(flow_run.get_id())
    report = LinkedReport(repositories, record, own_ui_url())
    window = Window(Brief(repositories, record.id), record.name, mine, report)
    with Reconciler(mine, record.id) as reconciler:
        inside = PrefectHooks(hooks, record.id, window, reconciler.lease_held)
        try:
            with CancelWatch(mine, campaign.stop) as watch:
                return _told(campaign, watch, campaign.run(inside))
        finally:
            # The flow waits for its tasks.
            inside.close()
            window.close()


def _told(campaign: Campaign, watch: CancelWatch, record: CampaignRecord) -> CampaignRecord:
    """Return how the campaign ended: a cancel is told as one, not as the signal that it sent.

    Asked when the lab is safe, so that nothing waits for a server.
    """
    stopped = record.state is CampaignState.STOPPED and record.reason != CANCELLED
    if not stopped or not watch.asked():
        return record
    campaigns = campaign.repositories.campaigns
    return campaigns.set_state(record.id, record.state, CANCELLED, record.actor).result()
