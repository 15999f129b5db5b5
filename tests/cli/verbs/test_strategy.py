"""Peers are installed into an environment of their own, from whatever index pip is given."""

import base64
import hashlib
import subprocess
import zipfile
from pathlib import Path

import pytest

from labloop.brain.peers import PEERS, installed
from labloop.brain.peers.catalogue import PINS

WANTED = [PEERS["baybe"].requirement, *PINS]


def wheel(folder: Path, requirement: str) -> None:
    """Write a wheel of an empty package into a folder that pip takes for an index."""
    bare, version = requirement.split("==")
    name, _, extra = bare.rstrip("]").partition("[")
    info = f"{name}-{version}.dist-info"
    head = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    files = {
        f"{name}/__init__.py": f'__version__ = "{version}"\n',
        f"{info}/METADATA": head + (f"Provides-Extra: {extra}\n" if extra else ""),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    lines = []
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
        lines.append(f"{path},sha256={digest.decode()},{len(text.encode())}")
    files[f"{info}/RECORD"] = "\n".join([*lines, f"{info}/RECORD,,", ""])
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as made:
        for path, text in files.items():
            made.writestr(path, text)


@pytest.fixture
def index(tmp_path, monkeypatch) -> Path:
    """Return a folder that is all that pip knows, and let peers live beside it."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.setenv("LABLOOP_PEERS", str(tmp_path / "peers"))
    return folder


def test_a_peer_is_installed_and_found(shell, index):
    """What is missing is said; then the pinned versions are there, and the list says where."""
    assert "no peer is called 'hyperopt'" in shell.refused("strategy", "install", "hyperopt")
    refused = shell.refused("strategy", "install", "baybe")
    assert "pip could not install baybe[chem]==0.15.0, " not in refused
    assert "pip could not install baybe[chem]==0.15.0 into" in refused
    assert "not installed: labloop strategy install baybe" in shell.ok("strategy", "list")
    for requirement in WANTED:
        wheel(index, requirement)
    said = shell.ok("strategy", "install", "baybe")
    assert "installed baybe in" in said
    assert "used by strategy='baybe'" in said
    python = installed(PEERS["baybe"])
    assert python is not None
    assert str(python) in shell.ok("strategy", "list")
    code = "import baybe, torch; print(baybe.__version__, torch.__version__)"
    found = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["0.15.0", PINS[0].split("==")[1]]
