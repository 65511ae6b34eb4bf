"""The diagram of how a write flows: two APIs, one path. Each text of it is a row of `STEPS`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Palette:
    paper: str
    ink: str
    muted: str
    line: str
    rest: str
    graphql: str


LIGHT = Palette("#ffffff", "#1b2130", "#586174", "#868fa0", "#0a6d63", "#a81f69")
DARK = Palette("#181c26", "#e5e8ef", "#9da7b9", "#6b7588", "#52c7b8", "#f18fc3")

STEPS = [  # a step, and where it is
    ("Read the body", "strict JSON: profiles/core/parsers.py"),
    ("Identify the caller", "one SQL statement: profiles/identity/tokens.py"),
    ("Load", "only what the caller may see: visible_to(actor)"),
    ("Authorize", "profiles/policy.py"),
    ("Validate", "profiles/serializers.py"),
    ("Write", "lock, precondition, version, history: profiles/core/writing.py"),
    ("Answer", "one catalogue of outcomes: profiles/core/outcomes.py"),
]
ENDS = (
    ("rest", "PATCH /profiles/1/", "200, 400, 403, 404, 412 …"),
    ("graphql", "mutation updateProfile", "payload or errors"),
)
WIDTH, MARGIN, ROW, GAP = 880, 20, 52, 12
TOP = 84  # where the first step begins
CENTRES = (WIDTH // 4, WIDTH * 3 // 4)
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif"


def drawn(palette: Palette) -> str:
    """The SVG in these colours. It has no style element, which the pages' Content-Security-Policy refuses."""
    bottom = TOP + len(STEPS) * (ROW + GAP)
    height = bottom + 84
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="{FONT}" role="img">',
        "<title>How a write flows: REST and GraphQL share every step</title>",
        f'<rect width="{WIDTH}" height="{height}" rx="12" fill="{palette.paper}"/>',
    ]
    for centre, (api, request, answer) in zip(CENTRES, ENDS, strict=True):
        colour = getattr(palette, api)
        parts += [
            box(centre - 150, MARGIN, 300, 44, colour, palette.paper),
            label(centre, MARGIN + 28, request, colour, weight=600, anchor="middle"),
            arrow(centre, MARGIN + 44, TOP, colour),
            arrow(centre, bottom - GAP, bottom + MARGIN, colour),
            box(centre - 150, bottom + MARGIN, 300, 44, colour, palette.paper),
            label(centre, bottom + MARGIN + 28, answer, colour, weight=600, anchor="middle"),
        ]
    for number, (step, where) in enumerate(STEPS):
        top = TOP + number * (ROW + GAP)
        if number:
            parts.append(arrow(WIDTH // 2, top - GAP, top, palette.line))
        parts += [
            box(MARGIN, top, WIDTH - 2 * MARGIN, ROW, palette.line, palette.paper),
            label(MARGIN + 24, top + 32, step, palette.ink, weight=600),
            label(MARGIN + 230, top + 32, where, palette.muted),
        ]
    return "\n".join([*parts, "</svg>\n"])


def box(left: int, top: int, width: int, height: int, stroke: str, fill: str) -> str:
    place = f'x="{left}" y="{top}" width="{width}" height="{height}"'
    return f'<rect {place} rx="8" fill="{fill}" stroke="{stroke}" stroke-width="1.5"/>'


def arrow(centre: int, top: int, bottom: int, colour: str) -> str:
    head = f"M{centre - 4} {bottom - 5}L{centre} {bottom}L{centre + 4} {bottom - 5}"
    return f'<path d="M{centre} {top}V{bottom}{head}" fill="none" stroke="{colour}" stroke-width="1.5"/>'


def label(left: int, baseline: int, text: str, fill: str, *, weight: int = 400, anchor: str = "start") -> str:
    place = f'x="{left}" y="{baseline}" text-anchor="{anchor}"'
    return f'<text {place} fill="{fill}" font-size="16" font-weight="{weight}">{text}</text>'
