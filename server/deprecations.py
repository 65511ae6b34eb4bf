"""Deprecated parts of both APIs, and the dates until which clients may use them.

An entry marks its places in both contracts, adds headers to REST responses that used one, and counts uses by API in the
metrics. `manage.py check` reports places that a contract does not have, and dates that have passed.
"""

from profiles.core.deprecations import Deprecation

DEPRECATIONS: tuple[Deprecation, ...] = ()
