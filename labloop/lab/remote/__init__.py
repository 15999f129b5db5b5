"""A lab in another process: ``host://name`` in place of a lab file.

Here belongs the campaign's side: where hosts are found, the line to one, the session with it, and
devices that are carried out over there. What the host does belongs to ``sessions``. Read
``remote_lab.py`` first, then ``session.py``.
"""

from labloop.lab.remote.addresses import (
    HostAddress,
    address_file,
    check_name,
    find_host,
    hosts_folder,
    is_host,
    known_hosts,
    parse_host,
    read_token,
)
from labloop.lab.remote.description import describe_driver, describe_lab
from labloop.lab.remote.link import HostLink
from labloop.lab.remote.remote_lab import (
    KnownLab,
    RemoteLab,
    ask_about,
    host_link,
    look_at_host,
    open_host,
)
from labloop.lab.remote.wire import API, RUNNING, Answer, Request, encode, kind_of_error

__all__ = [
    "API",
    "RUNNING",
    "Answer",
    "HostAddress",
    "HostLink",
    "KnownLab",
    "RemoteLab",
    "Request",
    "address_file",
    "ask_about",
    "check_name",
    "describe_driver",
    "describe_lab",
    "encode",
    "find_host",
    "host_link",
    "hosts_folder",
    "is_host",
    "kind_of_error",
    "known_hosts",
    "look_at_host",
    "open_host",
    "parse_host",
    "read_token",
]
