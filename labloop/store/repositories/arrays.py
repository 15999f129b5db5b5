"""Arrays (curves, model states), addressed by their content: small ones in a row, else a file.

The address is the sha256 of the little-endian bytes. It is taken before anything is stored and
compared whenever an array is read.
"""

import hashlib
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import bindparam, select

from labloop.errors import DatabaseUnusableError
from labloop.records import FloatArray
from labloop.store.engine import Session, Statement, insert_if_new, sync_folder
from labloop.store.schema import ArrayRow, table_of

LARGEST_IN_ROW = 64 * 1024
"""Bytes; measured: above this a file is cheaper than a row."""
_ARRAY = table_of(ArrayRow)
_INSERT = insert_if_new(_ARRAY)
_KNOWN = Statement(select(_ARRAY.c.length).where(_ARRAY.c.sha256 == bindparam("sha256")))


@dataclass(frozen=True, slots=True)
class EncodedArray:
    """The bytes of an array with their hash; its shape is stored by whoever refers to it."""

    sha256: str
    content: bytes

    @classmethod
    def of(cls, array: FloatArray) -> "EncodedArray":
        """Return the bytes of ``array`` (any shape) and their hash."""
        content = np.ascontiguousarray(array, dtype="<f8").tobytes()
        return cls(hashlib.sha256(content).hexdigest(), content)


class ArrayStore:
    """Writes arrays into rows and files, and reads them back with a check of their hash."""

    def __init__(self, files: Path) -> None:
        """Keep large arrays in ``files``, a folder that is made when first needed."""
        self._files = files

    def write(self, session: Session, arrays: Sequence[EncodedArray]) -> None:
        """Store the arrays that are not stored yet; a file is durable before its row exists."""
        for packed in arrays:
            if session.one(_KNOWN, {"sha256": packed.sha256}) is not None:
                continue
            large = len(packed.content) > LARGEST_IN_ROW
            if large:
                _write(self.path(packed.sha256), packed.content)
            row = {
                "sha256": packed.sha256,
                "length": len(packed.content) // 8,
                "content": None if large else packed.content,
            }
            session.run(_INSERT, row)

    def path(self, sha256: str) -> Path:
        """Return where the file of an array lies."""
        return self._files / sha256[:2] / f"{sha256}.npy"

    def read(self, row: Mapping[str, Any]) -> FloatArray:
        """Return the array of a ``float_array`` row, one-dimensional.

        Raises:
            DatabaseUnusableError: the content or its file is damaged or missing.
        """
        sha256 = str(row["sha256"])
        content = row["content"]
        array = _read(self.path(sha256)) if content is None else np.frombuffer(content, "<f8")
        found = hashlib.sha256(array.tobytes()).hexdigest()
        if len(array) != row["length"] or found != sha256:
            place = "a row" if content is not None else str(self.path(sha256))
            raise DatabaseUnusableError(
                f"the array {sha256[:12]} in {place} is damaged: its content has the hash "
                f"{found[:12]}; restore it from a backup"
            )
        return array.astype(np.float64)


def _write(path: Path, content: bytes) -> None:
    if path.exists():
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                np.save(file, np.frombuffer(content, "<f8"), allow_pickle=False)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
        sync_folder(path.parent)
        sync_folder(path.parent.parent)
    except OSError as error:
        raise DatabaseUnusableError(
            f"the file {path} cannot be written: {error}; check the disk and its space, then "
            "start again"
        ) from error


def _read(path: Path) -> FloatArray:
    try:
        array = np.load(path, allow_pickle=False)
    except FileNotFoundError:
        raise DatabaseUnusableError(
            f"the array file {path} is missing; copy it back from a backup, it belongs to the "
            "database beside it"
        ) from None
    except (OSError, ValueError, EOFError) as error:
        raise DatabaseUnusableError(
            f"the array file {path} is damaged: {error}; restore it from a backup"
        ) from error
    return np.asarray(array, dtype="<f8").reshape(-1)
