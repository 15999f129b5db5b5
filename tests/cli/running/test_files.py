"""Files that are missing, broken or changed: a sentence each, and nothing half-written."""

import shutil
from pathlib import Path

import pytest


def test_a_campaign_runs_is_looked_at_and_written_out_without_its_file(ran):
    """Status, report and export need the database alone."""
    (ran.folder / "campaign.py").unlink()
    assert "finished" in ran.ok("status", "tiny")
    assert "tiny" in ran.ok("campaigns")
    assert '"done": 3' in ran.ok("status", "tiny", "--json")
    ran.ok("report", "tiny", "--out", "page.html")
    assert "tiny" in (ran.folder / "page.html").read_text()
    for form in ("csv", "json", "parquet"):
        said = ran.ok("export", "tiny", "--format", form, "--out", f"as-{form}")
        assert "wrote" in said
        assert list((ran.folder / f"as-{form}").iterdir())


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("run", "nowhere.py"), "campaign file nowhere.py does not exist"),
        (("run", "lab.toml"), "lab.toml is no Python file"),
        (("run", "."), "campaign.py' does not exist|does not exist"),
        (("run", "campaign.py", "--speed", "fast"), "--speed is 'max', 'real' or a factor"),
        (("run", "campaign.py", "--speed", "nan"), "--speed is 'max', 'real' or a factor"),
        (("run", "campaign.py", "--speed", "-3"), "--speed is 'max', 'real' or a factor"),
        (("run", "campaign.py", "--engine", "steam"), "no engine is called 'steam'; there are: pl"),
        (("resume", "nobody"), "no simulated campaign is called 'nobody'"),
        (("status", "nobody"), "no campaign is called 'nobody'"),
        (("command", "nobody", "stop"), "no campaign is called 'nobody'"),
        (
            ("try", "campaign.py", "level"),
            "expected name=value such as temperature=80, got 'level'",
        ),
        (("try", "campaign.py", "level=1", "level=2"), "'level' is given twice"),
        (("demo", "--example", "nothing"), "no example is called 'nothing'; there are: "),
    ],
)
def test_what_is_not_there_is_told(tiny, words, sentence):
    """A wrong name or number is one sentence that says what to do."""
    shutil.copytree(tiny.folder, tiny.folder / "again")
    if words == ("run", "."):
        (tiny.folder / "campaign.py").unlink()
    if words[0] in {"resume", "status", "command"}:
        tiny.ok("run", "again", "--engine", "plain", "--experiments", "1")
    engine = () if "--engine" in words or words[0] != "run" else ("--engine", "plain")
    assert_matches(tiny.refused(*words, *engine), sentence)


def assert_matches(said, sentence):
    """Fail unless one of the sentences, parted by bars, was said in one line."""
    assert any(each in said for each in sentence.split("|")), said


