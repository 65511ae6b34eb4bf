"""The keys of a debug service: made once, kept in a file that git ignores."""

import os
import secrets
from pathlib import Path

import environ


def load_debug_keys(path: Path) -> None:
    """Put SECRET_KEY and JWT_KEYS into the environment, from `path`, which is made where it is missing.

    What the environment already says stands. The file is readable by its owner alone.
    """
    if not path.exists():
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="ascii") as file:
            file.write(f"SECRET_KEY={secrets.token_urlsafe(48)}\nJWT_KEYS=debug={secrets.token_hex(32)}\n")
        try:
            os.link(draft, path)  # whole or not at all, and never over another process's file
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    environ.Env.read_env(path)
