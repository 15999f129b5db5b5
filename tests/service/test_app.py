"""Promises of a host's door: one sentence for each bad call, before anything moves."""

import json
import os
import socket
import time
from types import SimpleNamespace

import pytest
from host_toys import lab_on, running_host

from labloop.errors import (
    CampaignError,
    LabFileError,
    LabloopError,
    LeaseError,
    NotConnectedError,
)
from labloop.lab import address_file, look_at_host
from labloop.lab.remote import remote_lab
from labloop.records import Mode
from labloop.service import HostOrder, Listen, end_host, host_status
from labloop.store import open_database


def changed(**what):
    told = json.loads(address_file("bench").read_text())
    address_file("bench").write_text(json.dumps({**told, **what}))


def test_an_unknown_name_says_which_there_are(tmp_path):
    with running_host(tmp_path), pytest.raises(NotConnectedError, match="known are: bench"):
        look_at_host("host://bensh", None)


def test_a_host_that_is_down_is_told_with_the_way_to_look(tmp_path, monkeypatch):
    monkeypatch.setattr(remote_lab, "_FIRST_SECONDS", 0.2)
    with running_host(tmp_path):
        told = address_file("bench").read_text()
    address_file("bench").write_text(told)
    with pytest.raises(NotConnectedError, match=r"does not answer .*labloop lab status bench"):
        look_at_host("host://bench", None)


def test_something_else_on_the_port_is_no_host(tmp_path, monkeypatch):
    """Another server answers in another language."""
    with running_host(tmp_path), socket.create_server(("127.0.0.1", 0)) as other:
        changed(url=f"http://127.0.0.1:{other.getsockname()[1]}")
        monkeypatch.setattr(remote_lab, "_FIRST_SECONDS", 0.2)
        monkeypatch.setattr("labloop.lab.remote.link._CALL_SECONDS", 0.2)
        with pytest.raises(NotConnectedError, match="does not answer"):
            look_at_host("host://bench", None)


def test_a_wrong_token_is_told(tmp_path):
    with running_host(tmp_path):
        changed(token="w" * 43)
        with pytest.raises(NotConnectedError, match="the token is not the one of this host"):
            look_at_host("host://bench", None)


@pytest.mark.parametrize(
    "text", [b"", b"short", b"two\nlines" * 9, "tök".encode() * 9, b"\xff" * 43]
)
def test_a_file_that_holds_no_token_is_told_and_lets_nobody_in(tmp_path, text):
    """Neither at the machine of the host nor at another one; an empty token would fit any."""
    address_file("bench").parent.mkdir(parents=True)
    own = address_file("bench").with_suffix(".token")
    own.write_bytes(text)
    no_token = pytest.raises(NotConnectedError, match=r"holds no token .*bench.*|bench.*no token")
    with no_token, running_host(tmp_path):
        pass
    own.with_name("bench@lab-pc.token").write_bytes(text)
    own.with_name("bench@lab-pc.pem").write_text("")
    with no_token:
        look_at_host("host://bench@lab-pc:8443", None)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="files have owners on POSIX")
def test_the_file_of_another_users_host_is_not_followed(tmp_path, monkeypatch):
    """Another user could lead a campaign to a host of his own."""
    with running_host(tmp_path):
        if os.geteuid() == 0:
            # What root has written is trusted.
            os.chown(address_file("bench"), 12345, -1)
        monkeypatch.setattr(os, "geteuid", lambda: address_file("bench").stat().st_uid + 1)
        with pytest.raises(NotConnectedError, match="belongs to another user of this machine"):
            look_at_host("host://bench", None)


def test_no_other_host_is_ended_or_shown_than_the_one_that_was_named(tmp_path):
    """Whoever listens there is asked for its name first."""
    with running_host(tmp_path) as running:
        told = address_file("bench").read_text()
        address_file("oven").write_text(told)
        for ask in (host_status, end_host):
            with pytest.raises(NotConnectedError, match="a host called 'bench' answers"):
                ask("oven")
        assert not running.down.is_set()
        address_file("oven").unlink()


