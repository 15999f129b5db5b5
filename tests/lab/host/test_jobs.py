"""Promise: a job ends with its result or with an error of ours, whatever its code does."""

import asyncio

import pytest
from lab_toys import ToyWorld, toy_host

from labloop.errors import (
    ExperimentCancelled,
    ProcedureError,
)
from labloop.lab import LabJob
from labloop.lab.devices import Scope
from labloop.lab.host.jobs import JobRunner, RunningJob
from labloop.lab.host.result_delivery import ResultDelivery
from labloop.lab.time import SimulatedLoop
from labloop.units import quantity


async def long(lab, device):
    await getattr(lab, device).set_value(quantity(7, "mL/min"))
    await lab.wait(quantity(100, "h"))
    return 1


@pytest.mark.parametrize("error", [SystemExit(0), KeyboardInterrupt(), GeneratorExit()])
def test_code_that_would_end_the_program_ends_its_experiment(error):
    """Promise: sys.exit in a procedure is a failure of it; the lab goes on and ends safely."""

    async def leaves(lab):
        await lab.a.set_value(quantity(1, "mL/min"))
        raise error

    async def in_a_group(lab):
        async with asyncio.TaskGroup() as group:
            group.create_task(leaves(lab))

    world = ToyWorld("a", "b")
    with toy_host("a", "b", world=world) as host:
        for code in (leaves, in_a_group):
            [future] = host.start([LabJob(code.__name__, code)])
            raised = future.exception(10)
            assert isinstance(raised, ProcedureError), raised
            host.settle()
        host.call(lambda lab: lab.b.set_value(quantity(1, "mL/min")))
    assert host.report.safe == ["a", "b"]


def test_one_experiment_can_be_ended_alone():
    """Promise: the others go on."""
    with toy_host() as host:

        async def other(lab):
            await lab.wait(quantity(1, "h"))
            host.cancel("e1", "aborted by a person")
            await lab.wait(quantity(1, "h"))
            return "done"

        first, second = host.start([LabJob("e1", lambda lab: long(lab, "a")), LabJob("e2", other)])
        with pytest.raises(ExperimentCancelled, match="e1 was ended: aborted by a person"):
            first.result(5)
        host.settle()
        assert second.result(5) == "done"


def test_ends_are_delivered_by_the_job_runner_and_refused_after_a_stop():
    """Promise: what comes after a stop never begins, but for what makes safe."""
    loop, begun = SimulatedLoop(), []

    async def note(lab):
        begun.append(lab)
        return 1

    def job(name, **options):
        return RunningJob(LabJob(name, note), Scope("camp", name), name, **options)

    async def work():
        runner = JobRunner(loop, ResultDelivery(loop))
        first, late = job("e1"), job("e2")
        safe = job("safe", experiment=False, during_shutdown=True)
        runner.begin([first])
        await asyncio.sleep(0)
        runner.stop("enough")
        runner.begin([late, safe])
        assert await runner.wait(1.0) == []
        return first.future.result(), late.future.exception(), safe.future.result()

    try:
        first, late, safe = loop.run_until_complete(work())
    finally:
        loop.close()
    assert (first, safe) == (1, 1)
    assert str(late) == "e2 was ended: enough"
    assert begun == ["e1", "safe"]
