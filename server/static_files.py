"""How static files are stored: compressed, and each under a name that says what is in it."""

import re
from typing import Any

from django.conf import settings
from whitenoise.storage import CompressedManifestStaticFilesStorage

HASHED = re.compile(settings.WHITENOISE_IMMUTABLE_FILE_TEST)


class HashedFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # it ships no types
    """Django's storage, which leaves a file alone that Vite has named after its content already.

    Its modules import one another by these names: under a second name, a page would load and run them twice.
    """

    def hashed_name(self, name: str, content: Any = None, filename: str | None = None) -> str:
        return name if HASHED.search(name) else str(super().hashed_name(name, content, filename))
