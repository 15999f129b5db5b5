"""A campaign file is loaded once, kept exactly, and its mistakes are told in a sentence."""

import sys
from dataclasses import replace

import pytest

from labloop.campaign import bundle_differences, load_campaign, restore, trust_bundle
from labloop.errors import CampaignFileError, UntrustedCodeError

FILE = """
from helper import TOP
from labloop import Budget, CampaignSpec, Continuous, Maximize, Scalar, SearchSpace
campaign = CampaignSpec("kept", SearchSpace(Continuous("x", 0, TOP)), outputs=[Scalar("y")],
                        objective=Maximize("y"), strategy="random", budget=Budget(experiments=3))
"""


@pytest.fixture
def folder(tmp_path):
    """Return the folder of a campaign that imports a helper beside it."""
    place = tmp_path / "a folder with blanks"
    place.mkdir()
    (place / "campaign.py").write_text(FILE)
    (place / "helper.py").write_text("TOP = 2.0\n")
    return place


def test_the_folder_is_importable_only_while_loading(folder):
    """A helper beside the file is found, and neither path nor module stays behind."""
    definition = load_campaign(folder / "campaign.py")
    assert definition.spec.space.parameters[0].high == 2.0
    assert str(folder) not in sys.path
    assert "helper" not in sys.modules


def test_a_bundle_loads_where_the_folder_is_gone(folder):
    """Resume needs nothing but what was stored."""
    bundle = load_campaign(folder / "campaign.py").bundle
    trust_bundle(bundle)
    (folder / "helper.py").write_text("TOP = 5.0\n")
    again = restore(bundle)
    assert again.spec.space.parameters[0].high == 2.0
    assert again.bundle == bundle


def test_a_change_is_named(folder):
    """What differs between two bundles is told by file and by key of the spec."""
    before = load_campaign(folder).bundle
    (folder / "helper.py").write_text("TOP = 5.0\n")
    (folder / "new.py").write_text("")
    (folder / "campaign.py").write_text(f"import new\n{FILE}")
    now = load_campaign(folder).bundle
    told = bundle_differences(before, now)
    assert "new.py is new" in told
    assert "helper.py has changed" in told
    assert any("space" in line for line in told)
    assert bundle_differences(now, now) == []
    assert before.sha256 != now.sha256


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


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = (", "does not run: SyntaxError.*line 1"),
        ("import no_such_module", "ModuleNotFoundError.*campaign.py line 1"),
        ("\n1/0", "ZeroDivisionError.*campaign.py line 2"),
        ("x = 1", "one CampaignSpec .*found 0"),
        (FILE.replace("strategy=", "physics='nothing:Here', strategy="), "names no file"),
        (FILE.replace("strategy=", "physics='helper:Absent', strategy="), "has no 'Absent'"),
        (
            FILE.replace("strategy=", "procedure=p, lab='lab.toml', strategy=").replace(
                "campaign =", "async def p(lab, x): ...\ncampaign ="
            ),
            "lab file 'lab.toml'.*does not exist",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_told_with_its_line(folder, text, words):
    """No traceback for a person's mistake: file, line and what is wrong."""
    (folder / "campaign.py").write_text(text)
    with pytest.raises(CampaignFileError, match=words):
        load_campaign(folder / "campaign.py")


def test_a_file_that_ends_the_program_is_told(folder):
    """A script's own exit(0) neither ends labloop nor passes for success."""
    (folder / "campaign.py").write_text("raise SystemExit(0)\n")
    with pytest.raises(CampaignFileError, match="does not run: SystemExit: 0"):
        load_campaign(folder)


def test_a_missing_file_is_told(tmp_path):
    """A wrong path is one sentence."""
    with pytest.raises(CampaignFileError, match="does not exist"):
        load_campaign(tmp_path / "nowhere.py")


RIVALS = """
import torch
from labloop.physics import FunctionPhysics, Prior

def straight(x, theta):
    return {"y": theta["k"] * x["x"]}

def bent(x, theta):
    return {"y": theta["k"] * x["x"] ** 2}

K = {"k": Prior(1.0, "1", fold=2)}
Straight = FunctionPhysics(straight, K, {"x": "1"}, "y")
Bent = FunctionPhysics(bent, K, {"x": "1"}, "y")
"""


def test_several_physics_models_compete(folder):
    """A list of names: all are found, the strategy takes them, one that is absent is told."""
    (folder / "rivals.py").write_text(RIVALS)
    names = 'physics=["rivals:Straight", "rivals:Bent"], strategy="auto"'
    (folder / "campaign.py").write_text(FILE.replace('strategy="random"', names))
    spec = load_campaign(folder).spec
    assert [model.name for model in spec.competing] == ["straight", "bent"]
    assert spec.resolve().name == "auto"
    assert spec.to_json()["physics"] == "straight, bent"
    (folder / "campaign.py").write_text(
        FILE.replace('strategy="random"', names.replace("Bent", "Gone"))
    )
    with pytest.raises(CampaignFileError, match=r"rivals.py has no 'Gone'"):
        load_campaign(folder)


OUTSIDE = (
    "../out.py",
    "/out.py",
    "a/../../out.py",
    "C:\\out.py",
    "\\\\host\\out.py",
    "",
    "a\0b.py",
)


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_bundle_never_writes_out_of_its_folder(folder, name):
    """A database from elsewhere cannot place a file where it likes."""
    bundle = load_campaign(folder).bundle
    trust_bundle(bundle)
    borrowed = replace(bundle, files={**bundle.files, name: b"raise SystemExit"})
    trust_bundle(borrowed)
    with pytest.raises(CampaignFileError, match="out of the campaign's folder"):
        restore(borrowed)


def test_code_from_elsewhere_runs_only_where_a_person_trusts_it(folder, monkeypatch, tmp_path):
    """What another user or machine began is not run before somebody here has vouched for it."""
    bundle = load_campaign(folder).bundle
    trust_bundle(bundle)
    assert restore(bundle).spec.name == "kept"
    monkeypatch.setenv("LABLOOP_STATE", str(tmp_path / "another user's"))
    with pytest.raises(UntrustedCodeError, match="labloop trust kept") as told:
        restore(bundle)
    assert "campaign.py, helper.py" in str(told.value)
    trust_bundle(bundle)
    assert restore(bundle).spec.name == "kept"


def test_trust_is_in_what_runs_not_in_what_it_says_of_itself(folder):
    """A bundle that bears the hash of a trusted one, with other code, is not trusted."""
    bundle = load_campaign(folder).bundle
    trust_bundle(bundle)
    forged = replace(bundle, files={**bundle.files, "helper.py": b"TOP = 3.0"})
    assert forged.sha256 == bundle.sha256
    with pytest.raises(UntrustedCodeError):
        restore(forged)
