"""The reference of environment variables and `.env.example`, from `server.environment`."""

from textwrap import wrap

from server.environment import SECTIONS, Variable

NOTE = "<!-- Written by `make reference` from server/environment.py: change it there. -->"
KINDS = {str: "text", int: "whole number", float: "number", bool: "`true` or `false`", list: "list", dict: "pairs"}
HEAD = f"""{NOTE}

# Settings

Every setting is an environment variable. The service reads them at its start, which ends with a message that names all
that are missing or wrong. `.env.example` is a file of them to begin with: [Deploy](../operations/deploy.md) shows how
to use it. A list has its values separated by commas. A rate is a number and a period: `600 per minute`,
`10 per 5 minutes`. An empty variable counts as not set.
"""
EXAMPLE_HEAD = """\
# Written by `make reference` from server/environment.py: change it there.
# Copy it (`install -m 600 .env.example .env`), and give each variable that is not commented out a value.
# server/docs/reference/settings.md has these variables and all others, which may be added. A value with spaces needs
# quotes. compose.yaml and the units of systemd read such a file.
"""
WIDTH = 118


def page() -> str:
    return HEAD + "".join(f"\n## {title}\n\n{table(variables)}" for title, variables in SECTIONS.items())


def table(variables: dict[str, Variable]) -> str:
    lines = [f"| `{name}` | {form(each)} | {default(each)} | {does(each)} |\n" for name, each in variables.items()]
    return "| variable | type | default | what it does |\n|---|---|---|---|\n" + "".join(lines)


def form(variable: Variable) -> str:
    if variable.choices:
        return ", ".join(f"`{choice}`" for choice in variable.choices)
    return variable.form or KINDS[variable.kind]


def default(variable: Variable) -> str:
    if variable.required:
        return "required"
    if variable.shown:
        return variable.shown
    others = {" under `DEBUG`": variable.in_debug, " in processes that serve requests": variable.in_service}
    return "; ".join([shown(variable.default), *(shown(x) + where for where, x in others.items() if x is not None)])


def shown(value: object) -> str:
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return "none" if value in (None, "", []) else f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def does(variable: Variable) -> str:
    return variable.does + (f" Read by {variable.read_by}." if variable.read_by else "")


def example() -> str:
    """The variables that have no default, and those worth a proposal, commented out."""
    return EXAMPLE_HEAD + "".join(
        entry(name, each)
        for section in SECTIONS.values()
        for name, each in section.items()
        if each.required or each.example
    )


def entry(name: str, variable: Variable) -> str:
    comment = "".join(f"# {line}\n" for line in wrap(variable.does.replace("`", ""), WIDTH))
    return f"\n{comment}{'' if variable.required else '#'}{name}={variable.example}\n"
