"""A backup's file, and its checksum file in the format of `sha256sum`."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from django.core.management.base import CommandError
from tqdm import tqdm

PIECE = 1024 * 1024  # bytes
OWNERS_ALONE = 0o600  # a backup contains all email addresses


def checksum_of(path: Path) -> Path:
    """The path of a backup's checksum file."""
    return path.with_name(f"{path.name}.sha256")


@contextmanager
def new(path: Path, output: TextIO) -> Iterator[Path]:
    """A temporary file for a backup. When the block ends without an error, it gets its checksum file and its name.

    Raises:
        CommandError: a file with that name exists, or an unfinished backup of it.
    """
    unfinished = path.with_name(f"{path.name}.partial")
    _create(unfinished, "It is of a backup that is being made, or was interrupted: then delete it.")
    try:
        for taken in (path, checksum_of(path)):
            if taken.exists():
                raise CommandError(f"{taken} exists, and a backup replaces no file: give another name.")
        yield unfinished
        checksum = f"{sha256(unfinished, output)}  {path.name}\n"
        _create(checksum_of(path), "Give another name.")
        checksum_of(path).write_text(checksum)
        for each in (unfinished, checksum_of(path)):
            _sync(each)
        unfinished.rename(path)  # last, so that a backup with its final name always has a checksum
        _sync(path.parent)
    finally:
        unfinished.unlink(missing_ok=True)


def verify(path: Path, output: TextIO) -> None:
    """Raise `CommandError` if a backup does not match its checksum."""
    try:
        expected = checksum_of(path).read_text().split()[:1]
        found = sha256(path, output)
    except OSError as error:
        raise CommandError(
            f"{error.filename}: {error.strerror}. A backup is restored with its checksum beside it."
        ) from error
    if expected != [found]:
        raise CommandError(
            f"{path} is not the file that {checksum_of(path).name} was made of: copy it again, or use another."
        )


def sha256(path: Path, output: TextIO) -> str:
    """The SHA-256 of a file, in hexadecimal; shows progress on `output`."""
    digest = hashlib.sha256()
    with (
        path.open("rb") as file,
        tqdm(
            desc="Checksum", total=path.stat().st_size, unit="B", unit_scale=True, file=output, leave=False
        ) as progress,
    ):
        while piece := file.read(PIECE):
            digest.update(piece)
            progress.update(len(piece))
    return digest.hexdigest()


def _create(path: Path, advice: str) -> None:
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, OWNERS_ALONE))
    except FileExistsError:
        raise CommandError(f"{path} exists. {advice}") from None
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}.") from error


def _sync(path: Path) -> None:
    """Flush a file or a directory to disk."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
