"""Who may command a device of the host: asked by the gate, the last time just before the bytes."""

from concurrent.futures import Future

from labloop.errors import LeaseError
from labloop.lab.devices import SCOPE
from labloop.lab.sessions.held_session import HeldSession, RequestScope


class SessionLease:
    """The holder of each device; a :class:`~labloop.lab.LeaseCheck` for the gate of the host."""

    def __init__(self) -> None:
        self._holders: dict[str, HeldSession] = {}

    def give(self, session: HeldSession) -> None:
        """Give a session its devices."""
        for name in session.devices:
            self._holders[name] = session

    def stop(self, session: HeldSession) -> None:
        """Let nothing of a session pass any more; its devices are not free yet."""
        session.over = session.over or "its session has ended"

    def free(self, session: HeldSession) -> None:
        """Let somebody else have the devices of a session."""
        for name in session.devices:
            if self._holders.get(name) is session:
                del self._holders[name]

    def holder(self, device: str) -> HeldSession | None:
        """Return who has a device."""
        return self._holders.get(device)

    def __call__(self, device: str) -> "Future[int]":
        """Return the fencing token of the running request; raises LeaseError where it is stale."""
        future: Future[int] = Future()
        scope = SCOPE.get()
        session = scope.session if isinstance(scope, RequestScope) else None
        holder = self._holders.get(device)
        if session is None or holder is not session or session.over:
            why = session.over if session is not None and session.over else "somebody else has it"
            future.set_exception(
                LeaseError(f"{device} is not commanded: {why}; nothing was sent to it")
            )
        else:
            future.set_result(session.token)
        return future
