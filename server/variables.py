"""Environment variables, read so that one message names all that are missing or wrong."""

from typing import Any, NoReturn

import environ
from django.core.exceptions import ImproperlyConfigured

MESSAGE = """\
The service does not start. These environment variables are missing or wrong:

{problems}

The README's part "In production" describes every variable, and .env.example is a file of them to begin with.
With DEBUG=true, for a developer's own machine, none of them is needed."""


class VariablesError(ImproperlyConfigured):
    """Variables are missing or wrong. `problems` says by the name of each what to do."""

    def __init__(self, problems: dict[str, str]) -> None:
        self.problems = problems
        lines = (f"  {name}: {problem}" for name, problem in problems.items())
        super().__init__(MESSAGE.format(problems="\n".join(lines)))

    def exit(self) -> NoReturn:
        """End the process with status 1 and the message on standard error, without a traceback."""
        raise SystemExit(str(self)) from None


class Variables(environ.Env):  # type: ignore[misc]  # it ships no types
    """django-environ's reader, which collects problems where that raises the first, and takes `$` as a character."""

    def __init__(self) -> None:
        super().__init__()
        self.problems: dict[str, str] = {}

    def get_value(
        self, var: str, cast: Any = str, default: Any = environ.Env.NOTSET, parse_default: bool = False
    ) -> Any:
        """A variable's value, of the type `cast`; `default` where it is not set or empty.

        Where it has no default, or is no value of its type, that is a problem, and the value is an empty one.
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

    def db(self, var: str, default: str) -> dict[str, Any]:
        """The configuration of the database at a URL."""
        return self._database(var, self.get_value(var, default=default))

    def dbs(self, var: str) -> list[dict[str, Any]]:
        """The configurations of the databases at the URLs of a list, which may be empty."""
        return [self._database(var, url) for url in self.get_value(var, list, default=[])]

    def _database(self, var: str, url: str) -> dict[str, Any]:
        """An empty configuration, and a problem, where it is no URL of PostgreSQL or SQLite."""
        try:
            if url.startswith(("postgres://", "postgresql://", "sqlite:")):
                return dict(self.db_url_config(url))
        except ValueError:  # its port is no number
            pass
        self.problems[var] = "Set postgres://user:password@host:port/name, or sqlite:////path/to/file."
        return {"ENGINE": ""}

    def mail(self, var: str) -> dict[str, Any]:
        """Django's settings of the mail server at a URL; none, and a problem, where it is no URL of SMTP."""
        try:
            if self.get_value(var, default="").startswith("smtp") and (found := self.email_url(var))["EMAIL_HOST"]:
                return dict(found)
        except (ValueError, ImproperlyConfigured):  # its port is no number, or its scheme is none of SMTP
            pass
        self.problems[var] = "Set smtp+tls://user:password@host:587, or smtp+ssl://user:password@host:465."
        return {}

    def require(self, name: str, is_right: bool, advice: str) -> None:
        """Add to the problems what to do about this variable, where it is not right."""
        if not is_right:
            self.problems[name] = " ".join(filter(None, (self.problems.get(name), advice)))

    def check(self) -> None:
        """Raise `VariablesError` where there are problems."""
        if self.problems:
            raise VariablesError(self.problems)
