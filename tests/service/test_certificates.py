"""Promises of TLS at a host's door: whom a campaign trusts, and what it says of others."""

import datetime as dt
import ipaddress
import shutil
import subprocess

import pytest
from host_toys import running_host

from labloop.errors import CampaignError, NotConnectedError
from labloop.lab import address_file, hosts_folder, look_at_host
from labloop.service import Listen

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")


def pair(folder, name, *, where="IP:127.0.0.1", password=""):
    """Make a certificate and its key as the documentation says; return both."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}-key.pem"
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    words += ["-days", "9", "-keyout", str(key), "-out", str(certificate)]
    words += ["-subj", "/CN=lab-pc", "-addext", f"subjectAltName={where}"]
    words += ["-passout", f"pass:{password}"] if password else ["-nodes"]
    subprocess.run(words, check=True, capture_output=True)
    return certificate, key


def expired(folder):
    """Make a certificate whose time is over; openssl's command makes none."""
    pytest.importorskip("cryptography")
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    made = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "lab-pc")])
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    now, day = dt.datetime.now(dt.UTC), dt.timedelta(days=1)
    builder = x509.CertificateBuilder(name, name, made.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - 3 * day).not_valid_after(now - day)
    signed = builder.add_extension(names, critical=False).sign(made, hashes.SHA256())
    certificate, key = folder / "expired.pem", folder / "expired-key.pem"
    pem = serialization.Encoding.PEM
    certificate.write_bytes(signed.public_bytes(pem))
    form = serialization.PrivateFormat.PKCS8
    key.write_bytes(made.private_bytes(pem, form, serialization.NoEncryption()))
    return certificate, key


def elsewhere(running, certificate):
    """Be another machine that has the token and a certificate; return the lab's address."""
    machine = running.view.url.removeprefix("https://")
    place = hosts_folder() / f"bench@{machine.partition(':')[0]}"
    shutil.copy(address_file("bench").with_suffix(".token"), f"{place}.token")
    shutil.copy(certificate, f"{place}.pem")
    return f"host://bench@{machine}"


def listening(made):
    return {"listen": Listen("127.0.0.1:0", *made)}


def test_a_host_is_known_by_the_very_certificate_that_a_person_copied(tmp_path):
    """Another one of the same name is refused, and so is a file that holds none."""
    made, other = pair(tmp_path, "made"), pair(tmp_path, "other")
    with running_host(tmp_path, **listening(made)) as running:
        lab = elsewhere(running, made[0])
        assert set(look_at_host(lab, None).lab_file.devices) == {"a", "b"}
        elsewhere(running, other[0])
        with pytest.raises(NotConnectedError, match=r"another certificate than .*copy the"):
            look_at_host(lab, None)
        elsewhere(running, made[1])
        with pytest.raises(NotConnectedError, match="holds no certificate, or cannot be read"):
            look_at_host(lab, None)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (expired, "is not valid at this moment .*expired.*set the clock"),
        (
            lambda folder: pair(folder, "far", where="DNS:lab-pc"),
            "is one for another name .*subjectAltName",
        ),
    ],
)
def test_a_certificate_that_does_not_fit_is_told_at_once(tmp_path, make, words):
    """Asking again would be no use; nothing was sent."""
    files = make(tmp_path)
    with running_host(tmp_path, **listening(files)) as running:
        lab = elsewhere(running, files[0])
        with pytest.raises(NotConnectedError, match=f"{words}.*Nothing was sent"):
            look_at_host(lab, None)


def test_files_that_cannot_be_served_with_are_told_before_anything_moves(tmp_path):
    """Another key, no PEM, and a key that waits for a password."""
    made, other = pair(tmp_path, "made"), pair(tmp_path, "other")
    locked = pair(tmp_path, "locked", password="sesame")  # noqa: S106 - of this test
    (tmp_path / "odd.pem").write_text("odd")
    with pytest.raises(CampaignError, match="are no certificate and its key"):
        Listen("127.0.0.1:0", made[0], other[1])
    with pytest.raises(CampaignError, match="are no certificate and its key"):
        Listen("127.0.0.1:0", tmp_path / "odd.pem", made[1])
    with pytest.raises(CampaignError, match="is locked by a password"):
        Listen("127.0.0.1:0", *locked)
