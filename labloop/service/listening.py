"""Where a host listens, and where it writes that down for campaigns of this machine."""

import json
import os
import secrets
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from labloop.errors import CampaignError, LeaseError
from labloop.lab import address_file, check_name, open_for_all, read_token, try_lock, unlock

_LETTERS = 32


@dataclass(frozen=True, slots=True)
class Listen:
    """An address, with what an address that others can reach needs.

    Raises:
        CampaignError: it can be reached from other machines and has no TLS, or is no address.
    """

    address: str = "127.0.0.1:0"
    """``machine:port``; port 0 is a free one."""
    certificate: Path | None = None
    key: Path | None = None

    def __post_init__(self) -> None:
        machine, colon, port = self.address.rpartition(":")
        if not colon or not machine or not port.isdigit() or int(port) > 65535:
            raise CampaignError(
                f"a host listens on MACHINE:PORT, such as 192.0.2.7:8443, got {self.address!r}"
            )
        if (self.certificate is None) != (self.key is None):
            raise CampaignError("TLS needs both --certificate and --key")
        missing = [
            str(p) for p in (self.certificate, self.key) if p is not None and not p.is_file()
        ]
        if missing:
            raise CampaignError(f"{' and '.join(missing)} cannot be read; name PEM files")
        if self.certificate is None and not self.is_loopback:
            raise CampaignError(
                f"{self.address} can be reached from other machines, so it needs TLS: add "
                "--certificate CERT.pem --key KEY.pem, or listen on 127.0.0.1"
            )
        if self.certificate is not None and self.key is not None:
            _check_pair(self.certificate, self.key)

    @property
    def machine(self) -> str:
        """The address without its port."""
        return self.address.rpartition(":")[0].strip("[]")

    @property
    def is_loopback(self) -> bool:
        """Whether this machine alone can reach it."""
        if self.machine == "localhost":
            return True
        with suppress(ValueError):
            return ip_address(self.machine).is_loopback
        return False

    def bind(self) -> socket.socket:
        """Return a socket that listens; raises CampaignError where that is not possible."""
        port = int(self.address.rpartition(":")[2])
        try:
            return socket.create_server(
                (self.machine, port),
                family=socket.AF_INET6 if ":" in self.machine else socket.AF_INET,
                # On Windows it would let a second program listen there as well.
                reuse_port=False,
            )
        except OSError as error:
            why = (error.strerror or str(error)).partition(" (while")[0]
            raise CampaignError(
                f"nobody can listen on {self.address} ({why}); name another address of this "
                "machine, or end the program that does"
            ) from error

    def url(self, port: int) -> str:
        """Return the address as campaigns of this machine reach it."""
        scheme = "http" if self.certificate is None else "https"
        machine = "127.0.0.1" if self.machine in {"0.0.0.0", "localhost"} else self.machine  # noqa: S104 - compared
        return f"{scheme}://{f'[{machine}]' if ':' in machine else machine}:{port}"


def _check_pair(certificate: Path, key: Path) -> None:
    """Raise CampaignError where a certificate and a key cannot be served with."""

    def no_password() -> str:
        raise CampaignError(
            f"{key} is locked by a password, and nobody is there to type it when a host starts; "
            "make one without (openssl: -nodes)"
        )

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key, no_password)
    except (OSError, ValueError) as error:
        told = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        raise CampaignError(
            f"{certificate} and {key} are no certificate and its key ({told}); name the two PEM "
            "files that were made together"
        ) from error


@dataclass(frozen=True, slots=True)
class Claim:
    """The name of a host, which no other one of this user has while it runs."""

    path: Path
    token: str
    """Kept from start to start, so that other machines need it once."""

    def write(self, url: str, listen: Listen) -> None:
        """Write down where the host is; only its user can read it."""
        told = {
            "url": url,
            "token": self.token,
            "pid": os.getpid(),
            "certificate": str(listen.certificate.resolve()) if listen.certificate else "",
        }
        part = self.path.with_suffix(".part")
        _write(part, json.dumps(told))
        part.replace(self.path)


@contextmanager
def claimed(name: str) -> Iterator[Claim]:
    """Have a name for a host while it runs.

    Raises:
        LeaseError: a host of that name runs.
        LabFileError: it is no name.
        NotConnectedError: the file of its token holds none.
    """
    path = address_file(check_name(name))
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = open_for_all(path.with_suffix(".lock"))
    if not try_lock(handle):
        os.close(handle)
        raise LeaseError(
            f"a host called {name!r} runs on this machine already; use it, end it with: labloop "
            f"lab down {name}, or give this one another --name"
        )
    try:
        yield Claim(path, _token(path.with_suffix(".token")))
    finally:
        with suppress(OSError):
            path.unlink(missing_ok=True)
        unlock(handle)
        os.close(handle)


def is_claimed(name: str) -> bool:
    """Return whether a process of this machine has the name of a host, whether it answers or not.

    Unlike a process number, which may be another program's by now, the lock ends with its process.
    """
    path = address_file(check_name(name)).with_suffix(".lock")
    if not path.exists():
        return False
    handle = open_for_all(path)
    try:
        if not try_lock(handle):
            return True
        unlock(handle)
        return False
    finally:
        os.close(handle)


def _token(path: Path) -> str:
    if not path.is_file():
        _write(path, secrets.token_urlsafe(_LETTERS))
    return read_token(path)


def _write(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
