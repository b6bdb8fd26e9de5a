import subprocess
import sys

import pytest

from camd import runtime

CODE = """
import resource, sys
import numpy as np
from camd.runtime import keep_freed
if sys.argv[1] == "kept":
    keep_freed()
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        planes = [np.ones((1080, 1920), np.int32) for _ in range(3)]
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
faults()
print(faults())
"""


def faults(what: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", CODE, what], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's")
def test_planes_of_the_next_frame_cost_no_page_faults() -> None:
    given_back, kept = faults("given back"), faults("kept")
    assert given_back > 1000
    assert kept < given_back / 20


def test_a_thread_that_waits_for_pythons_lock_has_it_soon() -> None:
    usual = sys.getswitchinterval()
    try:
        runtime.share()
        assert sys.getswitchinterval() < usual / 5
    finally:
        sys.setswitchinterval(usual)
