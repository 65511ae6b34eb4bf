"""JSON rendering with orjson."""

from collections.abc import Mapping
from typing import Any

import orjson
from rest_framework.renderers import JSONRenderer
from rest_framework.utils.encoders import JSONEncoder

LINE_SEPARATORS = {c.encode(): rf"\u{ord(c):04x}".encode() for c in "\u2028\u2029"}
"""Characters that REST framework escapes because they are line terminators in JavaScript."""


class FastJSONRenderer(JSONRenderer):
    """Renders the same bytes as REST framework's renderer, and falls back to it for what orjson does not support:
    indentation, integers beyond 64 bits, and lone surrogates."""

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
