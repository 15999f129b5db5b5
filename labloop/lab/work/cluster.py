"""A function as a job of a cluster, submitted by submitit and found again after a crash."""

import importlib
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from labloop.errors import (
    DefinitionError,
    ExperimentCancelled,
    LabloopError,
    MissingExtraError,
    UncertainError,
    WorkError,
    WorkTimeoutError,
)
from labloop.lab.process import interrupt
from labloop.lab.work.child import carry_out
from labloop.lab.work.exchange import PROGRESS, has_result, read_result, write_call
from labloop.lab.work.function import Function
from labloop.lab.work.guarded_process import is_marked_alive, mark_of
from labloop.lab.work.progress import ProgressFile
from labloop.lab.work.work import Work, WorkCall
from labloop.records import Json

_JOB, _SUBMITIT = "job.txt", "submitit"
_FIRST_LOOK, _LONGEST_LOOK = 0.05, 5.0
"""Seconds between two looks at a job: at first, and of a long one."""
_GRACE_SECONDS = 10.0
"""How long a job that has ended may take to show its result on a shared disk."""
_END_SECONDS = 5.0
"""How long the end of a job is waited for that was cancelled, or has its result."""


@dataclass(frozen=True)
class ClusterJob(Work):
    """A function that runs as a job of a cluster: ``ClusterJob(simulate, cluster="slurm")``.

    The folder of jobs must be seen by the cluster's machines. They get the campaign's files by
    it; labloop is installed there. A job outlives the campaign's process: a campaign that is
    resumed finds it by its id, and submits nothing twice.

    Attributes:
        func: is called on the cluster, with the conditions.
        cluster: ``slurm``, or ``local`` for this machine, to try it without a cluster; another
            name is one that submitit knows. Empty: what submitit finds here.
        folder: of the jobs, from the folder where labloop is started.
        parameters: submitit's, such as ``{"timeout_min": 60, "slurm_partition": "gpu"}``.
    """

    func: Callable[..., Any]
    cluster: str = field(default="", kw_only=True)
    folder: str = field(default="labloop-jobs", kw_only=True)
    parameters: Mapping[str, Any] = field(
        default_factory=lambda: MappingProxyType({}), kw_only=True
    )

    kind = "cluster job"
    survives = True

    def __post_init__(self) -> None:
        if not callable(self.func):
            raise DefinitionError(f"ClusterJob needs a function, got {self.func!r}")
        super().__post_init__()
        if not isinstance(self.parameters, Mapping):
            raise DefinitionError(
                'parameters of a ClusterJob must be a mapping such as {"timeout_min": 60}, got '
                f"{self.parameters!r}"
            )

    @property
    def name(self) -> str:
        """The function's name."""
        return Function(self.func).name

    def check(self, names: Sequence[str]) -> None:
        """Raise where the function does not fit, or submitit is not installed."""
        Function(self.func).check(names)
        self._submitit()

    def make_place(self, name: str) -> Path:
        """Return the folder of a job, which its name tells after a crash as well."""
        place = Path(self.folder).expanduser().absolute() / name
        place.mkdir(parents=True, exist_ok=True)
        return place

    def carry_out(self, call: WorkCall) -> Any:
        """Submit the job, follow it and return its result."""
        place = _place(call)
        executor = self._executor(place)
        write_call(place, self.func, call.args, folder=call.folder, code=dict(call.code))
        try:
            job = executor.submit(carry_out, str(place))
        except LabloopError:
            raise
        except Exception as error:
            # The scheduler's own tools raise what they like; whether it has the job is not known.
            raise _not_submitted(self, error) from error
        here = mark_of(int(job.job_id)) if _is_here(job) else ""
        (place / _JOB).write_text(f"{job.job_id}\n{here}", encoding="utf-8")
        return self._follow(call, job)

    def take_up(self, call: WorkCall) -> Any:
        """Find the job of an earlier process again, or submit it where it certainly was not."""
        place = _place(call)
        if has_result(place):
            return self._ended(call, None, "")
        begun = list((place / _SUBMITIT).glob("*.pkl"))
        job_id, _ = _submitted(place)
        if not job_id and not begun:
            return self.carry_out(call)
        if not job_id:
            raise UncertainError(
                f"the process ended while it submitted {self.name}: look in the cluster's queue "
                f"for a job of {place}"
            )
        return self._follow(call, self._job(place, job_id))

    def spec(self) -> dict[str, Json]:
        """Return what is stored of it with the campaign."""
        return super().spec() | {"cluster": self.cluster, "folder": self.folder}

    def _submitit(self) -> Any:
        try:
            return importlib.import_module("submitit")
        except ModuleNotFoundError as error:
            raise MissingExtraError(f"{self.name} as a cluster job", "cluster") from error

    def _executor(self, place: Path) -> Any:
        submitit = self._submitit()
        try:
            executor = submitit.AutoExecutor(place / _SUBMITIT, cluster=self.cluster or None)
            executor.update_parameters(**{"name": f"labloop-{self.name}", **self.parameters})
        except Exception as error:
            # Whatever submitit says of its own arguments; nothing was submitted yet.
            raise WorkError(
                f"submitit cannot submit {self.name} to {self.cluster or 'this cluster'!r}: "
                f"{type(error).__name__}: {error}"
            ) from error
        return executor

    def _job(self, place: Path, job_id: str) -> Any:
        """Return submitit's handle of a job that an earlier process submitted."""
        cluster = self._executor(place).cluster
        plugins = importlib.import_module("submitit.core.plugins")
        return plugins.get_executors()[cluster].job_class(place / _SUBMITIT, job_id)

    def _follow(self, call: WorkCall, job: Any) -> Any:
        place = _place(call)
        call.facts["job"] = str(job.job_id)
        follow = ProgressFile(place / PROGRESS, call.record)
        began, gone, look = time.monotonic(), 0.0, _FIRST_LOOK
        while not has_result(place):
            follow.follow()
            if call.stop:
                self._cancel(job, place)
                raise ExperimentCancelled(call.stop.reason)
            if self.timeout is not None and time.monotonic() - began > self.timeout:
                self._cancel(job, place)
                self._read_log(call, job)
                raise WorkTimeoutError(
                    f"{self.name} did not end within {self.timeout:g} s; its job {job.job_id} was "
                    "cancelled"
                )
            gone = gone or (0.0 if self._runs(job, place) else time.monotonic())
            if gone and time.monotonic() - gone > _GRACE_SECONDS:
                break
            call.stop.wait(look)
            look = _FIRST_LOOK if gone else min(look * 1.5, _LONGEST_LOOK)
        follow.follow()
        self._wait(job, place)
        return self._ended(call, job, str(job.state))

    def _ended(self, call: WorkCall, job: Any, state: str) -> Any:
        place = _place(call)
        self._read_log(call, job)
        if has_result(place):
            return read_result(place)
        raise WorkError(
            f"{self.name}: its job {job.job_id} ended ({state.lower()}) before it returned; the "
            "log of the experiment may tell why"
        )

    def _runs(self, job: Any, place: Path) -> bool:
        """Return whether the scheduler still has the job."""
        if _is_here(job):
            _, here = _submitted(place)
            # Without a mark, of one that was killed while it submitted, the id alone counts.
            alive = is_marked_alive(here) if here else bool(mark_of(int(job.job_id)))
            return bool(job.state == "RUNNING") or alive
        return not job.done(force_check=True)

    def _cancel(self, job: Any, place: Path) -> None:
        """Cancel the job and wait a moment until it has ended."""
        if _is_here(job):
            # A handle that was made from the id alone cannot cancel.
            if self._runs(job, place):
                interrupt(int(job.job_id))
        else:
            job.cancel(check=False)
        self._wait(job, place)

    def _wait(self, job: Any, place: Path) -> None:
        """Wait a moment until the job's processes have ended as well."""
        until = time.monotonic() + _END_SECONDS
        while self._runs(job, place) and time.monotonic() < until:
            time.sleep(_FIRST_LOOK)

    def _read_log(self, call: WorkCall, job: Any) -> None:
        folder = _place(call) / _SUBMITIT
        names = (
            ("*_log.out", "*_log.err")
            if job is None
            else (
                f"{job.job_id}_*_log.out",
                f"{job.job_id}_*_log.err",
            )
        )
        for path in (each for name in names for each in sorted(folder.glob(name))):
            with suppress(OSError):
                call.record.write(path.read_text(encoding="utf-8", errors="replace"))


def _place(call: WorkCall) -> Path:
    assert call.place is not None  # noqa: S101 - made by make_place
    return call.place


def _is_here(job: Any) -> bool:
    """Return whether a job is a process of this machine: submitit's cluster ``local``."""
    return type(job).__name__ == "LocalJob"


def _submitted(place: Path) -> tuple[str, str]:
    """Return the id of a submitted job and, of one on this machine, its mark; empty: unknown."""
    with suppress(OSError):
        job_id, _, here = (place / _JOB).read_text(encoding="utf-8").partition("\n")
        return job_id, here
    found = sorted((place / _SUBMITIT).glob("*_submitted.pkl"))
    return (found[0].name.removesuffix("_submitted.pkl"), "") if found else ("", "")


def _not_submitted(work: ClusterJob, error: Exception) -> LabloopError:
    what = f"{work.name} could not be submitted: {type(error).__name__}: {error}"
    if work.repeatable:
        return WorkError(what)
    return UncertainError(f"{what}; look in the cluster's queue whether it is there")
