"""What pages alone need."""

from django.conf import settings
from django.contrib.messages.middleware import MessageMiddleware
from django.http import HttpRequest


class MessagesOfPages(MessageMiddleware):
    """Messages where pages are: neither API has one to show, and to prepare them takes as long as to find a path."""

    def process_request(self, request: HttpRequest) -> None:
        if request.path_info.startswith(settings.PAGES):
            super().process_request(request)
