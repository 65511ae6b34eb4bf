"""The files that are written from the code, by name, with what makes the text of each."""

from collections.abc import Callable
from pathlib import Path

from tests.guide import differences, flow, outcomes, settings

ROOT = Path(__file__).parent.parent.parent
WRITTEN: dict[str, Callable[[], str]] = {
    "server/docs/reference/settings.md": settings.page,
    ".env.example": settings.example,
    "server/docs/reference/outcomes.md": outcomes.page,
    "server/docs/explanation/differences.md": differences.page,
    "server/docs/pictures/flow-light.svg": lambda: flow.drawn(flow.LIGHT),
    "server/docs/pictures/flow-dark.svg": lambda: flow.drawn(flow.DARK),
}
