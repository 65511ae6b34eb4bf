"""Keys for DEBUG, generated once and stored in a file that git ignores."""

import os
import secrets
from pathlib import Path

import environ


def load_debug_keys(path: Path) -> None:
    """Read SECRET_KEY and JWT_KEYS from `path` into the environment. Creates the file if it is missing.

    Variables that are already set stay as they are. Only the file's owner can read it.
    """
    if not path.exists():
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="ascii") as file:
            file.write(f"SECRET_KEY={secrets.token_urlsafe(48)}\nJWT_KEYS=debug={secrets.token_hex(32)}\n")
        try:
            os.link(draft, path)  # atomic, and keeps another process's file
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    environ.Env.read_env(path)
