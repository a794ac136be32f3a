from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import time

import pytest

from . import effort

pytestmark = pytest.mark.skipif(not effort.is_counted(), reason="the kernel doesn't count here")

BUSY = "import time\nwhile time.process_time() < 0.3: pass\n"


def test_the_kernels_time_is_counted_and_waiting_is_not() -> None:
    def work() -> None:
        begin = resource.getrusage(resource.RUSAGE_SELF).ru_stime
        while resource.getrusage(resource.RUSAGE_SELF).ru_stime < begin + 0.2:
            os.urandom(100_000)
        subprocess.run(["sleep", "1"], check=True)

    before = time.process_time()
    found = effort.measure(work)
    used = time.process_time() - before
    assert used >= 0.2
    assert found.cpu == pytest.approx(used, abs=0.1)
    assert found.seconds > 1.0


def test_processes_that_nobody_waited_for_are_counted() -> None:
    """A process runs in its own namespace, and the namespace's first process ends before it."""
    if shutil.which("bwrap") is None:
        pytest.skip("needs bubblewrap")
    first = (
        "import os, subprocess, sys\n"
        "end, ours = os.pipe()\n"
        f"code = {BUSY!r} + f'import os, time; os.write({{ours}}, b\"x\"); time.sleep(60)'\n"
        "subprocess.Popen([sys.executable, '-c', code], pass_fds=[ours])\n"
        "os.read(end, 1)\n"
    )
    walls = ["bwrap", "--bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--unshare-pid"]

    def work() -> None:
        subprocess.run([*walls, sys.executable, "-c", first], check=True)

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = effort.measure(work)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    waited_for = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert found.cpu is not None
    assert found.cpu > 0.3
    assert found.cpu - waited_for > 0.25
