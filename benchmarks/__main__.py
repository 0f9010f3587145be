"""Run every benchmark topic, one process each, and write docs/benchmarks.md.

python -m benchmarks            all topics
python -m benchmarks myrtle     one topic; the others keep the figures they have
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from benchmarks.harness import Row
from benchmarks.records import FOLDER, Record, Topic, page, section

TOPICS = (
    "noise",
    "fully_connected",
    "network_kernels",
    "plain_products",
    "convolutional_kernels",
    "myrtle",
    "random_features",
    "store",
    "ridge",
    "gaussian_process",
    "training",
    "empirical_ntk",
    "shallow_ntk",
)
PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"


def main(topics: list[str]) -> None:
    """Measure the topics in turn; each enters the record and the page when it is finished."""
    unknown = sorted(set(topics) - set(TOPICS))
    if unknown:
        raise SystemExit(f"unknown topic {unknown[0]!r}; topics: {', '.join(TOPICS)}")
    console = Console()
    for name in topics or TOPICS:
        console.print(f"[bold]{name}[/bold] …")
        measured = Topic.of_today(measure(name))
        console.print(section(name, measured), markup=False)
        record = Record.of_this_machine()  # read anew: others may have measured meanwhile
        record.topics[name] = measured
        record.write()
        records = [Record.read(path) for path in sorted(FOLDER.glob("*.json"))]
        PAGE.write_text(page(records, TOPICS), encoding="utf-8")


def measure(topic: str) -> Iterator[Row]:
    """The rows of one topic, measured in a process of its own so that no topic warms another."""
    command = [sys.executable, "-m", f"benchmarks.{topic}"]
    result = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    for text in result.stdout.splitlines():
        if text.startswith("{"):
            yield Row(**json.loads(text))


if __name__ == "__main__":
    main(sys.argv[1:])
