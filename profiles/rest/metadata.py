"""What OPTIONS says of a path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.metadata import BaseMetadata

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView


class AllowAlone(BaseMetadata):
    """Which methods the path takes, in the Allow header (RFC 9110, section 9.3.7), and no more."""

    def determine_metadata(self, request: Request, view: APIView) -> None:
        """Nothing: REST framework sets the header on each answer."""
