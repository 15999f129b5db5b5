"""The lab of a host, as a campaign opens it."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from labloop.errors import LabFileError, NotConnectedError
from labloop.lab.configuration import LabFile, LabPlan
from labloop.lab.remote.addresses import HostUrl, find_host, parse_host
from labloop.lab.remote.description import remote_lab_file, remote_plan
from labloop.lab.remote.link import HostLink
from labloop.lab.remote.remote_device import RemoteTransport
from labloop.lab.remote.session import HostSession, ask_host
from labloop.lab.remote.wire import API, Answer
from labloop.lab.time import Clock, TimeKeeper
from labloop.lab.transports import Transport
from labloop.records import Mode

_CLOCKS_SECONDS = 300.0
"""Wall clocks may differ by so much: the records of both are put in order by them."""
_FIRST_SECONDS = 3.0
"""So long the first word of a host is waited for."""


@dataclass(frozen=True, slots=True)
class RemoteLab:
    """The lab of a host, with the session in which its devices are used."""

    lab_file: LabFile
    plan: LabPlan
    session: HostSession

    @property
    def keeper(self) -> TimeKeeper | None:
        """What keeps lab time; None in real time."""
        return self.session if self.session.stepped else None

    def transport(self, name: str, clock: Clock) -> Transport:
        """Return what stands for the line of a device."""
        return RemoteTransport(self.lab_file.devices[name].url, clock, self.session)


@dataclass(frozen=True, slots=True)
class KnownLab:
    """The lab of a host, as the host describes it; nothing of it is held."""

    url: HostUrl
    lab_file: LabFile
    plan: LabPlan


@contextmanager
def host_link(text: str) -> Iterator[tuple[HostUrl, HostLink]]:
    """Yield a host's URL taken apart, and the line to it.

    Raises:
        LabFileError: the URL is none.
        NotConnectedError: no such host is known here.
    """
    url = parse_host(text)
    link = HostLink(find_host(url))
    try:
        yield url, link
    finally:
        link.close()


def look_at_host(text: str, mode: Mode | None) -> KnownLab:
    """Return what a host tells of its lab.

    Args:
        text: ``host://name``, with machine and devices.
        mode: in which its lab must be; None for either.

    Raises:
        LabFileError: the URL is none, or the host's lab is not what is wanted.
        NotConnectedError: it is not known, does not answer, or speaks another version.
    """
    with host_link(text) as (url, link):
        return _known(url, link, mode)


@contextmanager
def open_host(text: str, mode: Mode, asked: Mapping[str, Any]) -> Iterator[RemoteLab]:
    """Hold devices of a host, and give them back at the end; see :func:`look_at_host`.

    Args:
        text: ``host://name``, with machine and devices.
        mode: in which its lab must be.
        asked: ``campaign``, ``user`` and ``place``, told to whoever asks for the same devices.

    Raises:
        LeaseError: somebody else has one of them.
    """
    with host_link(text) as (url, link):
        known = _known(url, link, mode)
        names = [*known.lab_file.devices, *known.lab_file.stations]
        session = HostSession(link, {**asked, "devices": names})
        try:
            yield RemoteLab(known.lab_file, known.plan, session)
        finally:
            session.close()


def ask_about(text: str, token: int, action: str) -> Answer:
    """Return what a host's record says became of an action.

    Args:
        text: ``host://name``.
        token: the fencing token of the intent.
        action: the id of the intent.
    """
    with host_link(text) as (_, link):
        return ask_host(link, token, action)


def _known(url: HostUrl, link: HostLink, mode: Mode | None) -> KnownLab:
    told = link.call("GET", "/lab", patience=_FIRST_SECONDS)
    _check_host(url, told, mode)
    lab_file = remote_lab_file(told["lab"], url.name, url.devices)
    return KnownLab(url, lab_file, remote_plan(lab_file, told["devices"]))


def _check_host(url: HostUrl, told: Mapping[str, Any], mode: Mode | None) -> None:
    if told.get("api") != API:
        raise NotConnectedError(
            f"the host {url.name!r} speaks version {told.get('api')} and this labloop version "
            f"{API}; install the same version of labloop at both ends"
        )
    if told["name"] != url.name:
        raise NotConnectedError(
            f"a host called {told['name']!r} answers where {url.name!r} was expected; correct the "
            "address"
        )
    apart = abs(told["wall"] - time.time())
    if apart > _CLOCKS_SECONDS:
        raise NotConnectedError(
            f"the clock of the host {url.name!r} differs by {apart:.0f} s from this machine's, so "
            "their records could not be put in order; set the wrong one (NTP does it by itself)"
        )
    if mode is not None and told["mode"] != mode.value:
        way = "add --real" if told["mode"] == Mode.REAL.value else "start it with --real"
        raise LabFileError(
            f"the host {url.name!r} has a {told['mode']} lab and a {mode.value} one was asked "
            f"for; {way}"
        )
