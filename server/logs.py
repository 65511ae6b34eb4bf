"""What the log says of a request that Django refuses."""

import logging


class OneLine(logging.Filter):
    """Makes what Django logs of a refused request a warning of one line: the client erred, not the service."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.startswith("django.security."):
            record.exc_info = None
            record.levelno, record.levelname = logging.WARNING, logging.getLevelName(logging.WARNING)
        return True
