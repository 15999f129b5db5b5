"""The definition of a campaign: its spec, its folder and its bundle."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from labloop.campaign.decisions import Budget
from labloop.campaign.definition.spec import CampaignSpec
from labloop.records import Bundle, Json, content_hash

CHANGES = "changes"
"""Kept with a stored spec: what persons changed by a few words."""


def is_on_host(lab: str | None) -> bool:
    """Return whether ``lab`` of a spec is ``host://...``, and no lab file."""
    from labloop.lab import is_host  # noqa: PLC0415 - work without a lab loads none

    return bool(lab) and is_host(lab)


@dataclass(frozen=True, slots=True)
class Definition:
    """A loaded campaign file: its spec, where it lies and its bundle."""

    spec: CampaignSpec
    folder: Path
    bundle: Bundle
    changes: tuple[Mapping[str, Json], ...] = ()
    """What persons changed since by a few words, oldest first; ``spec`` has all of it."""

    @property
    def lab_file(self) -> Path | None:
        """The lab file; None without a lab, and where a host has the lab."""
        lab = self.spec.lab
        return self.folder / lab if lab and not is_on_host(lab) else None

    @property
    def host(self) -> str | None:
        """The URL of the host that has the lab, or None."""
        return self.spec.lab if is_on_host(self.spec.lab) else None


def with_spec(definition: Definition, spec: CampaignSpec) -> Definition:
    """Return ``definition`` with another spec from the same files."""
    changes: list[Json] = [dict(one) for one in definition.changes]
    as_json = spec.to_json() | ({CHANGES: changes} if changes else {})
    files = definition.bundle.files
    bundle = replace(
        definition.bundle, spec=as_json, sha256=content_hash([as_json, file_contents(dict(files))])
    )
    return replace(definition, spec=spec, bundle=bundle)


def file_contents(files: dict[str, bytes]) -> list[list[str]]:
    """Return names and contents (hexadecimal) of a bundle's files, as they are hashed."""
    return [[name, content.hex()] for name, content in sorted(files.items())]


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
