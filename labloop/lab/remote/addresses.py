"""Where hosts are found: ``host://name`` on this machine, ``host://name@machine:port`` elsewhere.

A host writes its address and its token into a file that only its user may read. For a host on
another machine a person puts a copy of the token, and of the certificate, into the same folder.
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from labloop.errors import LabFileError, NotConnectedError

SCHEME = "host://"
FOLDER_VARIABLE = "LABLOOP_HOSTS"
"""The environment variable that names another folder of hosts."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{20,200}")


@dataclass(frozen=True, slots=True, kw_only=True)
class HostAddress:
    """A host as a campaign finds it."""

    name: str
    url: str
    """Where it listens: ``http://127.0.0.1:47811``, or ``https://`` on another machine."""
    token: str
    certificate: Path | None = None
    """The certificate that it must show."""
    same_machine: bool = True
    pid: int = 0
    """Its process on this machine; 0 for a host on another one."""

    @property
    def place(self) -> str:
        """The host as the verbs of ``labloop lab`` take it."""
        return self.name if self.same_machine else f"{self.name}@{urlsplit(self.url).netloc}"


@dataclass(frozen=True, slots=True)
class HostUrl:
    """``host://name[@machine:port][?devices=pump,oven]``, taken apart."""

    name: str
    machine: str = ""
    """``machine:port``; empty for this machine."""
    devices: tuple[str, ...] = ()
    """The devices and kinds of stations that are asked for; empty for all."""

    @property
    def place(self) -> str:
        """The name of the files that belong to it."""
        return f"{self.name}@{self.machine.partition(':')[0]}" if self.machine else self.name


def is_host(lab: str | None) -> bool:
    """Return whether ``lab`` names a host and no lab file."""
    return lab is not None and lab.startswith(SCHEME)


def parse_host(text: str) -> HostUrl:
    """Return a host's URL taken apart.

    Raises:
        LabFileError: it is none.
    """
    parts = urlsplit(text)
    name, _, machine = (
        parts.netloc.rpartition("@") if "@" in parts.netloc else (parts.netloc, "", "")
    )
    asked = dict(parse_qsl(parts.query, keep_blank_values=True))
    devices = tuple(filter(None, asked.pop("devices", "").split(",")))
    port = machine.rpartition(":")[2]
    wrong_machine = bool(machine) and not (":" in machine and port.isdigit())
    odd = parts.path or parts.fragment or asked
    if parts.scheme != "host" or not _NAME.fullmatch(name) or wrong_machine or odd:
        raise LabFileError(
            f"{text!r} names no host; write host://NAME for one on this machine, "
            "host://NAME@MACHINE:PORT for another one, and ?devices=pump,oven behind it for a part"
        )
    return HostUrl(name, machine, devices)


def hosts_folder() -> Path:
    """Return the folder in which hosts and their tokens are found."""
    given = os.environ.get(FOLDER_VARIABLE)
    return Path(given) if given else Path.home() / ".labloop" / "hosts"


def find_host(host: HostUrl) -> HostAddress:
    """Return where a host is; nothing is sent.

    Raises:
        NotConnectedError: no host of that name is known here; the message says what to do.
    """
    folder = hosts_folder()
    if not host.machine:
        return _on_this_machine(host.name, folder)
    token, certificate = folder / f"{host.place}.token", folder / f"{host.place}.pem"
    missing = [str(each) for each in (token, certificate) if not each.is_file()]
    if missing:
        raise NotConnectedError(
            f"the host {host.name!r} on {host.machine} needs {' and '.join(missing)}: copy its "
            "token and its certificate there, as `labloop lab up` prints them"
        )
    return HostAddress(
        name=host.name,
        url=f"https://{host.machine}",
        token=read_token(token),
        certificate=certificate,
        same_machine=False,
    )


def read_token(path: Path) -> str:
    """Return the token that a file holds.

    Raises:
        NotConnectedError: it holds none. An empty one would let everybody in.
    """
    try:
        text = path.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        text = ""
    if not _TOKEN.fullmatch(text):
        raise NotConnectedError(
            f"{path} holds no token of a host, or cannot be read; copy it anew from the machine of "
            "the host. On that machine remove it, and the host makes a new one at its next start"
        )
    return text


def known_hosts() -> Mapping[str, HostAddress]:
    """Return name -> host of this machine, also of those that have ended without a word."""
    found = sorted(hosts_folder().glob("*.json"))
    return {path.stem: _on_this_machine(path.stem, path.parent) for path in found}


def address_file(name: str) -> Path:
    """Return the file in which a host of this machine writes where it is."""
    return hosts_folder() / f"{name}.json"


def check_name(name: str) -> str:
    """Return the name of a host; raises LabFileError where it cannot be one."""
    if not _NAME.fullmatch(name):
        raise LabFileError(
            f"a host's name is made of letters, digits and _ . - (64 at most), got {name!r}"
        )
    return name


def _on_this_machine(name: str, folder: Path) -> HostAddress:
    path = folder / f"{name}.json"
    try:
        return _read_address(path)
    except FileNotFoundError:
        known = ", ".join(sorted(each.stem for each in folder.glob("*.json"))) or "none"
        raise NotConnectedError(
            f"no host is called {name!r} on this machine; known are: {known}. Start it with: "
            f"labloop lab up LAB.toml --name {name}"
        ) from None
    except PermissionError:
        raise NotConnectedError(
            f"the host {name!r} belongs to another user of this machine ({path}); let that one "
            f"listen by TLS and give you its token, then use it as host://{name}@MACHINE:PORT"
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NotConnectedError(
            f"{path}, where the host {name!r} says where it is, cannot be read ({error}); start "
            f"the host anew with: labloop lab up LAB.toml --name {name}"
        ) from error


def _read_address(path: Path) -> HostAddress:
    """Return what a host wrote; raises OSError, ValueError, KeyError or TypeError."""
    _check_owner(path)
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    certificate = found["certificate"]
    if not _TOKEN.fullmatch(found["token"]):
        raise ValueError("it holds no token")
    return HostAddress(
        name=path.stem,
        url=found["url"],
        token=found["token"],
        certificate=Path(certificate) if certificate else None,
        pid=found["pid"],
    )


def _check_owner(path: Path) -> None:
    """Raise PermissionError where another user wrote the file, who may lead elsewhere."""
    if hasattr(os, "geteuid") and path.stat().st_uid not in {os.geteuid(), 0} and os.geteuid():
        raise PermissionError(path)
