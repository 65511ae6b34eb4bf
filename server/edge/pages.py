"""Middleware for pages only."""

from django.conf import settings
from django.contrib.messages.middleware import MessageMiddleware
from django.http import HttpRequest


class MessagesOfPages(MessageMiddleware):
    """Prepares Django's messages for pages only. The APIs show none, and preparing them takes as long as routing."""

    def process_request(self, request: HttpRequest) -> None:
        if request.path_info.startswith(settings.PAGES):
            super().process_request(request)
