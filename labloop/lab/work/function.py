"""A function as work: in a thread of this process, or in a process of its own."""

import inspect
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labloop.errors import DefinitionError, WorkError
from labloop.lab.work.exchange import has_result, read_result, write_call
from labloop.lab.work.guarded_process import Program, make_place, run_program
from labloop.lab.work.thread_call import ThreadCall
from labloop.lab.work.work import Work, WorkCall
from labloop.records import Json, finite

_CHILD = "from labloop.lab.work.child import main; main()"


@dataclass(frozen=True)
class Function(Work):
    """A function, ``def`` or ``async def``, of an experiment's conditions.

    Attributes:
        func: is called with the conditions, or with what ``lab.run`` is given.
        process: whether it gets a process of its own, so that a crash, a hang or too much memory
            is the failure of one experiment. Arguments and result are copied to it and back.
        memory: GiB that the process may use (POSIX: of address space); None for no bound.
    """

    func: Callable[..., Any]
    process: bool = field(default=False, kw_only=True)
    memory: float | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if not callable(self.func):
            raise DefinitionError(f"Function needs a function, got {self.func!r}")
        super().__post_init__()
        if self.memory is not None and finite(self.memory, "memory of a Function") <= 0:
            raise DefinitionError(f"memory must be GiB above 0, got {self.memory!r}")
        if self.memory is not None and not self.process:
            raise DefinitionError(
                f"memory= bounds a process, and {self.name} has none; add process=True"
            )
        if self.memory is not None and sys.platform == "win32":
            raise DefinitionError("memory= needs Linux or macOS; leave it out on Windows")

    @property
    def name(self) -> str:
        """The function's name."""
        inner = inspect.unwrap(getattr(self.func, "func", self.func))
        return str(getattr(inner, "__name__", type(self.func).__name__))

    @property
    def kind(self) -> str:  # type: ignore[override]  # one of two
        """``process`` or ``function``."""
        return "process" if self.process else "function"

    def check(self, names: Sequence[str]) -> None:
        """Raise DefinitionError unless it takes one argument, the conditions."""
        del names
        try:
            inspect.signature(self.func).bind(0)
        except TypeError:
            raise DefinitionError(
                f"the function {self.name!r} must take one argument, the conditions: "
                f"def {self.name}(x)"
            ) from None
        except ValueError:  # one written in C tells nothing of itself
            return

    def make_place(self, name: str) -> Path | None:
        """Return a new folder for a process; None for a thread."""
        del name
        return make_place() if self.process else None

    def carry_out(self, call: WorkCall) -> Any:
        """Call the function and return its result."""
        if not self.process:
            return ThreadCall(
                self.func,
                call,
                name=self.name,
                timeout=self.timeout,
                repeatable=self.repeatable,
            ).result()
        return call_in_process(
            self.func, call, name=self.name, timeout=self.timeout, memory=self.memory
        )

    def spec(self) -> dict[str, Json]:
        """Return what is stored of it with the campaign."""
        return super().spec() | ({"memory": self.memory} if self.memory is not None else {})


def call_in_process(
    func: Callable[..., Any],
    call: WorkCall,
    *,
    name: str,
    timeout: float | None,
    memory: float | None = None,
) -> Any:
    """Carry ``func(*call.args)`` out in a new process and return its result."""
    assert call.place is not None  # noqa: S101 - made for every kind that runs a process
    write_call(call.place, func, call.args, folder=call.folder)
    program = Program(
        argv=[sys.executable, "-P", "-c", _CHILD, str(call.place)],
        name=name,
        folder=call.folder,
        env={"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        timeout=timeout,
        memory=memory,
    )
    code = run_program(program, call)
    if not has_result(call.place):
        raise WorkError(
            f"{name} ended its process with exit code {code} before it returned; the log of the "
            "experiment may tell why"
        )
    return read_result(call.place)


def as_work(thing: object) -> Work:
    """Return work as it is, and a plain function as work in a thread.

    Raises:
        DefinitionError: it is neither.
    """
    if isinstance(thing, Work):
        return thing
    if callable(thing):
        return Function(thing)
    raise DefinitionError(
        f"a function, a Command, a Notebook or a ClusterJob is needed, got {thing!r}"
    )
