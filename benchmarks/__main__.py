"""Run every benchmark topic, one process each, and write docs/benchmarks.md.

python -m benchmarks            all topics
python -m benchmarks myrtle     one topic, printed only
"""

import json
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
from rich.console import Console
from threadpoolctl import threadpool_info

from benchmarks.harness import Row

TOPICS = (
    "noise",
    "fully_connected",
    "network_kernels",
    "myrtle",
    "random_features",
    "store",
    "ridge",
    "training",
    "empirical_ntk",
    "shallow_ntk",
)
PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
HEADER = (
    "| work | ours | against | theirs | ratio | at least | |",
    "|---|---:|---|---:|---:|---:|---|",
)


def main(topics: list[str]) -> None:
    """Measure the topics in turn; all of them together make the page, topic by topic."""
    unknown = sorted(set(topics) - set(TOPICS))
    if unknown:
        raise SystemExit(f"unknown topic {unknown[0]!r}; topics: {', '.join(TOPICS)}")
    console = Console()
    sections = []
    for topic in topics or TOPICS:
        console.print(f"[bold]{topic}[/bold] …")
        rows = list(measure(topic))
        sections.append("\n".join((f"## {topic.replace('_', ' ')}", "", *HEADER, *map(line, rows))))
        console.print(sections[-1], markup=False)
        if not topics:
            PAGE.write_text("\n\n".join((introduction(), *sections)) + "\n", encoding="utf-8")


def measure(topic: str) -> Iterator[Row]:
    """The rows of one topic, measured in a process of its own so that no topic warms another."""
    command = [sys.executable, "-m", f"benchmarks.{topic}"]
    result = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    for text in result.stdout.splitlines():
        if text.startswith("{"):
            yield Row(**json.loads(text))


def line(row: Row) -> str:
    """One row of the table; a bold ratio misses what is required of it."""
    ratio = f"{row.ratio:.2f}×"
    missed = row.required is not None and row.ratio < row.required
    return " | ".join(
        (
            f"| {row.work}",
            f"{row.ours:.4g} {row.unit}",
            row.against,
            f"{row.other:.4g} {row.unit}",
            f"**{ratio}**" if missed else ratio,
            f"{row.required:g}×" if row.required is not None else "",
            f"{row.note} |",
        )
    )


def introduction() -> str:
    """What was measured, on which machine."""
    memory = psutil.virtual_memory().total / 2**30
    return (
        "# Benchmarks\n\n"
        "`make bench` measures both columns of a row in one process, in turn, after a warm-up, and "
        "reports medians. A ratio above 1 means that this project is faster (or needs less); "
        "bold ratios miss what is required of them.\n\n"
        f"Machine: {processor()}, {psutil.cpu_count(logical=False)} cores, {memory:.0f} GiB, "
        f"{platform.system()}, Python {platform.python_version()}, "
        f"NumPy {np.__version__} with {linear_algebra()}."
    )


def linear_algebra() -> str:
    """Whose matrix products NumPy uses, and for which processor: peers depend on it."""
    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    return ", ".join(f"{pool['internal_api']} ({pool.get('architecture')})" for pool in pools)


def processor() -> str:
    """The processor's name, as the operating system gives it."""
    description = Path("/proc/cpuinfo")
    if description.exists():
        names = [
            row for row in description.read_text().splitlines() if row.startswith("model name")
        ]
        if names:
            return names[0].partition(":")[2].strip()
    return platform.processor() or platform.machine()


if __name__ == "__main__":
    main(sys.argv[1:])
