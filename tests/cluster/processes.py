"""Programs as processes: start, wait, stop, kill, freeze and thaw."""

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
)  # Debian's directories for server programs
PORTS = range(20_000, 32_000)  # below the kernel's range for outgoing connections
START_SECONDS = 60  # for a start or a stop, on the slowest machine
POLL = 0.02  # seconds


class Failed(Exception):
    """A program did not start, or a condition did not become true."""


def program(name):
    """The path of an installed program. Raises `Failed` if it is not installed."""
    if not (path := shutil.which(name, path=PATH)):
        raise Failed(f"{name} is not installed: .ci/run shows the packages.")
    return path


@contextmanager
def directory(prefix):
    """A temporary directory that other users can enter, unlike pytest's."""
    with TemporaryDirectory(prefix=f"{prefix}-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder


def free_port():
    """A free port of 127.0.0.1, outside the range for outgoing connections."""
    while True:
        port = random.choice(PORTS)  # noqa: S311
        with socket.socket() as attempt:
            try:
                attempt.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def wait_until(condition, what, seconds=START_SECONDS):
    """Wait for the condition's first true result, and return it. Raises `Failed` after `seconds`."""
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
    """`subprocess` arguments to run a program as a user other than root, who is given this folder.

    PostgreSQL and PgBouncer refuse to run as root.
    """
    if os.geteuid() != 0:
        return {}
    for path in (folder, *folder.rglob("*")):
        shutil.chown(path, "postgres", "postgres")
    return {"user": "postgres", "group": "postgres", "extra_groups": []}


@dataclass
class Process:
    """A program and its child processes.

    Args:
        name: its name in the list and of its log file.
        command: the program and its arguments.
        folder: its own directory, for its files and its log.
        address: its listening address, for the list.
        is_ready: whether it can be used.
        environment: additional variables.
        is_unprivileged: whether it runs as another user if this process is root's.
        stop_signal: the signal for an orderly stop.
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
        """Start it without waiting."""
        with self.log.open("a") as log:
            user = unprivileged(self.folder) if self.is_unprivileged else {}
            self.process = subprocess.Popen(
                [program(self.command[0]), *self.command[1:]],
                cwd=self.folder,
                env=os.environ | {"PATH": PATH} | self.environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C then reaches only this process, which stops the others in order
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
        """Its processes: the program and its descendants."""
        if not self.is_running:
            return []
        own = psutil.Process(self.process.pid)
        return [own, *own.children(recursive=True)]

    def send(self, number, processes=None):
        """Send a signal to all of its processes, or to `processes`."""
        for process in self.family() if processes is None else processes:
            try:
                process.send_signal(number)
            except psutil.NoSuchProcess:
                continue

    def ask_to_stop(self):
        """Request an orderly stop without waiting."""
        if self.is_running:
            self.thaw()
            self.process.send_signal(self.stop_signal)

    def stop(self, number=None):
        """Stop it with its own signal, or with this one, and wait until it has ended."""
        if self.is_running:
            self.process.send_signal(number or self.stop_signal)
            self.process.wait(START_SECONDS)

    def kill(self):
        """Kill all of its processes at once, as a power failure does."""
        family = self.family()
        self.send(signal.SIGSTOP, family)
        self.send(signal.SIGKILL, family)
        psutil.wait_procs(family, START_SECONDS)
        if self.process:
            self.process.wait(START_SECONDS)

    def end(self):
        """Stop it; kill it if it does not stop in time."""
        self.thaw()
        try:
            self.stop()
        except subprocess.TimeoutExpired:
            self.kill()

    def freeze(self):
        """Suspend all of its processes: connections stay open, but nothing responds."""
        self.send(signal.SIGSTOP)

    def thaw(self):
        self.send(signal.SIGCONT)


@contextmanager
def all_at_once(processes):
    """Start processes in parallel, and stop them together."""
    with ExitStack() as started:
        for process in processes:
            started.callback(process.end)
            process.launch()
        for process in processes:
            process.wait()
        yield
        for process in processes:
            process.ask_to_stop()
