"""The choice of OpenBLAS's kernels."""

import os
import subprocess
import sys

import pytest

from kernel_regime.openblas import CPU_INFO, is_unrecognised

ZEN_5 = """\
vendor_id	: AuthenticAMD
cpu family	: 26
flags		: fpu avx512f avx512dq avx512bw avx512vl
"""
ARCHITECTURE = """
import kernel_regime, numpy, threadpoolctl
print({pool["architecture"] for pool in threadpoolctl.threadpool_info()
       if pool["internal_api"] == "openblas"})
"""


@pytest.mark.parametrize(
    ("cpu_info", "expected"),
    [
        (ZEN_5, True),
        (ZEN_5 + "\nvendor_id\t: AuthenticAMD\ncpu family\t: 25\n", True),
        (ZEN_5.replace("26", "25"), False),
        (ZEN_5.replace("AuthenticAMD", "GenuineIntel"), False),
        (ZEN_5.replace("avx512vl", "avx2"), False),
        ("", False),
    ],
)
def test_only_zen_5_with_avx512_is_named(cpu_info, expected):
    assert is_unrecognised(cpu_info) is expected


@pytest.mark.skipif(
    not (CPU_INFO.exists() and is_unrecognised(CPU_INFO.read_text())),
    reason="another processor: OpenBLAS recognises it",
)
@pytest.mark.parametrize(("asked", "expected"), [(None, "SkylakeX"), ("Haswell", "Haswell")])
def test_numpy_gets_avx512_unless_the_user_says_otherwise(asked, expected):
    environment = {k: v for k, v in os.environ.items() if k != "OPENBLAS_CORETYPE"}
    if asked:
        environment["OPENBLAS_CORETYPE"] = asked
    output = subprocess.run(
        [sys.executable, "-c", ARCHITECTURE],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert output.strip() == str({expected})
