"""Loads a campaign file, once and under a module name of its own."""

import atexit
import importlib.util
import shutil
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp
from types import ModuleType
from typing import Any

from labloop.campaign.definition.bundle_files import bundle_files, record_opened_files
from labloop.campaign.definition.changing import with_changes
from labloop.campaign.definition.definition import Definition, file_contents, is_on_host
from labloop.campaign.definition.differences import CAMPAIGN_FILE_KEY
from labloop.campaign.definition.installed_versions import git_state, versions
from labloop.campaign.definition.provenance import check_origin, check_paths
from labloop.campaign.definition.spec import CampaignSpec
from labloop.campaign.definition.user_code import is_work
from labloop.errors import CampaignFileError, LabloopError
from labloop.records import Bundle, content_hash

LOADING_FILE: ContextVar[str] = ContextVar("LOADING_FILE", default="")
"""The campaign file that is being loaded; empty otherwise."""


def load_campaign(path: str | Path) -> Definition:
    """Load a campaign file once and return its definition.

    Raises:
        CampaignFileError: the file is missing, does not run, or holds no single spec.
    """
    file = Path(path).expanduser().resolve()
    if file.is_dir():
        file = file / "campaign.py"
    if file.exists() and file.suffix != ".py":
        raise CampaignFileError(f"{path} is no Python file; name one that holds a CampaignSpec")
    if not file.is_file():
        raise CampaignFileError(
            f"the campaign file {path} does not exist; name a Python file that holds a CampaignSpec"
        )
    name = f"labloop_campaign_{content_hash([str(file), file_contents(bundle_files(file))])[:12]}"
    outer = LOADING_FILE.set(str(file))
    try:
        with _importable(file.parent), record_opened_files(file.parent) as opened:
            module = _load(file, name)
            spec = _with_physics(_find_spec(module, file), file)
    finally:
        LOADING_FILE.reset(outer)
    return Definition(spec, file.parent, _bundle(spec, file, _files(spec, file, opened)))


def definition_of_script(spec: CampaignSpec, file: Path) -> Definition:
    """Return the definition of a spec that was made in ``file``, which is running already."""
    with _importable(file.parent):
        spec = _with_physics(spec, file)
    return Definition(spec, file.parent, _bundle(spec, file, _files(spec, file, ())))


def restore(bundle: Bundle) -> Definition:
    """Load a campaign from its stored bundle, written out to a folder of its own.

    Raises:
        CampaignFileError: it has no file, or one that would lie out of its folder.
        UntrustedCodeError: it was begun elsewhere, and nobody here has vouched for its code.
    """
    if not bundle.entry:
        raise CampaignFileError(
            "this campaign was begun in a notebook and has no file to load; go on with it there, "
            "by labloop.run(campaign, resume=True)"
        )
    check_paths(bundle)
    check_origin(bundle)
    folder = Path(mkdtemp(prefix="labloop-bundle-"))
    # Needed as long as the process runs: the lab file is read when the lab is opened.
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for name, content in bundle.files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    definition = load_campaign(folder / bundle.entry)
    return replace(with_changes(definition, bundle.spec), bundle=bundle)


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """Put a campaign's folder on the path only while it loads, and forget its modules after."""
    before = set(sys.modules)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name in set(sys.modules) - before:
            origin = getattr(sys.modules[name], "__file__", None)
            if origin and Path(origin).is_relative_to(folder) and not name.startswith("labloop_"):
                del sys.modules[name]


def _load(file: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise CampaignFileError(f"{file} is no Python file; a campaign file ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except LabloopError as error:
        place = error_location(error, file)
        if not place:
            raise
        raise CampaignFileError(f"{place}: {error}") from error
    except (Exception, SystemExit) as error:  # a person's file may raise anything, or end
        raise CampaignFileError(f"{file.name} does not run: {_where(error, file)}") from error
    return module


def _where(error: BaseException, file: Path) -> str:
    """Return the error with the line of the campaign's folder that raised it."""
    place = error_location(error, file)
    return f"{type(error).__name__}: {error}" + (f" ({place})" if place else "")


def error_location(error: BaseException, file: Path) -> str:
    """Return the last line of the campaign's folder on the way to an error, in words."""
    line = getattr(error, "lineno", None)
    place = f"line {line}" if line else ""
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if Path(code.co_filename).is_relative_to(file.parent):
            place = f"{Path(code.co_filename).name} line {trace.tb_lineno}"
        trace = trace.tb_next
    return place


def _find_spec(module: ModuleType, file: Path) -> CampaignSpec:
    named = getattr(module, "campaign", None)
    if isinstance(named, CampaignSpec):
        return named
    found = [value for value in vars(module).values() if isinstance(value, CampaignSpec)]
    if len(found) != 1:
        raise CampaignFileError(
            f"{file.name} must hold one CampaignSpec (best named 'campaign'), found {len(found)}"
        )
    return found[0]


def _with_physics(spec: CampaignSpec, file: Path) -> CampaignSpec:
    """Return the spec with every ``physics="module:Name"`` replaced by what it names."""
    if not any(isinstance(one, str) for one in spec.competing):
        return spec
    return replace(
        spec,
        physics=[
            _named(given, file) if isinstance(given, str) else given for given in spec.competing
        ],
    )


def _named(text: str, file: Path) -> Any:
    module_name, _, attribute = text.partition(":")
    path = file.parent / f"{module_name}.py"
    if not attribute or not path.is_file():
        raise CampaignFileError(
            f"physics={text!r} names no file of the campaign; "
            f"write 'module:Name' with module.py beside {file.name}"
        )
    loaded = sys.modules.get(module_name)
    if loaded is None or Path(str(loaded.__file__)) != path:
        loaded = _load(path, f"{module_name}_{content_hash(str(path))[:8]}")
    if not hasattr(loaded, attribute):
        raise CampaignFileError(
            f"{path.name} has no {attribute!r}, which physics= names; correct the name there"
        )
    return getattr(loaded, attribute)


def _files(spec: CampaignSpec, file: Path, opened: Collection[str]) -> dict[str, bytes]:
    named = spec.procedure.files if is_work(spec.procedure) else ()
    lab = [spec.lab] if spec.lab and not is_on_host(spec.lab) else []
    return bundle_files(file, {*opened, *lab}, named)


def _bundle(spec: CampaignSpec, file: Path, files: dict[str, bytes]) -> Bundle:
    if spec.lab and not is_on_host(spec.lab) and spec.lab not in files:
        raise CampaignFileError(
            f"the lab file {spec.lab!r} that {file.name} names does not exist in {file.parent}; "
            "lab= is a path from the campaign file"
        )
    commit, dirty = git_state(file.parent)
    as_json = spec.to_json()
    return Bundle(
        spec=as_json,
        files=files,
        entry=file.name,
        versions={**versions(), CAMPAIGN_FILE_KEY: str(file)},
        git_commit=commit,
        git_dirty=dirty,
        sha256=content_hash([as_json, file_contents(files)]),
    )
