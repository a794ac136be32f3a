"""Students whose code breaks things, and the items that this should cost them.

Each student's code attacks only its own process. The reference answers all other items, so each
item that `lost` does not name must keep its points.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from autograder.course.samples import SampleStudent


@dataclass(frozen=True)
class Target:
    """A place in a course that students attack: an item's function, or the start of a cell."""

    function: str
    head: str
    lost: Mapping[str, float]
    before: str


HOMEWORK_2 = Target(
    "p1a-heavy-ball-answer",
    "def heavy_ball(gradient, x0, gammas, betas, indices):\n",
    {"p1a-heavy-ball": 1.0},
    "p1b-ima-answer",
)
TINY = Target("t-slope-answer", "def slope(x0, v):\n", {"t-slope": 2.0}, "t-values-answer")


@dataclass(frozen=True)
class Hostile:
    """Code that breaks things, run when a function `is_called` or else in an additional cell."""

    name: str
    story: str
    body: str
    is_called: bool

    def student(self, target: Target) -> SampleStudent:
        """Return a student of this course whose answers contain this code."""
        if not self.is_called:
            before = {target.before: self.body}
            return SampleStudent(self.name, self.story, before=before, waits=True)
        lines = "".join(f"    {line}\n" for line in self.body.splitlines())
        answers = {target.function: target.head + lines}
        return SampleStudent(self.name, self.story, answers, lost=target.lost, waits=True)


def in_call(name: str, story: str, body: str) -> Hostile:
    """Return an attack that runs when a function is called."""
    return Hostile(name, story, body.strip(), is_called=True)


def in_cell(name: str, story: str, body: str) -> Hostile:
    """Return an attack that runs in an additional cell."""
    return Hostile(name, story, body.strip(), is_called=False)


HOSTILE = (
    in_cell("cell-hangs", "a cell that never ends", "while True:\n    pass"),
    in_cell(
        "cell-holds-on",
        "a cell that never ends and catches whatever comes",
        "while True:\n    try:\n        while True:\n            pass\n"
        "    except BaseException:\n        pass",
    ),
    in_cell("cell-exits", "a cell that ends its process", "import os\nos._exit(0)"),
    in_cell("cell-kills", "a cell that kills its group", "import os, signal\nos.killpg(0, 9)"),
    in_cell("cell-quits", "a cell that asks to exit", "import sys\nsys.exit(1)"),
    in_cell(
        "cell-hoards", "a cell that takes 8 GB", "hoard = [bytearray(10**9) for _ in range(8)]"
    ),
    in_cell(
        "cell-closes",
        "a cell that closes every descriptor",
        "import os\nfor number in range(3, 256):\n    try:\n        os.close(number)\n"
        "    except OSError:\n        pass",
    ),
    in_cell(
        "cell-floods",
        "a cell that prints 200 MB",
        "import os\nfor _ in range(200):\n    print('x' * 10**6)\n    os.write(1, b'y' * 10**4)",
    ),
    in_cell(
        "cell-forks",
        "a cell that tries to leave 500 processes behind",
        "import os, time\nfor _ in range(500):\n    try:\n        if os.fork() == 0:\n"
        "            time.sleep(600)\n            os._exit(0)\n    except OSError:\n        pass",
    ),
    in_cell(
        "cell-threads",
        "a cell that leaves threads behind, which print",
        "import threading, time\ndef chatter():\n    while True:\n        print('?')\n"
        "        time.sleep(0.01)\nfor _ in range(10):\n"
        "    threading.Thread(target=chatter, daemon=True).start()",
    ),
    in_cell(
        "cell-recurses",
        "a cell that recurses without end",
        "import sys\nsys.setrecursionlimit(10**6)\ndef down(n):\n    return down(n + 1)\ndown(0)",
    ),
    in_cell(
        "cell-fills",
        "a cell that fills the disk",
        "try:\n    for k in range(100):\n        with open(f'junk{k}', 'wb') as file:\n"
        "            for _ in range(60):\n                file.write(bytes(10**6))\n"
        "except OSError as error:\n    print(error)\n"
        "import glob, os\nfor path in glob.glob('junk*'):\n    os.remove(path)",
    ),
    in_call("call-hangs", "a function that never returns", "while True:\n    pass"),
    in_call("call-exits", "a function that ends its process", "import os\nos._exit(0)"),
    in_call(
        "call-hoards",
        "a function that takes all memory",
        "hoard = []\nwhile True:\n    hoard.append(np.ones(10**7))",
    ),
    in_call(
        "call-closes",
        "a function that closes every descriptor",
        "import os\nos.closerange(0, 256)\nreturn np.zeros((len(indices) + 1, len(x0)))",
    ),
    in_call(
        "call-forks",
        "a function that forks 500 times",
        "import os, time\nfor _ in range(500):\n    try:\n        if os.fork() == 0:\n"
        "            time.sleep(600)\n            os._exit(0)\n    except OSError:\n"
        "        pass\nreturn x0",
    ),
    in_call("call-floods", "a function that prints 200 MB", "print('x' * 2 * 10**8)\nreturn x0"),
    in_call(
        "call-answers-too-much",
        "a function that returns 800 MB",
        "return np.broadcast_to(np.zeros(1), (10**8,)).copy()",
    ),
    in_call("call-calls-back", "a function that calls back without end",
            "while True:\n    gradient(0, x0)"),
)  # fmt: skip

SNOOPS = {
    "hidden tests": "import autograder.hidden.hw2.test_problem3_ntk as found",
    "solutions": "from solutions.hw2 import ntk as found",
    "a search of the disk": (
        "import os\nfound = [os.path.join(folder, name) for folder, _, names in os.walk('/')\n"
        "         for name in names if name in ('test_problem3_ntk.py', 'ntk.py', 'gradebook.db',\n"
        "                                       'course.toml', 'report.json')]\n"
        "assert found, 'nothing'"
    ),
    "the course's files": (
        "import os\nfound = open('{root}/autograder/hidden/hw2/test_problem3_ntk.py').read()"
    ),
    "the solutions' files": "found = open('{root}/solutions/hw2/ntk.py').read()",
    "other submissions": "import os\nfound = os.listdir('{submission}/..')",
    "its own submission": "import os\nfound = os.listdir('{submission}')",
    "passwords": "found = open('/etc/passwd').read()",
    "the parent's memory": "import os\nfound = open(f'/proc/{{os.getppid()}}/mem', 'rb')",
    "its environment": "import os\nassert any('{root}' in v for v in os.environ.values())",
    "command lines": "found = open('/proc/1/cmdline').read()",
    "the network": (
        "import socket\nfound = socket.create_connection(('127.0.0.1', {port}), timeout=2)"
    ),
    "datagrams": (
        "import socket\nfound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "found.sendto(b'x', ('127.0.0.1', {port}))"
    ),
    "a shell": (
        "import subprocess\nfound = subprocess.run(['id'], capture_output=True, check=True).stdout"
    ),
    "the grader's frames": (
        "import gc, sys\nfound = [o for o in gc.get_objects() if 'hidden' in type(o).__module__]\n"
        "assert found"
    ),
}