def test_a_port_that_is_taken_is_told_before_anything_moves(tmp_path):
    """No device has been opened by then."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        taken = pytest.raises(CampaignError, match=f"nobody can listen on {address} .*another")
        with taken, running_host(tmp_path, listen=Listen(address)):
            pass
    with open_database(tmp_path / "host.db") as rows:
        assert rows.campaigns.all() == []


def test_a_host_without_a_proper_name_is_refused(tmp_path):
    """Also one whose name is too long for a file."""
    for name in ("", "a b", "ö", "n" * 300):
        with pytest.raises(LabFileError, match="a host's name is made of"):
            HostOrder(lab_file=None, name=name)


def test_another_version_is_refused(tmp_path, monkeypatch):
    with running_host(tmp_path):
        monkeypatch.setattr(remote_lab, "API", 99)
        with pytest.raises(NotConnectedError, match="speaks version 1 and this labloop version 99"):
            look_at_host("host://bench", None)


def test_a_clock_that_differs_by_an_hour_is_refused(tmp_path, monkeypatch):
    ahead = SimpleNamespace(time=lambda: time.time() + 3600, monotonic=time.monotonic)
    with running_host(tmp_path):
        monkeypatch.setattr("labloop.service.status.time", ahead)
        with pytest.raises(NotConnectedError, match=r"differs by 3\d\d\d s"):
            look_at_host("host://bench", None)


def test_a_real_campaign_gets_no_simulated_lab(tmp_path):
    with (
        running_host(tmp_path),
        pytest.raises(LabFileError, match="has a simulated lab and a real"),
    ):
        look_at_host("host://bench", Mode.REAL)


def test_a_device_that_the_host_has_not_is_named(tmp_path):
    wrong = pytest.raises(LabFileError, match="has no oven; it has the devices a, b and the stat")
    with running_host(tmp_path), wrong, lab_on("host://bench?devices=a,oven"):
        pass


@pytest.mark.parametrize(
    "url", ["host://", "host://x y", "host://a@b", "host://a/b", "host://a?colour=red"]
)
def test_a_url_that_names_no_host_is_refused(url):
    with pytest.raises(LabFileError, match="names no host; write host://NAME"):
        look_at_host(url, None)


def test_two_hosts_of_one_name_cannot_run(tmp_path):
    (tmp_path / "other").mkdir()
    second = pytest.raises(LeaseError, match="a host called 'bench' runs on this machine already")
    with running_host(tmp_path), second, running_host(tmp_path / "other"):
        pass


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("0.0.0.0:8443", "needs TLS"),
        ("lab-pc", "MACHINE:PORT"),
        ("127.0.0.1:99999", "MACHINE:PORT"),
    ],
)
def test_an_address_that_others_can_reach_needs_tls(address, words):
    with pytest.raises(CampaignError, match=words):
        Listen(address)


def test_the_address_file_is_for_its_user_alone_and_goes_with_the_host(tmp_path):
    with running_host(tmp_path):
        path = address_file("bench")
        assert path.stat().st_mode & 0o777 == 0o600
        end_host("bench")
        deadline = time.monotonic() + 20
        while path.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
    assert not path.exists()


def test_only_loopback_names_are_answered_and_calls_need_the_token(tmp_path):
    """A page of another origin that was led here by its own name gets nothing."""
    import httpx

    with running_host(tmp_path) as running:
        url = running.view.url
        assert httpx.get(f"{url}/", trust_env=False).status_code == 200
        assert httpx.get(f"{url}/status", trust_env=False).status_code == 401
        foreign = {"Host": "evil.example:80"}
        assert httpx.get(f"{url}/", headers=foreign, trust_env=False).status_code == 403
        posted = httpx.post(f"{url}/down", trust_env=False)
        assert posted.status_code == 401
        assert [d["name"] for d in host_status("bench")["devices"]] == ["a", "b"]


def test_a_call_that_makes_no_sense_is_a_sentence_and_no_crash(tmp_path):
    """Fields that are missing or of another kind."""
    with running_host(tmp_path), lab_on() as host:
        link, session = host.session._link, host.session._id
        for body in ({}, {"id": 5, "kind": "action", "device": "a"}, {"id": "n", "kind": "x"}):
            with pytest.raises(LabloopError, match=r"host|request"):
                link.call("POST", f"/sessions/{session}/requests", body)
        with pytest.raises(LabloopError, match="need the same version of labloop"):
            link.call("POST", "/sessions", {"session": "x"})
