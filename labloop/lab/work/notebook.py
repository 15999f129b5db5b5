"""A notebook as work: conditions are injected as parameters, results are read from its outputs."""

import importlib.util
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from labloop.errors import DefinitionError, MissingExtraError, WorkError
from labloop.lab.work.command import conditions_of
from labloop.lab.work.function import call_in_process
from labloop.lab.work.guarded_process import make_place
from labloop.lab.work.results import literal_of, values_of
from labloop.lab.work.work import Work, WorkCall
from labloop.records import Json

_SCRAP = "application/scrapbook.scrap.json+json"
"""How scrapbook's ``sb.glue(name, value)`` writes a value into a notebook.

https://nteract-scrapbook.readthedocs.io/en/latest/models.html
"""


@dataclass(frozen=True)
class Notebook(Work):
    """A Jupyter notebook, carried out by papermill in a process of its own.

    The conditions are injected as papermill's parameters: plain numbers in their declared units,
    after the cell with the tag ``parameters``. Results are what ``scrapbook.glue(name, value)``
    recorded; without it, the mapping that the last cell shows.

    Attributes:
        path: of the notebook, in the campaign's folder.
        keep: a folder of the campaign's process into which each notebook that was carried out is
            written; none is kept where it is empty.
        kernel: the name of the Jupyter kernel; the notebook's own if empty.
    """

    path: str
    keep: str = field(default="", kw_only=True)
    kernel: str = field(default="", kw_only=True)

    kind = "notebook"

    def __post_init__(self) -> None:
        if not isinstance(self.path, str) or not self.path.endswith(".ipynb"):
            raise DefinitionError(f"a Notebook is a file that ends in .ipynb, got {self.path!r}")
        super().__post_init__()

    @property
    def name(self) -> str:
        """The notebook's file name."""
        return Path(self.path).name

    @property
    def files(self) -> Sequence[str]:
        """The notebook."""
        return (self.path,)

    def check(self, names: Sequence[str]) -> None:
        """Raise where papermill is not installed."""
        del names
        for package in ("papermill", "ipykernel"):
            if importlib.util.find_spec(package) is None:
                raise MissingExtraError(f"the notebook {self.name}", "notebook")

    def make_place(self, name: str) -> Path:
        """Return a new folder of the attempt."""
        del name
        return make_place()

    def carry_out(self, call: WorkCall) -> Any:
        """Carry the notebook out and return its results."""
        self.check(())
        path = call.folder / self.path
        if not path.is_file():
            raise WorkError(f"the notebook {self.path} does not exist in {call.folder}")
        kept = Path(self.keep).absolute() / f"{call.name}.ipynb" if self.keep else None
        given = replace(
            call, args=(str(path), conditions_of(call.args), str(kept or ""), self.kernel)
        )
        return call_in_process(execute_notebook, given, name=self.name, timeout=self.timeout)

    def spec(self) -> dict[str, Json]:
        """Return what is stored of it with the campaign."""
        return super().spec() | {"path": self.path}


def execute_notebook(
    path: str, parameters: Mapping[str, Any], kept: str, kernel: str
) -> dict[str, Any]:
    """Carry a notebook out in this process by papermill, and return its results.

    Raises:
        WorkError: a cell raised an error, or there are no results.
    """
    # Untyped, and installed with an extra alone.
    papermill: Any = importlib.import_module("papermill")
    failed: Any = importlib.import_module("papermill.exceptions").PapermillExecutionError
    target = Path(kept) if kept else None
    if target is not None:
        target.parent.mkdir(parents=True, exist_ok=True)
    try:
        done = papermill.execute_notebook(
            path,
            str(target) if target is not None else None,
            parameters=dict(parameters),
            cwd=str(Path(path).parent),
            progress_bar=False,
            log_output=True,
            **({"kernel_name": kernel} if kernel else {}),
        )
    except failed as error:
        cell = f"cell {error.exec_count}" if error.exec_count else "a cell"
        found = WorkError(f"{cell} of {Path(path).name} raised {error.ename}: {error.evalue}")
        raise found from error
    return _results(done["cells"], Path(path).name)


def _results(cells: Sequence[Any], name: str) -> dict[str, Any]:
    scraps = dict(_scraps(cells))
    if scraps:
        return values_of(scraps, name)
    shown = [output for cell in cells for output in cell.get("outputs", ())]
    last = shown[-1] if shown else None
    found = None if last is None else _shown(last)
    if not isinstance(found, Mapping):
        raise WorkError(
            f"{name} shows no results: let its last cell show a mapping such as "
            '{"purity": purity}, or record each by scrapbook.glue("purity", purity)'
        )
    return values_of(found, name)


def _scraps(cells: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    for cell in cells:
        for output in cell.get("outputs", ()):
            scrap = output.get("data", {}).get(_SCRAP)
            if isinstance(scrap, Mapping) and "name" in scrap:
                yield str(scrap["name"]), scrap.get("data")


def _shown(output: Mapping[str, Any]) -> object:
    """Return the value that an output shows: JSON, a printed JSON line, or a Python mapping."""
    data = output.get("data", {})
    if "application/json" in data:
        return data["application/json"]
    text = data.get("text/plain") or output.get("text", "")
    text = "".join(text) if isinstance(text, list) else str(text)
    lines = text.strip().splitlines()
    for candidate in (text, *lines[-1:]):
        try:
            return json.loads(candidate)
        except ValueError:
            value = literal_of(candidate)
            if value is not None:
                return value
    return None
