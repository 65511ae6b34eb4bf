"""A full disk under PostgreSQL: a small file system in memory."""

import os
import subprocess
from contextlib import contextmanager, suppress

import pytest

from tests.cluster import stack
from tests.cluster.processes import directory, program
from tests.cluster.service import UNTHROTTLED

SIZE = 160 * 1024 * 1024  # bytes; a new database takes about 80 MB
BLOCK = bytes(4096)
LITTLE_WAL = ("max_wal_size=32MB", "min_wal_size=32MB", "restart_after_crash=off")


@contextmanager
def small_disk(folder):
    """Mount a file system of SIZE bytes."""
    folder.mkdir()
    subprocess.run([program("mount"), "-t", "tmpfs", "-o", f"size={SIZE},mode=755", "tmpfs", folder], check=True)
    try:
        yield
    finally:
        subprocess.run([program("umount"), folder], check=True)


def test_full_disk(under_load, request):
    if os.geteuid() != 0:
        pytest.skip("only root mounts a file system")
    with (
        directory("stack") as folder,
        small_disk(folder / "postgresql"),
        stack.running(folder, settings=LITTLE_WAL, **UNTHROTTLED) as running,
    ):
        database = running.postgresql
        ballast = database.folder / "ballast"

        def fill(load):
            with ballast.open("wb", buffering=0) as file, suppress(OSError):  # raised when the disk is full
                while file.write(BLOCK):
                    pass
            load.wait_for_refusal()
            ballast.unlink()
            if not database.is_running:  # PostgreSQL ends if it cannot write its log
                database.start()

        under_load(running, "disk full", 5, fill)
