"""Where an engine may put itself around the loop, without owning any of it."""

from collections.abc import Callable
from typing import Protocol

from labloop.campaign.progress import Snapshot
from labloop.records import Executor, ProposalBatch


class Hooks(Protocol):
    """What an engine such as Prefect wraps: executor, proposal rounds, what is shown."""

    def executor(self, inner: Executor) -> Executor:
        """Return an executor around ``inner``."""
        ...

    def propose(self, round_index: int, call: Callable[[], ProposalBatch]) -> ProposalBatch:
        """Carry out ``call``, which asks the brain for a round; called in the brain's thread."""
        ...

    def changed(self, snapshot: Snapshot) -> None:
        """Take note of where the campaign stands; must return at once."""
        ...


class PlainHooks:
    """The engine that adds nothing."""

    def __init__(self, watch: Callable[[Snapshot], None] | None = None) -> None:
        self._watch = watch

    def executor(self, inner: Executor) -> Executor:
        """Return ``inner``."""
        return inner

    def propose(self, round_index: int, call: Callable[[], ProposalBatch]) -> ProposalBatch:
        """Call."""
        del round_index
        return call()

    def changed(self, snapshot: Snapshot) -> None:
        """Pass the snapshot on to whoever watches."""
        if self._watch is not None:
            self._watch(snapshot)
