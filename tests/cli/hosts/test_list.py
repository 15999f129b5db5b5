"""Promise: a host that cannot be used is not called ended while its process has its devices."""

import os

from labloop.cli.hosts.show import list_
from labloop.service.listening import Listen, claimed


def test_a_host_that_hangs_is_told_from_one_that_ended(tmp_path, monkeypatch, capsys):
    """The lock on its name decides, which ends with its process; silence says nothing."""
    monkeypatch.setenv("LABLOOP_HOSTS", str(tmp_path))
    listen = Listen()
    with listen.bind() as port, claimed("wetlab") as claim:
        url = listen.url(port.getsockname()[1])
        port.close()
        claim.write(url, listen)
        left = claim.path.read_bytes()
        list_()
        hangs = capsys.readouterr().out
    assert f"wetlab: process {os.getpid()} runs and keeps its devices" in hangs
    assert "start it anew" not in hangs
    claim.path.write_bytes(left)
    list_()
    assert "ended without a word, start it anew" in capsys.readouterr().out
