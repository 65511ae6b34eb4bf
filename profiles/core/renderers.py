"""JSON, written by orjson."""

from collections.abc import Mapping
from typing import Any

import orjson
from rest_framework.renderers import JSONRenderer
from rest_framework.utils.encoders import JSONEncoder

LINE_SEPARATORS = {c.encode(): rf"\u{ord(c):04x}".encode() for c in "\u2028\u2029"}
"""What REST framework escapes, for these are line ends in JavaScript."""


class FastJSONRenderer(JSONRenderer):
    """Writes the bytes that REST framework's renderer writes, and leaves to that renderer what orjson does not write:
    indents, numbers beyond 64 bits, and lone surrogates."""

    default = staticmethod(JSONEncoder().default)

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        text = None if data is None else self._written(data, accepted_media_type, renderer_context or {})
        return text or bytes(super().render(data, accepted_media_type, renderer_context))

    def _written(self, data: Any, accepted_media_type: str | None, renderer_context: Mapping[str, Any]) -> bytes | None:
        if self.get_indent(accepted_media_type or "", renderer_context) is not None:
            return None
        try:
            text = orjson.dumps(data, default=self.default, option=orjson.OPT_PASSTHROUGH_DATETIME)
        except TypeError:
            return None
        if text.isascii():
            return text
        for separator, escaped in LINE_SEPARATORS.items():
            text = text.replace(separator, escaped)
        return text
