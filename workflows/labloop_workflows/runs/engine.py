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
from labloop_workflows.runs.cancel_watch import CANCELLED, CancelWatch, discard_events  # noqa: E402
from labloop_workflows.runs.crashed_runs import CrashedRuns  # noqa: E402
from labloop_workflows.runs.flow import CAMPAIGNS, campaign_flow, state_of  # noqa: E402
from labloop_workflows.runs.hooks import PrefectHooks  # noqa: E402
from labloop_workflows.runs.ui_publisher import UiPublisher  # noqa: E402
from labloop_workflows.server.lifecycle import START_SECONDS, find_or_start  # noqa: E402
from labloop_workflows.server.probe import Probe, probe  # noqa: E402
from labloop_workflows.server.reports import LinkedReport  # noqa: E402
from labloop_workflows.server.server import configured, connected_to, own_ui_url  # noqa: E402


class PrefectEngine:
    """The engine ``prefect``: one flow run per campaign, in this process.

    Raises:
        EngineError: the environment names a server that does not answer. It is raised before a
            campaign is stored, so that the same command can be given again.
    """

    def __init__(self) -> None:
        configured()

    def run(self, campaign: Campaign, hooks: Hooks) -> CampaignRecord:
        """Run ``campaign`` in a flow on a server that is found or started.

        Where there is none in time, the campaign runs without it, and that is printed.

        Raises:
            LabloopError: the error that ended the campaign.
        """
        try:
            server = find_or_start(patience=START_SECONDS)
        except EngineError as error:
            return _run_without_prefect(str(error), campaign, hooks)
        for line in server.lines(secret=sys.stdout.isatty()):
            print(line)  # noqa: T201 - where the UI is
        if server.pid is not None:
            print("          stays for looking afterwards; end it with: labloop ui --stop")  # noqa: T201 - same
        with connected_to(server):
            try:
                return run_in_flow(campaign, hooks)
            finally:
                if probe(server.api_url) is Probe.NO_SERVER:
                    discard_events()
                    print("Prefect   its server has gone; the records are complete without it")  # noqa: T201 - same


def run_in_flow(campaign: Campaign, hooks: Hooks) -> CampaignRecord:
    """Run ``campaign`` as a flow of whatever API is set; needs the main thread."""
    raised: list[Exception] = []
    ended: list[CampaignRecord] = []

    def body() -> State[Any]:
        try:
            ended.append(run_inside(campaign, hooks))
        except Exception as error:  # noqa: BLE001 - raised again below, outside of the flow
            # Not raised here: Prefect would print a traceback instead of the sentence.
            raised.append(error)
            return Failed(message=str(error))
        return state_of(ended[0])

    CAMPAIGNS[campaign.record.id] = body
    try:
        campaign_flow(campaign.record.id, campaign.record.name, return_state=True)
    except Exception as error:  # noqa: BLE001 - process edge: reported, and the campaign runs without Prefect
        # The server may have gone; where the campaign itself has ended, its end counts.
        if not ended and not raised:
            return _run_without_prefect(
                f"Prefect could not begin the flow: {error}", campaign, hooks
            )
    finally:
        del CAMPAIGNS[campaign.record.id]
    if raised:
        raise raised[0]
    if not ended:
        raise EngineError("Prefect ended the flow before the campaign began; look at its UI")
    return ended[0]


def _run_without_prefect(why: str, campaign: Campaign, hooks: Hooks) -> CampaignRecord:
    """Run ``campaign`` where Prefect cannot show it."""
    print(f"Prefect   {why}")  # noqa: T201 - in the place of the address
    print("          the campaign goes on without this window")  # noqa: T201 - same
    return campaign.run(hooks)


def run_inside(campaign: Campaign, hooks: Hooks) -> CampaignRecord:
    """Run ``campaign`` inside a flow that has begun, with tasks, UI and cancel watch."""
    record, repositories, mine = campaign.record, campaign.repositories, UUID(flow_run.get_id())
    report = LinkedReport(repositories, record, own_ui_url())
    publisher = UiPublisher(Brief(repositories, record.id), record.name, mine, report)
    with CrashedRuns(mine, record.id) as crashed_runs:
        inside = PrefectHooks(hooks, record.id, publisher, crashed_runs.lease_held)
        try:
            with CancelWatch(mine, campaign.stop) as watch:
                return _ended(campaign, watch, campaign.run(inside))
        finally:
            # The flow waits for its tasks.
            inside.close()
            publisher.close()


def _ended(campaign: Campaign, watch: CancelWatch, record: CampaignRecord) -> CampaignRecord:
    """Return how the campaign ended: a cancel in the UI is named, not the signal it caused.

    Called when the lab is safe, because the server is asked.
    """
    stopped = record.state is CampaignState.STOPPED and record.reason != CANCELLED
    if not stopped or not watch.is_cancelled():
        return record
    campaigns = campaign.repositories.campaigns
    return campaigns.set_state(record.id, record.state, CANCELLED, record.actor).result()
