"""The results as a table, a JSON file and a plot."""

import json
import statistics
from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path

FIGURES = {"cpu": "CPU ms/request", "rate": "requests/s", "p50": "p50 ms", "p99": "p99 ms"}
BASE = "stock"  # the project that the ratios divide by
COLUMNS = FIGURES | {"statements": "SQL/request"}
RATIOS = {"cpu_ratio": f"CPU/{BASE}", "rate_ratio": f"rate/{BASE}"}


def write(options, measured, counts):
    """Print the table of medians, and write it to JSON with every round's figures.

    Args:
        measured: a list of `Measured`, one for each round, by case and project.
        counts: SQL statements per request, by project and then case.
    """
    medians = {
        (case, name): median(rounds) | {"statements": counts[name][case]} | ratios(rounds, measured.get((case, BASE)))
        for (case, name), rounds in measured.items()
    }
    print_table(options, medians)
    results = [
        {"case": case, "project": project, **medians[case, project], "rounds": [round_.as_dict() for round_ in rounds]}
        for (case, project), rounds in measured.items()
    ]
    write_json(options, {"results": results})
    plot(options, medians)


def median(rounds):
    return {name: statistics.median(getattr(measured, name) for measured in rounds) for name in FIGURES}


def ratios(rounds, base):
    """The medians of CPU time and rate divided by the base's in the same round; empty without a base."""
    pairs = list(zip(rounds, base or [], strict=False))
    return {
        f"{name}_ratio": statistics.median(getattr(one, name) / getattr(other, name) for one, other in pairs)
        for name in (("cpu", "rate") if pairs else ())
    }


def write_json(options, content):
    settings = {name: getattr(options, name) for name in ("seconds", "rounds", "profiles")}
    text = json.dumps({"settings": settings, **content}, indent=1)
    Path(f"{options.output}.json").write_text(text + "\n", encoding="utf-8")


def in_order(options, medians):
    """Each case with the medians of its projects by name."""
    for case in options.cases:
        of_projects = {name: medians[case, name] for name in options.projects if (case, name) in medians}
        if of_projects:
            yield case, of_projects


def print_table(options, medians):
    heads = COLUMNS | ({name: head for name, head in RATIOS.items() if BASE in options.projects})
    print(f"{'case':15}{'project':17}" + "".join(f"{head:>15}" for head in heads.values()))  # noqa: T201
    for case, projects in in_order(options, medians):
        for name, figures in projects.items():
            print(f"{case:15}{name:17}" + "".join(f"{figures[head]:15.2f}" for head in heads))  # noqa: T201


def plot(options, medians):
    """Plot bars of the CPU time per request, by case and project."""
    shown = [case for case, _ in in_order(options, medians)]
    width = 0.8 / len(options.projects)
    with drawing(options, figsize=(11, 5)) as figure:
        axes = figure.subplots()
        for number, name in enumerate(options.projects):
            places = [place for place, case in enumerate(shown) if (case, name) in medians]
            heights = [medians[shown[place], name]["cpu"] for place in places]
            left = (number - (len(options.projects) - 1) / 2) * width
            bars = axes.bar([place + left for place in places], heights, width, label=name)
            axes.bar_label(bars, fmt="%.1f", fontsize=7)
        axes.set_xticks(range(len(shown)), shown)
        axes.set_ylabel(f"{FIGURES['cpu']}, median of {options.rounds}")
        axes.legend()


@contextmanager
def drawing(options, **arguments):
    """A matplotlib figure that is saved at the end."""
    from matplotlib.figure import Figure

    figure = Figure(layout="constrained", **arguments)
    yield figure
    figure.savefig(f"{options.output}.png", dpi=120)


def write_growth(options, measured, figure_of):
    """Print and write medians, and plot them in panels.

    Args:
        measured: a list of `Measured`, one for each round, by panel, line and value.
        figure_of: a panel's figure, if not the median latency.
    """
    medians = {key: median(rounds) for key, rounds in measured.items()}
    print(f"{'':28}{'':20}{'':>10}" + "".join(f"{text:>16}" for text in FIGURES.values()))  # noqa: T201
    for (panel, line, value), figures in medians.items():
        row = "".join(f"{figures[figure]:16.2f}" for figure in FIGURES)
        print(f"{panel:28}{line:20}{value:>10,}{row}")  # noqa: T201
    results = [{"panel": p, "line": line, "value": value, **medians[p, line, value]} for p, line, value in medians]
    write_json(options, {"results": results})
    lines = defaultdict(lambda: defaultdict(list))
    for (panel, line, value), figures in medians.items():
        lines[panel][line].append((value, figures[figure_of.get(panel, "p50")]))
    with drawing(options, figsize=(11, 8)) as figure:
        for axes, (panel, of_panel) in zip(figure.subplots(2, 2).flat, lines.items(), strict=True):
            for line, points in of_panel.items():
                axes.plot(*zip(*points, strict=True), marker="o", label=line)
            axes.set_xlabel(panel)
            axes.set_xscale("log" if panel in ("profiles", "connections") else "linear")
            axes.set_ylabel(FIGURES[figure_of.get(panel, "p50")])
            axes.set_ylim(bottom=0)
            axes.legend()
