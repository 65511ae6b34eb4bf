"""The password hasher: the cost of a hash, and how many run concurrently."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.contrib.auth.hashers import Argon2PasswordHasher

from profiles.core.cpus import run_on_any
from profiles.core.outcomes import RETRY_AFTER, Outcome, Refused

Result = TypeVar("Result")

AT_ONCE = 2  # concurrent hashes in a process, each using `memory_cost`
PATIENCE = 2.0  # seconds that a hash waits for a thread

# glibc keeps a hash's memory allocated for the thread that computed it. With two threads it is allocated twice; hashing
# in the server's threads would allocate it once for each of them. Unlike those, these need not share a CPU: a hash does
# not hold Python's lock.
_threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="hash", initializer=run_on_any)


class Argon2Hasher(Argon2PasswordHasher):
    """Argon2id with the parameters of OWASP's Password Storage Cheat Sheet; at most `AT_ONCE` hashes run in a process.

    Raises:
        Refused: UNAVAILABLE: the hash has not started within `PATIENCE`.
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
        return future.result()  # the hash has started: wait for it
