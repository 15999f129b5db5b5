"""A bundle holds the files that a campaign uses, and no other that lies beside it."""

import sys

import pytest
from campaign_toys import FILE

from labloop.campaign import load_campaign
from labloop.errors import CampaignFileError


def kept(folder):
    return set(load_campaign(folder).bundle.files)


def test_what_only_lies_there_is_not_kept(folder):
    """Files that nothing imports, names or opens stay out of the database, secrets with them."""
    for name in ("secrets.json", "notes.txt", "old.csv", "unused.py", "token.toml"):
        (folder / name).write_text("")
    assert kept(folder) == {"campaign.py", "helper.py"}


@pytest.mark.parametrize(
    "code",
    [
        'TABLE = "data/yields.csv"',
        'from pathlib import Path\nTABLE = Path(__file__).parent / "data" / "yields.csv"',
        "from pathlib import Path\n[p.read_text() for p in Path(__file__).parent.glob('data/*')]",
        "import os\nopen(os.path.dirname(__file__) + '/data/yie' + 'lds.csv').close()",
    ],
)
def test_data_that_is_named_or_opened_is_kept(folder, code):
    """A table that the code names, or opens while it loads, is part of the campaign."""
    (folder / "data").mkdir()
    (folder / "data" / "yields.csv").write_text("a\n1\n")
    (folder / "helper.py").write_text(f"TOP = 2.0\n{code}\n")
    assert kept(folder) == {"campaign.py", "helper.py", "data/yields.csv"}


def test_modules_are_kept_however_they_are_used(folder):
    """Imported late, from a package, by name in the lab file: all are needed at a resume."""
    (folder / "tools").mkdir()
    for name in ("tools/__init__.py", "tools/late.py", "tools/near.py", "desk.py", "other.py"):
        (folder / name).write_text("")
    (folder / "tools" / "late.py").write_text("from . import near\n")
    text = FILE + "\ndef react(lab, x):\n    from tools.late import y\n# lab.toml is named here\n"
    (folder / "campaign.py").write_text(text)
    (folder / "lab.toml").write_text('driver = "desk:Desk"\n')
    assert kept(folder) == {
        *("campaign.py", "helper.py", "lab.toml", "desk.py"),
        *("tools/__init__.py", "tools/late.py", "tools/near.py"),
    }


@pytest.mark.skipif(sys.platform == "win32", reason="a link needs rights on Windows")
def test_a_link_out_of_the_folder_is_refused(folder, tmp_path):
    """What a link elsewhere leads to never enters the database unasked."""
    (tmp_path / "private.csv").write_text("secret\n")
    (folder / "yields.csv").symlink_to(tmp_path / "private.csv")
    assert "yields.csv" not in kept(folder)
    (folder / "helper.py").write_text('TOP = 2.0\nTABLE = "yields.csv"\n')
    with pytest.raises(CampaignFileError, match=r"a link to .*private.csv, out of the campaign"):
        load_campaign(folder)


def test_the_same_files_have_the_same_hash_anywhere(folder, tmp_path):
    """The hash is over contents, not over where they lie or when they were written."""
    other = tmp_path / "other"
    other.mkdir()
    for path in folder.glob("*.py"):
        (other / path.name).write_bytes(path.read_bytes())
    assert load_campaign(folder).bundle.sha256 == load_campaign(other).bundle.sha256
