"""A reader of environment variables that reports all missing and invalid ones in one message."""

from typing import Any, NoReturn

import environ
from django.core.exceptions import ImproperlyConfigured

from server.environment import VARIABLES, Variable

MESSAGE = """\
The service does not start. These environment variables are missing or wrong:

{problems}

server/docs/reference/settings.md describes every variable, and .env.example is a file of them to begin with.
With DEBUG=true, for a developer's own machine, none of them is needed."""


class VariablesError(ImproperlyConfigured):
    """Variables are missing or invalid. `problems`: advice by variable."""

    def __init__(self, problems: dict[str, str]) -> None:
        self.problems = problems
        lines = (f"  {name}: {problem}" for name, problem in problems.items())
        super().__init__(MESSAGE.format(problems="\n".join(lines)))

    def exit(self) -> NoReturn:
        """End the process with status 1 and the message on standard error, without a traceback."""
        raise SystemExit(str(self)) from None


class Variables(environ.Env):  # type: ignore[misc]  # it ships no types
    """django-environ's reader, changed to collect all problems instead of raising the first, and to keep `$` as is."""

    def __init__(self) -> None:
        super().__init__()
        self.problems: dict[str, str] = {}

    def get_value(
        self, var: str, cast: Any = str, default: Any = environ.Env.NOTSET, parse_default: bool = False
    ) -> Any:
        """A variable's value, of the type `cast`; `default` if it is empty or not set.

        A missing variable without a default and a malformed value are recorded as problems; the result is `cast()`.
        """
        given = self.ENVIRON.get(var)
        try:
            if given:
                return self.parse_value(given, cast)
        except ValueError:
            self.problems[var] = f"Not of its type, which is {cast.__name__}."
        else:
            if default is not self.NOTSET:
                return default
            self.problems[var] = "Missing."
        return cast()

    def read(self, name: str) -> Any:
        """The value of a declared variable, or its default; a problem if it is missing or not one of its choices."""
        declared = VARIABLES[name]
        value = self.get_value(name, declared.kind, self._default(declared))
        self.require(name, bool(value) or not declared.required, f"Missing. {declared.does}")
        self.require(name, value in (declared.choices or (value,)), f"Set {' or '.join(declared.choices)}.")
        return value

    def _default(self, declared: Variable) -> Any:
        in_debug = declared.in_debug is not None and self.get_value("DEBUG", bool, default=False)
        return declared.in_debug if in_debug else declared.default

    def db(self, var: str) -> dict[str, Any]:
        """Django's configuration of the database whose URL a variable holds."""
        return self._database(var, self.read(var))

    def dbs(self, var: str) -> list[dict[str, Any]]:
        """Django's configurations of the databases whose URLs a variable lists. The list may be empty."""
        return [self._database(var, url) for url in self.read(var)]

    def _database(self, var: str, url: str) -> dict[str, Any]:
        """Parse a URL. If it is not one of PostgreSQL or SQLite, record a problem and return an empty configuration."""
        try:
            if url.startswith(("postgres://", "postgresql://", "sqlite:")):
                return dict(self.db_url_config(url))
        except ValueError:  # its port is not a number
            pass
        self.problems[var] = "Set postgres://user:password@host:port/name, or sqlite:////path/to/file."
        return {"ENGINE": ""}

    def mail(self, var: str) -> dict[str, Any]:
        """Django's settings of the mail server whose URL a variable holds; empty, with a problem, if not SMTP."""
        try:
            if self.read(var).startswith("smtp") and (found := self.email_url(var))["EMAIL_HOST"]:
                return dict(found)
        except (ValueError, ImproperlyConfigured):  # its port is not a number, or its scheme is unknown
            pass
        self.problems[var] = "Set smtp+tls://user:password@host:587, or smtp+ssl://user:password@host:465."
        return {}

    def require(self, name: str, is_right: bool, advice: str) -> None:
        """Add advice about this variable to the problems, unless it is right."""
        if not is_right:
            self.problems[name] = " ".join(filter(None, (self.problems.get(name), advice)))

    def check(self) -> None:
        """Raise `VariablesError` if there are problems."""
        if self.problems:
            raise VariablesError(self.problems)
