"""Verify an archive of a labloop campaign with Python alone: ``python verify.py ARCHIVE.zip``.

Each file has the sha256 of the manifest; each line of the history is sha256(hash before + text).
"""

import hashlib
import json
import sys
import zipfile
from collections.abc import Iterator


def problems_of(path: str) -> Iterator[str]:
    """Yield a sentence for everything that is not what was archived."""
    with zipfile.ZipFile(path) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        wanted, found = manifest["files"], set(archive.namelist()) - {"manifest.json"}
        yield from (f"{name} is missing or not in the manifest" for name in found ^ set(wanted))
        for name in sorted(found & set(wanted)):
            digest = hashlib.sha256()
            with archive.open(name) as file:
                while part := file.read(1 << 20):
                    digest.update(part)
            if digest.hexdigest() != wanted[name]["sha256"]:
                yield f"{name} was changed"
        end = "0" * 64
        for number, line in enumerate(archive.read("history.txt").decode().split("\n")[:-1], 1):
            said, _, text = line.partition("\t")
            end = hashlib.sha256(f"{end}{text}".encode()).hexdigest()
            if said != end:
                yield f"line {number} of the history does not follow from the line before it"
        if end != manifest["history_sha256"]:
            yield "the history does not end as the manifest says"
        sys.stdout.write(f"{len(wanted)} files, the history ends with {end}\n")


if __name__ == "__main__":
    problems = [problem for path in sys.argv[1:2] for problem in problems_of(path)]
    sys.stdout.write("\n".join(problems or ["everything is what was archived"]) + "\n")
    sys.exit(bool(problems))
