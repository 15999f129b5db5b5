"""Leases: who may run a campaign and command a device, with fencing tokens.

Here belongs who has a lease, whether its holder is dead or silent, and that a holder who lost a
campaign writes nothing more. Read ``leases.py`` first.
"""

from labloop.store.repositories.leasing.leases import SqlLeases, process_ended, process_owner

__all__ = ["SqlLeases", "process_ended", "process_owner"]
