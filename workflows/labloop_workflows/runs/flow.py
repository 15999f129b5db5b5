"""The flow and its tasks: one flow per campaign, one task per round and per experiment.

Tasks get ids only and look up the future that they wait for in this process. They never retry
and persist no result: labloop's own database is the record, and Prefect shows it.
"""

from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from typing import Any

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Cancelled, Completed, Failed
from prefect.task_runners import ThreadPoolTaskRunner

from labloop.errors import LabloopError
from labloop.records import (
    CampaignRecord,
    CampaignState,
    ExperimentResult,
    ExperimentState,
    ProposalBatch,
)

EXPERIMENTS: dict[str, "Future[ExperimentResult]"] = {}
"""Experiment id -> the future that its task waits on."""

ROUNDS: dict[str, "Future[ProposalBatch]"] = {}
"""Round key -> the future that its task waits on."""

CAMPAIGNS: dict[str, Callable[[], State[Any]]] = {}
"""Campaign id -> what its flow calls."""


# Names are templates: a task with options of its own reads and hashes its source anew.
@task(
    name="experiment",
    task_run_name="experiment-{number}",
    retries=0,
    persist_result=False,
    cache_policy=NO_CACHE,
)
def experiment_task(experiment_id: str, number: int) -> State[Any]:
    """Wait for one experiment; if this task's thread dies, the experiment goes on."""
    del number  # shown in the UI
    result = EXPERIMENTS.pop(experiment_id).result()
    if result.state is ExperimentState.DONE:
        return Completed(message="done")
    if result.state is ExperimentState.AWAITING:
        return Completed(message=result.reason)
    if result.state is ExperimentState.ABANDONED:
        return Cancelled(message=result.reason)
    return Failed(message=f"{result.state.value}: {result.reason}")


@task(
    name="propose",
    task_run_name="propose-round-{round_index}",
    retries=0,
    persist_result=False,
    cache_policy=NO_CACHE,
)
def propose_task(key: str, round_index: int) -> State[Any]:
    """Wait for the proposals of one round, or until the campaign needs them no more."""
    del round_index  # shown in the UI
    try:
        batch = ROUNDS.pop(key).result()
    except CancelledError:
        return Cancelled(message="the campaign ended before the brain had answered")
    except LabloopError as error:
        return Failed(message=str(error))
    return Completed(message=f"{len(batch.proposals)} proposed")


@flow(
    name="campaign",
    flow_run_name="{name}",
    retries=0,
    persist_result=False,
    validate_parameters=False,
    task_runner=ThreadPoolTaskRunner(max_workers=64),  # type: ignore[arg-type]  # generic over futures
)
def campaign_flow(campaign_id: str, name: str) -> State[Any]:
    """Run one campaign from its first to its last experiment."""
    del name  # shown in the UI
    return CAMPAIGNS[campaign_id]()


def state_of(record: CampaignRecord) -> State[Any]:
    """Return the state that Prefect shows for a campaign that has ended."""
    if record.state is CampaignState.FINISHED:
        return Completed(message=record.reason)
    if record.state is CampaignState.STOPPED:
        return Cancelled(message=record.reason)
    return Failed(message=record.reason)
