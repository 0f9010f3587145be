"""Fill one matrix in a process of its own: `python one_fill.py path log pause [samples]`."""

import logging
import signal
import sys
from pathlib import Path

from kernel_regime.execution.settings import Execution
from kernel_regime.execution.store import fill
from kernel_regime.execution.store.job import KernelJob
from tests.execution.recording import Recorded, numbered_samples, record

if __name__ == "__main__":
    # Started from a background job, Python would inherit an ignored Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    path, log, pause, *count = sys.argv[1:]
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    samples = numbered_samples(int(count[0]) if count else 100)
    job = KernelJob(Recorded(log, float(pause)), samples, execution=Execution(memory=6 * 4 * 16**2))
    record(log, "start")
    fill(job, Path(path))
    record(log, "end")
