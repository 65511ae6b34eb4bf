#!/usr/bin/env python
"""Django's command line, with this service's settings."""

import os
import sys

from django.core.management import execute_from_command_line

from server.variables import VariablesError

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "server.settings")
    try:
        execute_from_command_line(sys.argv)
    except VariablesError as error:
        error.exit()
