"""The bundle: a campaign file is loaded once, and its exact content is kept."""

import atexit
import importlib.util
import platform
import shutil
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from tempfile import mkdtemp
from types import ModuleType
from typing import Any

from labloop.campaign.decisions import Budget
from labloop.campaign.definition.bundle_files import bundle_files, record_opened_files
from labloop.campaign.definition.provenance import check_origin, check_paths
from labloop.campaign.definition.spec import CampaignSpec
from labloop.errors import CampaignFileError, LabloopError
from labloop.records import Bundle, Json, content_hash

LOADING_FILE: ContextVar[str] = ContextVar("LOADING_FILE", default="")
"""The campaign file that is being loaded; empty otherwise."""
_LISTS = ("space", "outputs")
"""What a spec lists item by item, so that a difference is told of each."""
_ORIGIN = "campaign file"
"""Kept beside the versions: where the campaign file lay when it was loaded."""
_VERSIONED = (
    "labloop-sdl", "torch", "botorch", "gpytorch", "numpy", "scikit-optimize", "prefect", "sqlmodel"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Definition:
    """A loaded campaign file: its spec, where it lies and its bundle."""

    spec: CampaignSpec
    folder: Path
    bundle: Bundle

    @property
    def lab_file(self) -> Path | None:
        """The lab file, or None where a plain function or a person carries experiments out."""
        return self.folder / self.spec.lab if self.spec.lab else None


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
    name = f"labloop_campaign_{content_hash([str(file), _key(bundle_files(file))])[:12]}"
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
    return replace(definition, bundle=bundle)


def with_spec(definition: Definition, spec: CampaignSpec) -> Definition:
    """Return ``definition`` with another spec from the same files."""
    as_json = spec.to_json()
    files = definition.bundle.files
    bundle = replace(
        definition.bundle, spec=as_json, sha256=content_hash([as_json, _key(dict(files))])
    )
    return replace(definition, spec=spec, bundle=bundle)


def changed_files(bundle: Bundle) -> tuple[str, list[str]]:
    """Return where a bundle's campaign file lay, and which files there have changed since.

    Nothing is loaded; nothing has changed where the folder is gone, or is another machine's.
    """
    file = Path(bundle.versions.get(_ORIGIN, ""))
    if not bundle.entry or not file.is_file():
        return "", []
    try:
        now = replace(bundle, files=bundle_files(file, bundle.files))
    except (CampaignFileError, OSError) as error:
        return str(file), [f"its folder cannot be compared: {error}"]
    return str(file), bundle_differences(bundle, now)


def bundle_differences(stored: Bundle, now: Bundle) -> list[str]:
    """Return in words which files changed between two bundles; empty where none did."""
    lines = [f"{name} is new" for name in sorted(now.files.keys() - stored.files.keys())]
    lines += [f"{name} is gone" for name in sorted(stored.files.keys() - now.files.keys())]
    lines += [
        f"{name} has changed"
        for name in sorted(stored.files.keys() & now.files.keys())
        if stored.files[name] != now.files[name]
    ]
    if stored.spec != now.spec:
        keys = sorted(k for k in now.spec if now.spec.get(k) != stored.spec.get(k))
        told = [_change(k, stored.spec.get(k), now.spec[k]) for k in keys if k not in _LISTS]
        items = {k: item_changes(stored.spec.get(k), now.spec.get(k)) for k in _LISTS}
        told += [f"{key} ({'; '.join(said)})" for key, said in items.items() if said]
        lines.append(f"the spec differs in {', '.join(told)}")
    return lines


def _change(key: str, before: Json, after: Json) -> str:
    """Return a key with both of its values, where they can be read at a glance."""
    values = f"{before} -> {after}"
    return f"{key} ({values})" if len(values) < 100 else key


def item_changes(before: Json, after: Json) -> list[str]:
    """Return which parameters, or outputs, are new, gone or declared otherwise."""
    old, new = _items(before), _items(after)
    said = [f"{name} is new" for name in new if name not in old]
    said += [f"{name} is gone" for name in old if name not in new]
    for name in (name for name in new if name in old and old[name] != new[name]):
        fields = [f for f in new[name] if new[name].get(f) != old[name].get(f)]
        told = [_change(f, old[name].get(f), new[name][f]) for f in fields]
        said.append(f"{name}: {', '.join(told)}")
    return said


def _items(declared: Json) -> dict[str, Mapping[str, Json]]:
    """Return name -> declaration of what a spec lists; one without a name has its kind."""
    listed: Any = declared.get("items", ()) if isinstance(declared, Mapping) else declared or ()
    return {
        str(item.get("name") or f"{item.get('type', 'item')} {i}"): item
        for i, item in enumerate(listed)
    }


def _key(files: dict[str, bytes]) -> list[list[str]]:
    return [[name, content.hex()] for name, content in sorted(files.items())]


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
        raise CampaignFileError(f"{path.name} has no {attribute!r}, which physics= names")
    return getattr(loaded, attribute)


def _files(spec: CampaignSpec, file: Path, opened: Collection[str]) -> dict[str, bytes]:
    return bundle_files(file, {*opened, *([spec.lab] if spec.lab else [])})


def _bundle(spec: CampaignSpec, file: Path, files: dict[str, bytes]) -> Bundle:
    if spec.lab and spec.lab not in files:
        raise CampaignFileError(
            f"the lab file {spec.lab!r} that {file.name} names does not exist in {file.parent}"
        )
    commit, dirty = _git(file.parent)
    as_json = spec.to_json()
    return Bundle(
        spec=as_json,
        files=files,
        entry=file.name,
        versions={**versions(), _ORIGIN: str(file)},
        git_commit=commit,
        git_dirty=dirty,
        sha256=content_hash([as_json, _key(files)]),
    )


def versions() -> dict[str, str]:
    """Return the versions of Python and of every package that can change a result."""
    found = {"python": platform.python_version(), "platform": platform.platform()}
    for name in _VERSIONED:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    for point in metadata.entry_points(group="labloop.drivers"):
        if point.dist is not None:
            found[point.dist.name] = point.dist.version
    return found


def _git(folder: Path) -> tuple[str, bool]:
    """Return the folder's commit and whether it has uncommitted changes, where git can tell."""
    try:
        commit = _run_git(folder, "rev-parse", "HEAD")
        dirty = bool(_run_git(folder, "status", "--porcelain", "--", "."))
    except (OSError, subprocess.SubprocessError):
        return "", False
    return commit, dirty


def _run_git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(  # noqa: S603 - fixed words and a folder, no shell
        ["git", *arguments],  # noqa: S607 - the git that the user's path names
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=10,
        check=True,
    )
    return done.stdout.strip()


def with_overrides(
    definition: Definition,
    *,
    seed: int | None = None,
    experiments: int | None = None,
    stored: Mapping[str, Json] | None = None,
) -> Definition:
    """Return ``definition`` with what was said on the command line, or stored at the start."""
    spec = definition.spec
    if stored is not None:
        budget = stored.get("budget")
        if isinstance(budget, Mapping):
            spec = replace(spec, budget=Budget(**dict(budget)))  # type: ignore[arg-type]  # checks
    if seed is not None:
        spec = replace(spec, seed=seed)
    if experiments is not None:
        spec = replace(spec, budget=replace(spec.budget, experiments=experiments))
    return with_spec(definition, spec)