@pytest.fixture
def no_space(monkeypatch):
    """Let every file that is written as a text find the disk full half-way."""

    def half(path, text, *_arguments, **_more):
        path.write_bytes(text.encode()[: len(text) // 2])
        raise OSError(28, "No space left on device")

    return lambda: monkeypatch.setattr(Path, "write_text", half)


def test_a_report_is_whole_or_not_there(ran, no_space):
    """A folder in its place, or a full disk, is one sentence; the last report stays as it was."""
    assert ". is a folder; name a file in it" in ran.refused("report", "tiny", "--out", ".")
    ran.ok("report", "tiny", "--out", "page.html")
    before = sorted(ran.folder.rglob("*"))
    page = (ran.folder / "page.html").read_bytes()
    no_space()
    said = ran.refused("report", "tiny", "--out", "page.html")
    assert "page.html cannot be written: No space left on device" in said
    assert (ran.folder / "page.html").read_bytes() == page
    assert sorted(ran.folder.rglob("*")) == before


def test_a_log_of_the_world_that_cannot_be_kept_costs_no_record(tiny, no_space):
    """The campaign is done and stored, also where its truth log does not fit on the disk."""
    no_space()
    words = ("run", "campaign.py", "--engine", "plain", "--truth", "truth.txt")
    assert "truth.txt cannot be written: No space left" in tiny.refused(*words)
    assert not list(tiny.folder.glob("*truth*"))
    assert "finished" in tiny.ok("status", "tiny")


MINE = """
class Mine:
    name = "mine"

    def met(self, scores):
        return 1 / 0

    def propose(self, *given):
        return RESULT

campaign ="""


@pytest.mark.parametrize(
    ("result", "option", "sentence"),
    [
        ("1 / 0", "strategy=Mine()", "strategy 'mine' failed with ZeroDivisionError: division by"),
        ("[]", "strategy=Mine()", "the strategy 'mine' returned list, where a ProposalBatch is"),
        ("1", 'stop=[Mine()], strategy="random"', "the stop rule Mine failed with ZeroDivisionErr"),
        ("1", 'cost=lambda p: p["x"], strategy="random"', "the function cost failed with KeyError"),
        ("1", 'cost=lambda p: -1, strategy="random"', "the function cost gave -1 for {"),
    ],
)
def test_what_a_persons_own_code_raises_is_told_with_its_line(tiny, result, option, sentence):
    """A strategy, a stop rule or a cost that fails ends the campaign with one sentence."""
    text = (tiny.folder / "campaign.py").read_text()
    text = text.replace("campaign =", MINE.replace("RESULT", result))
    tiny.write("campaign.py", text.replace('strategy="random"', option))
    said = tiny.refused("run", "campaign.py", "--engine", "plain")
    assert sentence in said
    assert "campaign.py line" in said or "failed with" not in said
    if "cost" not in option:  # what a cost gives is looked at before anything is begun
        assert "state     failed" in tiny.ok("status", "tiny")


def test_every_verb_helps_in_the_same_plain_letters(shell):
    """A verb that another package adds looks like labloop's own, also in a file or a pipe."""
    for verb in ("run", "serve", "ui"):
        said = shell.ok(verb, "--help")
        assert said.startswith("Usage: ")
        assert said.isascii()


@pytest.mark.parametrize("word", ["--nonsense", "--experiments=0", "--experiments=many"])
def test_unknown_words_are_shown_with_the_usage(tiny, word):
    """Click's own usage errors come through, with exit code 2."""
    code, said = tiny("run", "campaign.py", word)
    assert code == 2
    assert "Usage: " in said
    assert word.split("=")[0] in said


@pytest.mark.parametrize(
    ("lab", "sentence"),
    [
        (None, "the lab file 'lab.toml' that campaign.py names does not exist"),
        ("not toml", "is no TOML"),
        ('[lab]\nname = "x"\n', "[devices] is missing"),
        ("driver = 'tiny_lab:Box'->driver = 'gone'", "driver 'gone' is not installed"),
        ('world = "tiny_lab:create"->world = "mars"', "world 'mars' is not installed"),
        ('max = "8 mL"->max = "8 kelvin"', "set_level.level"),
        ('"set_level.level"->"set_level.lever"', "is no number that an action"),
    ],
)
def test_a_lab_that_cannot_be_used_takes_no_name(tiny, lab, sentence):
    """The lab is looked at first: once it is mended, the same words run."""
    path = tiny.folder / "lab.toml"
    good = path.read_text()
    if lab is None:
        path.unlink()
    elif "->" in lab:
        before, after = lab.split("->")
        path.write_text(good.replace(before, after).replace(before.replace("'", '"'), after))
    else:
        path.write_text(lab)
    assert sentence in tiny.refused("run", "campaign.py", "--engine", "plain")
    assert not (tiny.folder / "labloop.db").exists()
    path.write_text(good)
    tiny.ok("run", "campaign.py", "--engine", "plain")


def test_a_campaign_without_procedure_is_not_run(shell, by_hand):
    """Its way is ask and tell, and the sentence says so; no name is taken."""
    shell.write("hand.py", by_hand)
    assert "labloop ask hand" in shell.refused("run", "hand.py", "--engine", "plain")
    assert not (shell.folder / "labloop.db").exists()


def test_a_broken_file_is_told_with_its_line(tiny):
    """No traceback for a person's own file."""
    tiny.write("campaign.py", "\n\nx = 1/0\n")
    said = tiny.refused("run", "campaign.py", "--engine", "plain")
    assert "ZeroDivisionError" in said
    assert "campaign.py line 3" in said


def test_a_name_is_used_once(ran):
    """The same definition shows two ways on; another one shows the difference; --new begins."""
    plain = ("--engine", "plain")
    same = ran.refused("run", "campaign.py", *plain)
    assert "labloop resume tiny" in same
    assert "--new" in same
    other = ran.refused("run", "campaign.py", "--experiments", "9", *plain)
    assert "another definition" in other
    assert "budget" in other
    assert "9" in other
    text = (ran.folder / "campaign.py").read_text()
    ran.write("campaign.py", text.replace("level, 0, 5", "level, 0, 4") + "\n# changed\n")
    assert "campaign.py has changed" in ran.refused("run", "campaign.py", *plain)
    ran.ok("run", "campaign.py", "--new", *plain)
    assert ran.ok("campaigns").count("tiny ") == 2


def test_resume_goes_on_from_the_bundle_and_shows_what_changed(ran):
    """The stored files count until a person says otherwise."""
    text = (ran.folder / "campaign.py").read_text()
    changed = text.replace('"shown": await', '"shown": 0 * await')
    ran.write("campaign.py", f"import helper\n{changed}")
    ran.write("helper.py", "new = 1")
    ran.write("notes.txt", "no code reads it")
    said = ran.ok("resume", "tiny", "--experiments", "4", "--engine", "plain")
    assert "campaign.py has changed since the campaign was begun" in said
    assert "helper.py is new" in said
    assert "notes.txt" not in said
    assert "--changed" in said
    assert zeros(ran) == 0
    said = ran.ok(
        "resume", "tiny", "--changed", "campaign.py", "--experiments", "5", "--engine", "plain"
    )
    assert "campaign.py has changed; from now on" in said
    assert zeros(ran) == 1
    said = ran.ok("resume", "tiny", "--experiments", "6", "--engine", "plain")
    assert "changed " not in said
    assert zeros(ran) == 2


def zeros(shell):
    """Return how many experiments gave nothing."""
    shutil.rmtree(shell.folder / "export-tiny", ignore_errors=True)
    shell.ok("export", "tiny")
    lines = (shell.folder / "export-tiny" / "experiments.csv").read_text().splitlines()
    column = next(i for i, name in enumerate(lines[0].split(",")) if name.startswith("shown"))
    return sum(float(line.split(",")[column]) == 0 for line in lines[1:])


def test_more_experiments_are_remembered(ran):
    """A finished campaign gets a larger budget, and the next resume knows it."""
    assert "5/5" in ran.ok("resume", "tiny", "--experiments", "5", "--engine", "plain")
    assert "5/5" in ran.ok("resume", "tiny", "--engine", "plain")


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ('"tiny", Sea', '"other", Sea', "is of campaign 'other', and 'tiny' is to go on"),
        ('Scalar("shown")', 'Scalar("shown", unit="mL")', "measures other outputs"),
        (
            'Continuous("level", 0, 5, unit="mL"), Continuous("ratio", 0, 1)',
            'Continuous("height", 0, 5)',
            "varies height, and campaign 'tiny' level, ratio",
        ),
    ],
)
def test_a_change_that_is_another_campaign_is_refused(ran, before, after, sentence):
    """What was measured must still fit; nothing is stored of the changed file."""
    text = (ran.folder / "campaign.py").read_text()
    assert before in text
    ran.write("campaign.py", text.replace(before, after))
    words = ("resume", "tiny", "--changed", "campaign.py", "--engine", "plain")
    assert sentence in ran.refused(*words)
    assert "campaign.py has changed since" in ran.ok("resume", "tiny", "--engine", "plain")


