"""The response to OPTIONS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.metadata import BaseMetadata

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView


class AllowAlone(BaseMetadata):
    """Responds with the Allow header only (RFC 9110, section 9.3.7)."""

    def determine_metadata(self, request: Request, view: APIView) -> None:
        """No body: REST framework sets the header on each response."""
