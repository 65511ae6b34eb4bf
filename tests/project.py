"""Settings of a project with a second resource: notes."""

from server.settings import *  # noqa: F403

INSTALLED_APPS += ["tests.notes"]  # noqa: F405
