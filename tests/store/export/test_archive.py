"""Promise: an archive holds all of a campaign, and a stranger with Python can tell any change."""

import hashlib
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from store_samples import CAMPAIGN, bundle

from labloop.errors import NotFoundError, StoreError
from labloop.records import Alarm, Command, CommandKind
from labloop.store import write_archive


@pytest.fixture
def archived(done, tmp_path):
    """The archive of a finished campaign in which a person decided something."""
    done.commands.add(Command(campaign_id=CAMPAIGN, kind=CommandKind.PAUSE, actor="anna")).result()
    done.alarms.add(CAMPAIGN, Alarm("drift", "the lamp is weak")).result()
    return write_archive(done, CAMPAIGN, tmp_path / "all.zip")


def verified(archive: Path) -> subprocess.CompletedProcess[str]:
    """Run the script of an archive as a stranger does: alone, in an empty folder."""
    script = archive.with_name("verify.py")
    with zipfile.ZipFile(archive) as file:
        script.write_bytes(file.read("verify.py"))
    return subprocess.run(
        [sys.executable, "-I", "-S", str(script), str(archive)],
        capture_output=True,
        text=True,
        check=False,
    )


def changed(archive: Path, name: str, content: bytes | None) -> Path:
    """Return a copy of an archive in which one file is another one, or missing."""
    made = archive.with_name("changed.zip")
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(made, "w") as new:
        for entry in old.infolist():
            if entry.filename != name:
                new.writestr(entry, old.read(entry))
            elif content is not None:
                new.writestr(entry, content)
    return made


def test_an_archive_holds_everything(archived):
    """Tables, source, transcripts, decisions: what a reviewer asks for."""
    with zipfile.ZipFile(archived.path) as file:
        names = set(file.namelist())
        source = {f"source/{name}" for name in bundle().files}
        assert source
        assert names >= source | {"campaign.json", "history.txt", "manifest.json", "verify.py"}
        assert names >= {f"tables/{t}.{f}" for f in ("csv", "json")
                         for t in ("experiments", "proposals", "journal", "curves",
                                   "calibrations", "stock", "samples")}  # fmt: skip
        history = file.read("history.txt").decode()
        frames = json.loads(file.read("transcripts/pump.jsonl").splitlines()[0])
    assert frames["sent"] == [b"\x02GO\r".hex()]
    for noun in ("campaign", "bundle", "round", "experiment", "analysis", "command", "alarm"):
        assert f'\t{{"{noun}":' in history
    assert "the lamp is weak" in history
    assert "anna" in history


def test_an_archive_verifies_itself(archived):
    """Nothing but Python is needed, and the end of the history is told."""
    answer = verified(archived.path)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert archived.history_sha256 in answer.stdout
    assert "everything is what was archived" in answer.stdout


@pytest.mark.parametrize("name", ["tables/experiments.csv", "source/campaign.py", "history.txt"])
@pytest.mark.parametrize("content", [b"other", None])
def test_any_change_is_told(archived, name, content):
    """A file that was changed or taken away is named."""
    with zipfile.ZipFile(archived.path) as file:
        assert name in file.namelist()
    answer = verified(changed(archived.path, name, content))
    assert answer.returncode == 1
    assert name in answer.stdout + answer.stderr


def test_a_history_that_was_written_anew_ends_elsewhere(archived):
    """Who changes a line and all hashes after it cannot keep the end that was told before."""
    with zipfile.ZipFile(archived.path) as file:
        lines = file.read("history.txt").decode().splitlines()
    texts = [line.partition("\t")[2].replace("the lamp is weak", "all is well") for line in lines]
    end, made = "0" * 64, []
    for text in texts:
        end = hashlib.sha256(f"{end}{text}".encode()).hexdigest()
        made.append(f"{end}\t{text}\n")
    answer = verified(changed(archived.path, "history.txt", "".join(made).encode()))
    assert answer.returncode == 1
    assert end != archived.history_sha256


def test_equal_records_make_equal_bytes(done, tmp_path):
    """An archive says nothing of when or where it was written."""
    first = write_archive(done, CAMPAIGN, tmp_path / "one.zip")
    second = write_archive(done, CAMPAIGN, tmp_path / "two.zip")
    assert first.path.read_bytes() == second.path.read_bytes()


def test_nothing_half_is_left(done, tmp_path):
    """An unknown campaign and a place that cannot be written to are told; no part stays."""
    with pytest.raises(NotFoundError, match="no campaign"):
        write_archive(done, "no", tmp_path / "x.zip")
    with pytest.raises(StoreError, match="cannot be written"):
        write_archive(done, CAMPAIGN, tmp_path / "no" / "x.zip")
    assert list(tmp_path.glob("**/*.part")) == []
