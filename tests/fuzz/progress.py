"""The progress and the findings of a fuzz test."""

from collections import Counter
from random import Random
from traceback import format_exception

from hypothesis import seed
from tqdm import tqdm

MOST_FOUND = 5  # differences after which a test stops


class Progress(tqdm):
    """A progress bar: requests, requests per second, differences, 5xx responses, and leaked internals."""

    monitor_interval = 0  # no monitor thread, which would read the test's clock

    def __init__(self, requests, *, name, is_shown):
        self.name = name
        # A short run has fixed seeds, so that it does not fail for an unrelated change.
        self.seeds = Random(None if is_shown else name)  # noqa: S311  seeds, and no secrets
        self.found = Counter({"differences": 0, "5xx": 0, "leaks": 0})
        super().__init__(desc=name, total=requests, unit=" requests", mininterval=1, disable=not is_shown)
        self.set_postfix(self.found, refresh=False)

    def count(self, *, fault, leak):
        """Count a response: whether its status is 5xx, and whether it leaks an internal text."""
        if fault or leak:
            self.found["5xx"] += fault
            self.found["leaks"] += leak
            self.set_postfix(self.found, refresh=False)
        self.n += self.disable  # tqdm does not count on a disabled bar
        self.update()

    def summary(self):
        """A test's results for one portion of the fuzz. Portions can be added up, as each has its own seeds."""
        found = ", ".join(f"{number} {what}" for what, number in self.found.items())
        return f"{self.name}: {self.n} requests, {found}"

    def spend(self, run):
        """Call `run` with Hypothesis's seed decorator until all requests are sent.

        Raises:
            ExceptionGroup: the failures, each with its seed.
        """
        errors = []
        while self.n < self.total and len(errors) < MOST_FOUND:
            number = self.seeds.getrandbits(32)
            try:
                run(seed(number))
            except Exception as error:
                error.add_note(f"found by seed {number}")
                errors.append(error)
                if not self.disable:
                    self.write("".join(format_exception(error)))
                self.found["differences"] += 1
                self.set_postfix(self.found, refresh=False)
        self.close()
        if errors:
            raise ExceptionGroup(f"{len(errors)} differences in {self.n} requests", errors)
