"""The password hasher: how much a hash costs, and how many are computed at a time."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.contrib.auth.hashers import Argon2PasswordHasher

from profiles.core.outcomes import RETRY_AFTER, Outcome, Refused

Result = TypeVar("Result")

AT_ONCE = 2  # hashes in a process, each of `memory_cost`
PATIENCE = 2.0  # seconds that the next one waits

# glibc keeps the memory of a hash for the thread that computed it. Two threads keep it twice; hashing in the server's
# threads would keep it once for each.
_threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="hash")


class Argon2Hasher(Argon2PasswordHasher):
    """Argon2id with the parameters of OWASP's Password Storage Cheat Sheet, at most `AT_ONCE` at a time in a process.

    Raises:
        Refused: UNAVAILABLE: the hash has not begun within `PATIENCE`.
    """

    time_cost = 2
    memory_cost = 19_456  # KiB
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        return _in_turn(super().encode, password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        return _in_turn(super().verify, password, encoded)


def _in_turn(compute: Callable[[str, str], Result], *arguments: str) -> Result:
    future = _threads.submit(compute, *arguments)
    try:
        return future.result(PATIENCE)
    except TimeoutError:
        if future.cancel():
            raise Refused(Outcome.UNAVAILABLE, retry_after=RETRY_AFTER) from None
        return future.result()  # it has begun, and takes its time
