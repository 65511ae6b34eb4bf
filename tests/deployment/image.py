"""Build the Dockerfile without a Docker engine: its stages become directories, built by its own commands.

It does not use the base images: Node is the machine's, and Python an environment that has only pip.
"""

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

from docker.utils.build import exclude_paths

ROOT = Path(__file__).parent.parent.parent
PLACE = "/app"  # the images' directory for all files


class Image:
    """The last stage: `folder` is its `/app`.

    `environment`, `user`, `check` and `command` are the Dockerfile's run-time instructions.
    """

    def __init__(self, work: Path, python: Path) -> None:
        self.work, self.python = work, python
        self.folder = work / "app"
        self.context = sorted(exclude_paths(ROOT, (ROOT / ".dockerignore").read_text().splitlines()))
        for name, rest in instructions((ROOT / "Dockerfile").read_text().replace(PLACE, str(self.folder))):
            getattr(self, f"do_{name.lower()}")(rest)

    def do_from(self, rest: str) -> None:
        if self.folder.exists():
            self.folder.rename(self.work / self.stage)
        self.folder.mkdir()
        self.stage = rest.partition(" AS ")[2]
        self.environment = {"PATH": f"{self.python / 'bin'}{os.pathsep}{os.environ['PATH']}"}
        self.user = self.command = self.check = ""

    def do_workdir(self, rest: str) -> None:
        self.place = Path(rest)
        self.place.mkdir(parents=True, exist_ok=True)

    def do_copy(self, rest: str) -> None:
        stage = re.match(r"--from=(\w+) ", rest)
        *sources, target = rest[stage.end() if stage else 0 :].split()
        for source in sources:
            self._copy(self._found(source, stage and stage[1]), self.place / target, into=target.endswith("/"))

    def _found(self, source: str, stage: str | None) -> dict[str, Path]:
        """The files of a source, by relative path; a single file by its name."""
        if stage:
            base = Path(source.replace(str(self.folder), str(self.work / stage)))
            return {str(each.relative_to(base)): each for each in base.rglob("*") if not each.is_dir()}
        names = {name for name in self.context if (ROOT / name).is_file()}
        if source in names:
            return {Path(source).name: ROOT / source}
        return {name[len(source) + 1 :]: ROOT / name for name in names if name.startswith(f"{source}/")}

    def _copy(self, found: dict[str, Path], target: Path, *, into: bool) -> None:
        assert found, f"COPY to {target} finds nothing: .dockerignore leaves it out"
        for name, file in found.items():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, target / name, follow_symlinks=False)

    def do_run(self, rest: str) -> None:
        python = str(self.python / "bin" / "python")  # keeps uv from finding another Python on this machine
        environment = {"HOME": str(self.work), "UV_PYTHON": python, **passed_on(), **self.environment}
        subprocess.run(["/bin/sh", "-c", rest], cwd=self.place, env=environment, check=True)

    def do_env(self, rest: str) -> None:
        for pair in shlex.split(rest):
            name, _, value = pair.partition("=")
            self.environment[name] = value.replace("$PATH", self.environment["PATH"])

    def do_user(self, rest: str) -> None:
        self.user = rest

    def do_expose(self, rest: str) -> None:
        self.port = rest

    def do_healthcheck(self, rest: str) -> None:
        self.check = rest.partition("CMD ")[2]

    def do_cmd(self, rest: str) -> None:
        self.command = rest


def instructions(text: str) -> list[tuple[str, str]]:
    """Each instruction of a Dockerfile, and the rest of its line."""
    lines = re.sub(r"\\\n", "", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)).splitlines()
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in lines if line)]


def passed_on() -> dict[str, str]:
    """The machine's variables for reaching the package registries."""
    prefixes = ("UV_", "PIP_", "NPM_", "npm_", "HTTP", "NO_PROXY", "SSL_", "NODE_EXTRA")
    return {name: value for name, value in os.environ.items() if name.startswith(prefixes)}
