"""Calls of a Python library in place of bytes: an SDK of a vendor, a driver of another project.

Here belong the thread on which a library works and the transport that carries calls to it. What
the calls mean belongs to a driver. Read ``library_transport.py`` first.
"""

from labloop.lab.libraries.library_thread import LibraryThread
from labloop.lab.libraries.library_transport import LibraryTransport
from labloop.lab.libraries.replayed_calls import ReplayedCalls

__all__ = ["LibraryThread", "LibraryTransport", "ReplayedCalls"]