def test_try_dry_sends_nothing_and_try_twice_numbers_on(tiny):
    """A rehearsal is words only; each try is an experiment of the campaign NAME.try."""
    point = ("level=3", "ratio=0.5")
    said = tiny.ok("try", "campaign.py", *point, "--dry")
    assert "box.set_level(level=3 mL)" in said
    assert not (tiny.folder / "labloop.db").exists()
    assert "result    shown 9 in experiment 1" in tiny.ok("try", "campaign.py", *point)
    assert "result    shown 8 in experiment 2" in tiny.ok(
        "try", "campaign.py", "level=2", "ratio=0.5"
    )
    assert '"done": 2' in tiny.ok("status", "tiny.try", "--json")
    assert "level" in tiny.refused("try", "campaign.py", "level=7", "ratio=0.5")
    assert "ratio" in tiny.refused("try", "campaign.py", "level=3")


def test_real_needs_a_person_and_a_lab_that_can_be_real(tiny, keyboard):
    """A lab without limits or numbers is refused before anybody is asked; a pipe is nobody."""
    real = ("run", "campaign.py", "--real", "--engine", "plain")
    assert "typed at the lab's terminal" in tiny.refused(*real)
    keyboard("no\n")
    assert "not confirmed" in tiny.refused(*real)
    text = (tiny.folder / "lab.toml").read_text()
    tiny.write("lab.toml", text.partition("[devices.box.limits]")[0])
    assert "[devices.box] has no limits, so the lab cannot be real" in tiny.refused(*real)
    tiny.write("lab.toml", text.replace('serial_number = "B-1"', ""))
    assert "has no serial_number" in tiny.refused(*real)
    tiny.write("lab.toml", text.replace("tiny_lab:Box", "tiny_lab:Gone"))
    assert "cannot be imported" in tiny.refused(*real)
    assert not (tiny.folder / "labloop.db").exists()
