"""The host as a process: the devices of one lab, served to campaigns over HTTP.

Here belongs what a host needs beside the lab itself: its record in a database, its address, HTTP
and the page. Who may command what, and what became of it, is decided in ``labloop.lab.sessions``.
Read ``running.py`` first, then ``app.py``.
"""

from labloop.service.asking import end_host, host_status
from labloop.service.listening import Listen, is_claimed
from labloop.service.running import HostOrder, run_host
from labloop.service.status import HostView

__all__ = ["HostOrder", "HostView", "Listen", "end_host", "host_status", "is_claimed", "run_host"]
