"""The progress of a fuzz test, and what it has found."""

from collections import Counter
from random import Random
from traceback import format_exception

from hypothesis import seed
from tqdm import tqdm

MOST_FOUND = 5  # differences, after which there is enough to look at


class Progress(tqdm):
    """A line of requests sent, requests a second, differences, answers of 5xx and internal texts."""

    monitor_interval = 0  # no thread beside the test's, which would read its clock

    def __init__(self, requests, *, name, is_shown):
        self.name = name
        # The short run sends the same each time: what is found anew is not whoever's who changed something else.
        self.seeds = Random(None if is_shown else name)  # noqa: S311  seeds, and no secrets
        self.found = Counter({"differences": 0, "5xx": 0, "leaks": 0})
        super().__init__(desc=name, total=requests, unit=" requests", mininterval=1, disable=not is_shown)
        self.set_postfix(self.found, refresh=False)

    def count(self, *, fault, leak):
        """A request was answered: with a status of 5xx, with an internal text?"""
        if fault or leak:
            self.found["5xx"] += fault
            self.found["leaks"] += leak
            self.set_postfix(self.found, refresh=False)
        self.n += self.disable  # a line that is not shown does not count
        self.update()

    def summary(self):
        """What a portion of the fuzz reports of a test: portions add up, as each has its own seeds."""
        found = ", ".join(f"{number} {what}" for what, number in self.found.items())
        return f"{self.name}: {self.n} requests, {found}"

    def spend(self, run):
        """Call `run` with a function's or a class's seed decorator until all requests are sent.

        Raises:
            ExceptionGroup: what it found, each with the seed that finds it again.
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
