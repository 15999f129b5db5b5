"""The host's side of ``host://``: campaigns that share the devices of one process.

Here belongs who has which device, what was asked, what became of it, and how lab time is shared.
HTTP, the database and the page belong to the room ``service``. Read ``host_sessions.py`` first.
"""

from labloop.lab.sessions.action_record import ActionRecord
from labloop.lab.sessions.held_session import Asker, HeldSession
from labloop.lab.sessions.host_sessions import HostSessions
from labloop.lab.sessions.lease import SessionLease

__all__ = ["ActionRecord", "Asker", "HeldSession", "HostSessions", "SessionLease"]
