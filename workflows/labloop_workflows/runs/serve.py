"""Serves campaigns: each run is a process of its own that gets a name, never a path."""

import json
import os
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, cast

from prefect import flow
from prefect import serve as prefect_serve
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.objects import State
from prefect.deployments.runner import EntrypointType, RunnerDeployment  # type: ignore[attr-defined]  # public docs
from prefect.exceptions import ObjectNotFound
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings
from prefect.states import Failed
from pydantic import BaseModel, ConfigDict, Field

from labloop.campaign import Campaign, PlainHooks, load_campaign, with_overrides
from labloop.errors import CampaignError, LabloopError
from labloop.records import CampaignRecord, Mode
from labloop.store import open_database
from labloop_workflows.runs.engine import run_inside
from labloop_workflows.runs.flow import state_of
from labloop_workflows.runs.work_pool import offer, work
from labloop_workflows.server.one_time_codes import one_time_codes, redeem
from labloop_workflows.server.patience import patiently
from labloop_workflows.server.server import Server, connected_to

_SERVED = "LABLOOP_SERVED"
_RETRIES = 3
"""How often a run's process asks a busy server again; of 100 runs at once, 7 crashed with 1."""


class RunRequest(BaseModel):
    """The form in the UI."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    campaign: str = Field(description="Name of a served campaign")
    seed: int | None = Field(
        default=None, ge=0, description="Empty: the file's seed; only for a new one"
    )
    experiments: int | None = Field(
        default=None,
        ge=1,
        le=100_000,
        description="In all, also those of before; empty: the budget of the file, or of before",
    )
    new: bool = Field(default=False, description="Begin another campaign where the name exists")
    resume: bool = Field(default=False, description="Go on with the stored campaign instead")
    real: bool = Field(default=False, description="Only where the lab's terminal allowed it")
    code: str = Field(
        default="",
        description="For real: the one-time code at the terminal of labloop serve --real",
    )


@flow(name="served-campaign", flow_run_name="{request.campaign}", retries=0, persist_result=False)
def served_campaign(request: RunRequest) -> State[Any]:
    """Run a served campaign, asked for from the UI."""
    try:
        return state_of(run_request(request))
    except LabloopError as error:
        # Not raised: Prefect would add a traceback to the sentence.
        return Failed(message=str(error))


def run_request(request: RunRequest) -> CampaignRecord:
    """Run what a form asks for.

    Raises:
        CampaignError: the campaign is not served, or the request is not allowed.
    """
    served = json.loads(os.environ.get(_SERVED, "{}"))
    paths: dict[str, str] = served.get("paths", {})
    if request.campaign not in paths:
        raise CampaignError(
            f"no served campaign is called {request.campaign!r}; "
            f"served are: {', '.join(sorted(paths)) or 'none'}"
        )
    if request.resume and request.seed is not None:
        raise CampaignError(
            f"a campaign goes on with the seed that it was begun with, got seed={request.seed}; "
            "leave the seed empty, or begin another one without resume"
        )
    if request.real:
        _check_code(request.code, served)
    mode = Mode.REAL if request.real else Mode.SIMULATED
    with open_database(served.get("db")) as repositories:
        if request.resume:
            campaign = Campaign.resume(repositories, request.campaign, mode=mode)
            if request.experiments is not None:
                campaign.extend(request.experiments)
        else:
            definition = with_overrides(
                load_campaign(paths[request.campaign]),
                seed=request.seed,
                experiments=request.experiments,
            )
            campaign = Campaign.create(repositories, definition, mode=mode, new=request.new)
        return run_inside(campaign, PlainHooks())


def _check_code(code: str, served: Mapping[str, Any]) -> None:
    """Raise CampaignError where a real run has no code from the lab's own terminal."""
    folder = served.get("codes")
    if folder is None:
        raise CampaignError(
            "real instruments were not confirmed at the lab's terminal; "
            "start there with: labloop serve --real"
        )
    if not code.strip():
        raise CampaignError(
            "each run on real instruments needs the one-time code that stands at the terminal of "
            "labloop serve --real, and none was given; nothing was sent to any instrument"
        )
    if not redeem(Path(folder), code):
        raise CampaignError(
            "the one-time code is wrong or was used before; type the newest one at the terminal of "
            "labloop serve --real; nothing was sent to any instrument"
        )


def serve_campaigns(
    paths: dict[str, str],
    *,
    db: str | None,
    real: bool,
    server: Server,
    pool: str | None = None,
    limit: int | None = None,
) -> None:
    """Serve campaigns by name until Ctrl-C.

    Args:
        paths: name -> campaign file on this machine.
        db: the database; None is ``LABLOOP_DB``, else ``./labloop.db``.
        real: whether runs on real instruments are allowed, each with a code.
        server: the Prefect server.
        pool: a work pool that other machines serve as well; None: this process alone.
        limit: how many run at once here; None is one for each campaign.
    """
    database = db or os.environ.get("LABLOOP_DB")
    if database is None or "://" not in database:
        # A run starts in a folder of its own, so a relative file would be another database.
        database = str(Path(database or "labloop.db").resolve())
    with ExitStack() as stack:
        served: dict[str, object] = {"paths": paths, "db": database}
        if real:
            served["codes"] = str(stack.enter_context(one_time_codes(_print_code)))
        os.environ[_SERVED] = json.dumps(served)
        stack.enter_context(connected_to(server))
        stack.enter_context(temporary_settings({PREFECT_CLIENT_MAX_RETRIES: _RETRIES}))
        deployments = [_deployment(name) for name in sorted(paths)]
        if pool is None:
            prefect_serve(*deployments, limit=limit or len(paths))
            return
        offer(pool, deployments)
        work(pool, limit or len(paths))


def _print_code(code: str) -> None:
    print(f"code      {code}  lets the next run on real instruments begin", flush=True)  # noqa: T201 - at the lab's terminal


def _deployment(name: str) -> RunnerDeployment:
    made = served_campaign.to_deployment(
        name=name,
        parameters={"request": {"campaign": name}},
        description=f"Run the campaign {name}; simulated unless the lab allowed more.",
        schedules=_schedules(name),
        # By file path the package would load twice.
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
    return cast("RunnerDeployment", made)


def _schedules(name: str) -> list[DeploymentScheduleCreate]:
    """Return the schedules that a deployment was given in the UI, which a new one would lose."""
    with get_client(sync_client=True) as client:
        try:
            found = patiently(
                lambda: client.read_deployment_by_name(f"{served_campaign.name}/{name}")
            )
        except ObjectNotFound:
            return []
    return [
        DeploymentScheduleCreate(
            schedule=kept.schedule,
            active=kept.active,
            parameters=kept.parameters,
            slug=kept.slug,
            max_scheduled_runs=kept.max_scheduled_runs,
        )
        for kept in found.schedules
    ]
