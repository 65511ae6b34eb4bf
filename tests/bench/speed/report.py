"""What was measured: a table, a JSON file and a plot."""

import json
import statistics
from pathlib import Path

FIGURES = {"cpu": "CPU ms/request", "rate": "requests/s", "p50": "p50 ms", "p99": "p99 ms"}
BASE = "stock"  # the project that the ratios divide by


def write(options, measured, notes):
    """Print the table of medians, and write it with every round's figures.

    Args:
        measured: a list of `Measured`, one for each round, by case and project.
        notes: what must be known of a figure, by project and case.
    """
    medians = {pair: median(rounds) for pair, rounds in measured.items()}
    print_table(options, medians, notes)
    results = [
        {"case": case, "project": project, "median": medians[case, project], "rounds": [r.as_dict() for r in rounds]}
        for (case, project), rounds in measured.items()
    ]
    settings = {name: getattr(options, name) for name in ("seconds", "rounds", "profiles")}
    text = json.dumps({"settings": settings, "notes": notes, "results": results}, indent=1)
    Path(f"{options.output}.json").write_text(text + "\n", encoding="utf-8")
    plot(options, medians)


def median(rounds):
    return {name: statistics.median(getattr(measured, name) for measured in rounds) for name in FIGURES}


def in_order(options, medians):
    """The cases, each with the medians of its projects by their names."""
    for case in options.cases:
        of_projects = {name: medians[case, name] for name in options.projects if (case, name) in medians}
        if of_projects:
            yield case, of_projects


def print_table(options, medians, notes):
    print(f"{'case':16}{'project':20}" + "".join(f"{text:>16}" for text in FIGURES.values()) + f"{'CPU/' + BASE:>12}")  # noqa: T201
    for case, projects in in_order(options, medians):
        for name, figures in projects.items():
            ratio = f"{figures['cpu'] / projects[BASE]['cpu']:12.2f}" if BASE in projects else ""
            row = "".join(f"{figures[figure]:16.2f}" for figure in FIGURES)
            print(f"{case:16}{name:20}{row}{ratio}")  # noqa: T201
    for about, note in notes.items():
        print(f"{about}: {note}")  # noqa: T201


def plot(options, medians):
    """Bars of the CPU time of a request, by case and project."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(10, 5), layout="constrained")
    shown = [case for case, _ in in_order(options, medians)]
    width = 0.8 / len(options.projects)
    for number, name in enumerate(options.projects):
        places = [place for place, case in enumerate(shown) if (case, name) in medians]
        heights = [medians[shown[place], name]["cpu"] for place in places]
        bars = axes.bar(
            [place + (number - (len(options.projects) - 1) / 2) * width for place in places], heights, width
        )
        bars.set_label(name)
        axes.bar_label(bars, fmt="%.1f", fontsize=7)
    axes.set_xticks(range(len(shown)), shown)
    axes.set_ylabel(f"{FIGURES['cpu']} (median of {options.rounds} rounds)")
    axes.legend()
    figure.savefig(f"{options.output}.png", dpi=120)
    pyplot.close(figure)
