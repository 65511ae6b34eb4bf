"""What clients of either API should stop using, and until when they may.

An entry marks its places in both contracts, adds headers to REST's answers that used one, and counts the uses of each
API in the metrics. `manage.py check` tells of places that a contract does not have, and of days that are past.
"""

from profiles.core.deprecations import Deprecation

DEPRECATIONS: tuple[Deprecation, ...] = ()
