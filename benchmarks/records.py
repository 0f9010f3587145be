"""Records of measurements: a JSON file a machine, from which docs/benchmarks.md is made.

A record keeps, topic by topic, when and at which commit it was measured, so that a part of the
benchmarks can be measured again and nobody takes old figures for new ones.
"""

import json
import platform
import re
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import llvmlite.binding
import numpy as np
import psutil
from threadpoolctl import threadpool_info

from benchmarks.harness import Row

FOLDER = Path(__file__).with_name("records")
INTRODUCTION = """\
# Benchmarks

`make bench` measures both columns of a row in one process, in turn, after a warm-up, and reports
medians. A ratio above 1 means that this project is faster (or needs less); bold ratios miss what is
required of them. `python -m benchmarks myrtle` measures one topic again. The tables are made from
`benchmarks/records/`, one file a machine."""
HEADER = (
    "| work | ours | against | theirs | ratio | at least | |",
    "|---|---:|---|---:|---:|---:|---|",
)


@dataclass
class Topic:
    """Rows of one topic, and of which day and commit they are."""

    measured: str
    commit: str
    rows: list[Row]

    @classmethod
    def of_today(cls, rows: Iterable[Row]) -> "Topic":
        """Rows that have just been measured."""
        return cls(date.today().isoformat(), _commit(), list(rows))


@dataclass
class Record:
    """What was measured on one machine."""

    device: str
    software: str
    topics: dict[str, Topic] = field(default_factory=dict)

    @classmethod
    def of_this_machine(cls) -> "Record":
        """The record that this machine has, with its present software, or a new one."""
        record = cls(_device(), _software())
        if record.path.exists():
            record.topics = cls.read(record.path).topics
        return record

    @classmethod
    def read(cls, path: Path) -> "Record":
        """A record from its file."""
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        topics = {
            name: Topic(**{**topic, "rows": [Row(**row) for row in topic["rows"]]})
            for name, topic in content.pop("topics").items()
        }
        return cls(**content, topics=topics)

    @property
    def path(self) -> Path:
        """Its file, named by the machine."""
        return FOLDER / f"{re.sub(r'[^a-z0-9]+', '-', self.device.lower()).strip('-')}.json"

    def write(self) -> None:
        """Into its file."""
        FOLDER.mkdir(exist_ok=True)
        self.path.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")


def page(records: Sequence[Record], order: Sequence[str]) -> str:
    """Markdown of all records, the topics of each in this order."""
    sections = [INTRODUCTION]
    for record in records:
        sections.append(f"## {record.device}\n\n{record.software}.")
        sections += [section(name, record.topics[name]) for name in order if name in record.topics]
    return "\n\n".join(sections) + "\n"


def section(name: str, topic: Topic) -> str:
    """One topic: a heading, its date, and a table."""
    heading = f"### {name.replace('_', ' ').capitalize()}"
    told = f"Measured on {topic.measured} at {topic.commit}."
    return "\n".join((heading, "", told, "", *HEADER, *map(_line, topic.rows)))


def _line(row: Row) -> str:
    ratio = f"{row.ratio:.2f}×"
    missed = row.required is not None and row.ratio < row.required
    return " | ".join(
        (
            f"| {row.work}",
            f"{row.ours:.4g} {row.unit}",
            row.against,
            f"{row.other:.4g} {row.unit}",
            f"**{ratio}**" if missed else ratio,
            f"{row.required:.3g}×" if row.required is not None else "",
            f"{row.note} |",
        )
    )


def _device() -> str:
    memory = psutil.virtual_memory().total / 2**30
    cores = psutil.cpu_count(logical=False)
    generation = llvmlite.binding.get_host_cpu_name()
    return f"{_processor()} ({generation}), {cores} cores, {_instruction_set()}, {memory:.0f} GiB"


def _instruction_set() -> str:
    """The widest vectors of this processor, on which all figures depend."""
    features = llvmlite.binding.get_host_cpu_features()
    known = {"avx512f": "AVX-512", "avx2": "AVX2", "neon": "NEON"}
    return next((name for feature, name in known.items() if features.get(feature)), "SSE")


def _processor() -> str:
    """The processor's name, as the operating system gives it: that of a whole family, often."""
    description = Path("/proc/cpuinfo")
    if description.exists():
        named = re.search(r"^model name\s*:\s*(.+)$", description.read_text(), re.MULTILINE)
        if named:
            return named[1].strip()
    return platform.processor() or platform.machine()


def _software() -> str:
    """Of which versions, and whose matrix products NumPy uses: peers depend on it."""
    libraries = ", ".join(_linear_algebra())
    return (
        f"{platform.system()}, Python {platform.python_version()}, NumPy {np.__version__} "
        f"with {libraries}"
    )


def _linear_algebra() -> Iterator[str]:
    for pool in threadpool_info():
        if pool["user_api"] == "blas":
            yield f"{pool['internal_api']} ({pool.get('architecture')})"


def _commit() -> str:
    """Of the tree that is measured."""
    told = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(
        told, cwd=FOLDER.parent, capture_output=True, text=True, check=True
    ).stdout.strip()
