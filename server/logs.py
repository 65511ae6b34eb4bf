"""Log records of requests that Django refuses."""

import logging


class OneLine(logging.Filter):
    """Reduces Django's record of a refused request to a one-line warning, because the client erred, not the service."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.startswith("django.security."):
            record.exc_info = None
            record.levelno, record.levelname = logging.WARNING, logging.getLevelName(logging.WARNING)
        return True
