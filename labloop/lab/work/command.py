"""A command line as work: conditions go into its words, its results come out as JSON."""

import shutil
import string
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labloop.errors import DefinitionError, WorkError
from labloop.lab.work.guarded_process import OUTPUT, Program, make_place, run_program
from labloop.lab.work.results import json_of
from labloop.lab.work.work import Work, WorkCall
from labloop.records import Json
from labloop.units import is_quantity, split_units

_FOLDER = "folder"
"""The placeholder of a new, empty folder of the experiment's own."""


@dataclass(frozen=True)
class Command(Work):
    """A command line: ``Command(["python", "sim.py", "--t={temperature}"])``.

    It runs in the campaign's folder, without a shell. ``python`` is the Python that runs labloop.

    Attributes:
        argv: the program and its arguments. ``{temperature}`` becomes the number of that
            parameter in its declared unit, ``{temperature:.1f}`` with one decimal; ``{folder}`` a
            new, empty folder of the experiment's own. A brace itself is written twice.
        reads: where the results are. ``"json"``: an object on standard output, which is all of it
            or its last line; a file's name such as ``"{folder}/result.json"``; or a function of
            what was printed that returns a mapping.
        ok: exit codes of success.
    """

    argv: Sequence[str]
    reads: str | Callable[[str], Mapping[str, Any]] = "json"
    ok: Sequence[int] = field(default=(0,), kw_only=True)

    kind = "command"

    def __post_init__(self) -> None:
        words = self.argv
        if isinstance(words, str) or not all(isinstance(word, str) for word in words) or not words:
            raise DefinitionError(
                'a Command takes a list of words such as ["python", "sim.py", "--t={temperature}"]'
                f", got {words!r}"
            )
        if not isinstance(self.reads, str) and not callable(self.reads):
            raise DefinitionError(
                'reads of a Command must be "json", a file\'s name or a function of what was '
                f"printed, got {self.reads!r}"
            )
        super().__post_init__()
        self._fields()

    @property
    def name(self) -> str:
        """The program, with its script where it runs one."""
        words = [word for word in self.argv[1:2] if not word.startswith("-") and "{" not in word]
        return " ".join([Path(self.argv[0]).name, *words])

    @property
    def files(self) -> Sequence[str]:
        """What in its words may name files of the campaign's folder."""
        return [word for word in self.argv if "{" not in word]

    def check(self, names: Sequence[str]) -> None:
        """Raise DefinitionError where a placeholder is no parameter."""
        unknown = [each for each in self._fields() if each not in {*names, _FOLDER}]
        if unknown:
            known = ", ".join(f"{{{name}}}" for name in [*names, _FOLDER])
            raise DefinitionError(
                f"the command {self.name!r} has the placeholder {{{unknown[0]}}}, which is no "
                f"parameter; there are {known}"
            )

    def make_place(self, name: str) -> Path:
        """Return a new folder of the attempt."""
        del name
        return make_place()

    def carry_out(self, call: WorkCall) -> Any:
        """Run the program and return its results."""
        place = call.place
        assert place is not None  # noqa: S101 - made by make_place
        values = {**conditions_of(call.args), _FOLDER: str(place / _FOLDER)}
        (place / _FOLDER).mkdir()
        program = Program(
            argv=[_python(self.argv[0]), *(self._filled(word, values) for word in self.argv[1:])],
            name=self.name,
            folder=call.folder,
            output=OUTPUT,
            timeout=self.timeout,
        )
        code = run_program(program, call)
        if code not in self.ok:
            raise WorkError(f"{self.name} ended with exit code {code}{_last_words(call)}")
        return self._results(place, values, call.folder)

    def spec(self) -> dict[str, Json]:
        """Return what is stored of it with the campaign."""
        reads = self.reads if isinstance(self.reads, str) else "a function"
        return super().spec() | {"argv": list(self.argv), "reads": reads}

    def _results(self, place: Path, values: Mapping[str, Any], folder: Path) -> Any:
        text = (place / OUTPUT).read_text(encoding="utf-8", errors="replace")
        if self.reads == "json":
            return json_of(text, self.name)
        if not isinstance(self.reads, str):
            return self.reads(text)
        path = folder / self._filled(self.reads, values)
        try:
            content = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise WorkError(
                f"{self.name} ended well, and {path.name}, from which its results are read, "
                f"cannot be read: {error}"
            ) from error
        return json_of(content, f"{self.name} in {path.name}")

    def _fields(self) -> list[str]:
        words = [*self.argv, *([self.reads] if isinstance(self.reads, str) else [])]
        try:
            found = [field for word in words for _, field, _, _ in string.Formatter().parse(word)]
        except ValueError as error:
            raise DefinitionError(
                f"a word of the command {self.name!r} cannot be read: {error}; a placeholder is "
                "{temperature}, and a brace itself is written twice"
            ) from error
        return [each for each in found if each is not None]

    def _filled(self, word: str, values: Mapping[str, Any]) -> str:
        try:
            return word.format_map(values)
        except (KeyError, ValueError, IndexError, TypeError, AttributeError) as error:
            raise WorkError(
                f"the word {word!r} of {self.name} cannot be filled with {dict(values)}: {error}"
            ) from error


def _python(program: str) -> str:
    """Return the Python that runs labloop for ``python``, unless there is a file of that name."""
    if program in {"python", "python3"}:
        return sys.executable
    return shutil.which(program) or program


def conditions_of(args: Sequence[Any]) -> dict[str, Any]:
    """Return conditions, or a mapping that ``lab.run`` was given, as plain numbers and texts."""
    given = args[0] if args else {}
    found = getattr(given, "numbers", given)
    if not isinstance(found, Mapping) or len(args) > 1:
        raise DefinitionError(
            'a command takes one mapping of its placeholders, such as {"t": x.temperature}, got '
            f"{args!r}"
        )
    return {
        str(name): split_units(value)[0] if is_quantity(value) else value
        for name, value in found.items()
    }


def _last_words(call: WorkCall) -> str:
    """Return the last line that the program wrote, which mostly tells why it ended."""
    lines = [line for line in call.record.log.splitlines() if line.strip()]
    return f": {lines[-1][:300]}" if lines else ""
