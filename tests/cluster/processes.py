"""A program as a process of its own: started, waited for, stopped, killed, frozen and thawed."""

import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from glob import glob
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

PATH = os.pathsep.join(
    [*glob("/usr/lib/postgresql/*/bin"), os.environ["PATH"], "/usr/sbin"]
)  # where Debian has programs
PORTS = range(20_000, 32_000)  # below those that the kernel gives to outgoing connections
START_SECONDS = 60  # for a program to start or stop, on the slowest machine
POLL = 0.02  # seconds


class Failed(Exception):
    """A program that did not start, or a condition that did not come true."""


def program(name):
    """The path of an installed program. Raises `Failed`, naming it."""
    if not (path := shutil.which(name, path=PATH)):
        raise Failed(f"{name} is not installed: .ci/run shows the packages.")
    return path


@contextmanager
def directory(prefix):
    """A temporary directory in which another user finds its own. (pytest's are for one user alone.)"""
    with TemporaryDirectory(prefix=f"{prefix}-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder


def free_port():
    """A port of 127.0.0.1 on which nothing listens, and that no outgoing connection takes meanwhile."""
    while True:
        port = random.choice(PORTS)  # noqa: S311
        with socket.socket() as attempt:
            try:
                attempt.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def wait_until(condition, what, seconds=START_SECONDS):
    """The condition's first true result. Raises `Failed` after so many seconds."""
    until = time.monotonic() + seconds
    while not (result := condition()):
        if time.monotonic() > until:
            raise Failed(f"Not within {seconds} seconds: {what}")
        time.sleep(POLL)
    return result


def answers(port):
    """Whether something accepts connections on this port of 127.0.0.1."""
    with socket.socket() as attempt:
        attempt.settimeout(1)
        return attempt.connect_ex(("127.0.0.1", port)) == 0


def unprivileged(folder):
    """What `subprocess` needs to run a program as a user other than root, who then owns this folder.

    PostgreSQL and PgBouncer refuse to run as root.
    """
    if os.geteuid() != 0:
        return {}
    for path in (folder, *folder.rglob("*")):
        shutil.chown(path, "postgres", "postgres")
    return {"user": "postgres", "group": "postgres", "extra_groups": []}


@dataclass
class Process:
    """A program and what it starts.

    Args:
        name: what it is called in the list, and its log file.
        command: the program and its arguments.
        folder: its own directory, for its files and its log.
        address: where it listens, for the list.
        is_ready: whether it can be used.
        environment: further variables.
        is_unprivileged: whether it runs as a user other than root, where this process is root's.
        stop_signal: what ends it in order.
    """

    name: str
    command: list[str]
    folder: Path
    address: str
    is_ready: Callable[[], object]
    environment: dict[str, str] = field(default_factory=dict, repr=False)
    is_unprivileged: bool = False
    stop_signal: signal.Signals = signal.SIGTERM
    process: subprocess.Popen | None = None

    @property
    def log(self):
        return self.folder / f"{self.name}.log"

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_error):
        self.end()

    def start(self):
        """Start it and wait until it is ready. Raises `Failed` with the end of its log."""
        self.launch()
        self.wait()

    def launch(self):
        """Start it, and do not wait."""
        with self.log.open("a") as log:
            user = unprivileged(self.folder) if self.is_unprivileged else {}
            self.process = subprocess.Popen(
                [program(self.command[0]), *self.command[1:]],
                cwd=self.folder,
                env=os.environ | {"PATH": PATH} | self.environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for this process, which ends the others in their order
                **user,
            )

    def wait(self):
        """Wait until it is ready. Raises `Failed` with the end of its log."""
        try:
            wait_until(lambda: self.process.poll() is not None or self.is_ready(), f"{self.name} is ready")
        except Failed as error:
            raise Failed(f"{error}\n{self.end_of_log()}") from None
        if self.process.poll() is not None:
            raise Failed(f"{self.name} ended with {self.process.returncode}:\n{self.end_of_log()}")

    def end_of_log(self):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])

    @property
    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def family(self):
        """Its processes: the program's own, and those that it started."""
        if not self.is_running:
            return []
        own = psutil.Process(self.process.pid)
        return [own, *own.children(recursive=True)]

    def send(self, number, processes=None):
        """Send a signal to all of its processes, or to these."""
        for process in self.family() if processes is None else processes:
            try:
                process.send_signal(number)
            except psutil.NoSuchProcess:
                continue

    def ask_to_stop(self):
        """Have it end in order, and do not wait."""
        if self.is_running:
            self.thaw()
            self.process.send_signal(self.stop_signal)

    def stop(self, number=None):
        """End it in order, by its own signal or by this one, and wait until it has ended."""
        if self.is_running:
            self.process.send_signal(number or self.stop_signal)
            self.process.wait(START_SECONDS)

    def kill(self):
        """End all of its processes at once, as a machine that loses power does."""
        family = self.family()
        self.send(signal.SIGSTOP, family)
        self.send(signal.SIGKILL, family)
        psutil.wait_procs(family, START_SECONDS)
        if self.process:
            self.process.wait(START_SECONDS)

    def end(self):
        """End it in order where it can, and by force where it cannot."""
        self.thaw()
        try:
            self.stop()
        except subprocess.TimeoutExpired:
            self.kill()

    def freeze(self):
        """Stop all of its processes where they are: connections stay open, and nothing answers."""
        self.send(signal.SIGSTOP)

    def thaw(self):
        self.send(signal.SIGCONT)


@contextmanager
def all_at_once(processes):
    """Start these beside each other, and end them together."""
    with ExitStack() as started:
        for process in processes:
            started.callback(process.end)
            process.launch()
        for process in processes:
            process.wait()
        yield
        for process in processes:
            process.ask_to_stop()
