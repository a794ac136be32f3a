"""Submissions that look for tests, solutions, marks and other submissions."""

from __future__ import annotations

from functools import partial

from tests.attacks.attack import Attack, cell, kernel

steal = partial(cell, "stolen answers")
"""Code for a cell that searches the machine and prints its findings."""

steal_for_points = partial(kernel, "stolen answers")

ATTACKS: tuple[Attack, ...] = (
    steal(
        "reads-the-checkout",
        "The hidden tests and the solutions by their full paths.",
        """
        for path in ("autograder/hidden/hw2/test_problem3_ntk.py", "solutions/hw2/ntk.py"):
            try:
                print(open("@checkout@/" + path).read())
            except OSError as error:
                print(type(error).__name__)
        """,
    ),
    steal(
        "imports-the-grader",
        "The grader and the solutions as modules, by any name under which they might be known.",
        """
        import importlib, inspect, sys
        sys.path[:0] = ["@checkout@", "@course@"]
        for name in ("solutions.hw2.ntk", "autograder.hidden.hw2.test_problem3_ntk",
                     "autograder.grading.mark", "autograder.course.assignment", "autograder"):
            try:
                print(inspect.getsource(importlib.import_module(name)))
            except (ImportError, OSError, TypeError) as error:
                print(type(error).__name__)
        """,
    ),
    steal(
        "walks-the-disk",
        "Every file that can be reached from the root is read if its name sounds good.",
        """
        import os
        wanted = ("test_problem", "ntk.py", "secret", "gradebook", "misconceptions", "report.json")
        for folder, _, names in os.walk("/"):
            if folder.startswith(("/proc", "/sys")):
                continue
            for name in names:
                if name.startswith(wanted) or name.endswith("secret.txt"):
                    try:
                        print(open(os.path.join(folder, name), errors="replace").read())
                    except OSError:
                        print("refused", name)
        """,
    ),
    steal(
        "reads-what-is-kept",
        "What misconceptions answer to the hidden tests, which the grader keeps between runs.",
        """
        import os, zlib
        for folder, _, names in os.walk("@kept@"):
            for name in names:
                try:
                    print(open(os.path.join(folder, name), errors="replace").read())
                    print(zlib.decompress(open(os.path.join(folder, name), "rb").read()))
                except (OSError, zlib.error) as error:
                    print(type(error).__name__)
        try:
            print(os.listdir("@kept@"), os.stat("@kept@"))
        except OSError as error:
            print(type(error).__name__)
        """,
    ),
    steal(
        "climbs-by-a-link",
        "Links to the course, the victim and the root, made inside and then followed.",
        """
        import os
        for number, target in enumerate(["@course@", "@victim@", "/", "@checkout@"]):
            try:
                os.symlink(target, f"way{number}")
                for name in os.listdir(f"way{number}"):
                    print(open(f"way{number}/{name}", errors="replace").read())
            except OSError as error:
                print(type(error).__name__)
        """,
    ),
    steal(
        "climbs-by-dots",
        "Upwards from the notebook's folder, one step at a time.",
        """
        import glob
        for steps in range(1, 9):
            for path in glob.glob("../" * steps + "**/secret.txt", recursive=steps < 3):
                print(open(path).read())
            for path in glob.glob("../" * steps + "submitted/*/*/*.ipynb"):
                print(open(path).read())
        """,
    ),
    steal(
        "other-roots-in-proc",
        "The roots and working folders of other processes, by way of /proc.",
        """
        import os
        for pid in ["self", "1", str(os.getppid()), *map(str, range(1, 400))]:
            for way in ("root", "cwd"):
                try:
                    print(open(f"/proc/{pid}/{way}@course@/secret.txt").read())
                    print(os.listdir(f"/proc/{pid}/{way}"))
                except OSError:
                    pass
        """,
    ),
    steal(
        "reads-memory",
        "The memory of its own parents, byte by byte.",
        """
        import os, re
        for pid in (os.getppid(), 1, 2, os.getpid()):
            try:
                with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
                    for line in maps:
                        low, high = (int(part, 16) for part in line.split()[0].split("-"))
                        if "heap" in line:
                            memory.seek(low)
                            print(re.findall(rb"[ -~]{30,}", memory.read(min(high - low, 10**7))))
            except (OSError, ValueError) as error:
                print(type(error).__name__)
        """,
    ),
    steal(
        "process-vm-readv",
        "The parent's memory by a system call that needs no file.",
        """
        import ctypes, os
        libc = ctypes.CDLL(None, use_errno=True)
        class Span(ctypes.Structure):
            _fields_ = [("base", ctypes.c_void_p), ("size", ctypes.c_size_t)]
        room = ctypes.create_string_buffer(4096)
        here, there = Span(ctypes.addressof(room), 4096), Span(id(None), 4096)
        for pid in (os.getppid(), 1):
            got = libc.process_vm_readv(pid, ctypes.byref(here), 1, ctypes.byref(there), 1, 0)
            print("READ" if got > 0 else ctypes.get_errno(), room.raw[:16] if got > 0 else "")
        """,
    ),
    steal(
        "traces-its-parent",
        "The parent is attached to as a debugger would.",
        """
        import ctypes, os
        libc = ctypes.CDLL(None, use_errno=True)
        for pid in (os.getppid(), 1):
            print(libc.ptrace(16, pid, 0, 0), ctypes.get_errno())
        """,
    ),
    steal(
        "environment-and-command-lines",
        "What the grader was started with.",
        """
        import os, sys
        print(dict(os.environ), sys.argv, getattr(sys, "orig_argv", ""))
        for pid in ("self", "1", str(os.getppid())):
            for name in ("environ", "cmdline"):
                try:
                    print(open(f"/proc/{pid}/{name}", "rb").read())
                except OSError as error:
                    print(type(error).__name__)
        """,
    ),
    steal(
        "frames-and-garbage",
        "All frames below, and all objects that the garbage collector knows.",
        """
        import gc, sys
        frame = sys._getframe()
        while frame:
            print(frame.f_code.co_filename, sorted(frame.f_locals)[:50])
            frame = frame.f_back
        for thing in gc.get_objects():
            if isinstance(thing, str) and ("assert_" in thing or "hidden" in thing):
                print(thing[:2000])
            if isinstance(thing, dict) and "FDL_ATTACK_CANARY" in thing:
                print(thing)
        """,
    ),
    steal(
        "inherited-descriptors",
        "Every descriptor from 0 to 1023: where it leads, and what can be read from it.",
        """
        import os, stat
        for number in range(1024):
            try:
                mode = os.fstat(number).st_mode
                print(number, oct(mode))
                if stat.S_ISREG(mode):
                    print(os.pread(number, 10**5, 0))
                if stat.S_ISDIR(mode):
                    print(os.listdir(number))
            except OSError:
                pass
        """,
    ),
    steal(
        "descriptors-out-of-the-door",
        "A folder is asked for over the sockets that lead out, as descriptors can be passed.",
        """
        import os, socket, stat
        for number in range(3, 256):
            try:
                if stat.S_ISSOCK(os.fstat(number).st_mode):
                    with socket.socket(fileno=os.dup(number)) as way:
                        way.settimeout(0.2)
                        data, found, _, _ = socket.recv_fds(way, 4096, 8)
                        print(data, [os.listdir(fd) for fd in found])
            except (OSError, ValueError) as error:
                print(number, type(error).__name__)
        """,
        hasty=True,
        spends=frozenset(
            ["p3a-gradients", "p3b-kernel", "p3c-relu", "p3c-squared", "p3-plot"]
        ),  # this code may take the orders that its own notebook should get
    ),
    steal(
        "file-handles",
        "Files by their inode numbers, which need no path.",
        """
        import ctypes, os, struct
        libc = ctypes.CDLL(None, use_errno=True)
        place = os.open(".", os.O_RDONLY)
        for inode in range(1, 200):
            handle = ctypes.create_string_buffer(struct.pack("IiII", 8, 1, inode, 0))
            found = libc.open_by_handle_at(place, handle, os.O_RDONLY)
            if found >= 0:
                print("OPENED", found)
        print(ctypes.get_errno())
        """,
    ),
    steal(
        "core-dumps",
        "It crashes a child and looks for the core of anything.",
        """
        import glob, os, resource
        try:
            resource.setrlimit(resource.RLIMIT_CORE, (10**6, 10**6))
        except (OSError, ValueError) as error:
            print(type(error).__name__)
        if (pid := os.fork()) == 0:
            os.abort()
        os.waitpid(pid, 0)
        for path in [*glob.glob("core*"), *glob.glob("/tmp/core*"), *glob.glob("/var/crash/*")]:
            print(path, open(path, "rb").read()[:1000])
        """,
    ),
    steal(
        "caches-of-bytecode",
        "Compiled copies of the tests and solutions among the packages and beside them.",
        """
        import glob, marshal, site, sys
        for folder in [*sys.path, "@checkout@/solutions/hw2", "@checkout@/autograder/hidden/hw2"]:
            for path in glob.glob(f"{folder}/**/__pycache__/*ntk*.pyc", recursive=True):
                try:
                    print(marshal.loads(open(path, "rb").read()[16:]).co_consts)
                except OSError as error:
                    print(type(error).__name__)
        """,
    ),
    steal(
        "what-the-installation-tells",
        "Where the kit was installed from: path files, finders, records, git data.",
        """
        import glob, importlib.metadata, sys
        for folder in sys.path:
            for path in [*glob.glob(f"{folder}/*.pth"), *glob.glob(f"{folder}/__editable__*"),
                         *glob.glob(f"{folder}/*homework*/RECORD")]:
                print(open(path, errors="replace").read())
        for path in ("@checkout@/.git/config", "@checkout@/.git/HEAD", "@checkout@/course.toml"):
            try:
                print(open(path).read())
            except OSError as error:
                print(type(error).__name__)
        """,
    ),
    steal(
        "leftovers-of-others",
        "Whatever an earlier submission or a concurrent one has left in shared places.",
        """
        import os
        for folder in ("/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue", "/run", "/root", ".."):
            try:
                for name in os.listdir(folder):
                    print(folder, name)
                    print(open(os.path.join(folder, name)).read())
            except OSError as error:
                print(type(error).__name__)
        """,
    ),
    steal_for_points(
        "asks-the-traceback",
        "A failing call is made on purpose, to find the test in the frames of the error.",
        """
        import sys, traceback

        def empirical_ntk(v, W, X, n):
            frame = sys._getframe()
            while frame is not None:
                for value in list(frame.f_locals.values()) + list(frame.f_globals.values()):
                    if callable(value) and getattr(value, "__name__", "") == "empirical_ntk":
                        if value is not empirical_ntk:
                            return value(v, W, X, n)
                frame = frame.f_back
            raise ValueError(traceback.format_stack())
        """,
    ),
    steal_for_points(
        "asks-the-garbage-collector",
        "Any array of the right shape that lies about in memory is handed in.",
        """
        import gc

        def empirical_ntk(v, W, X, n):
            size = len(X)
            for thing in gc.get_objects():
                try:
                    for value in thing.values() if isinstance(thing, dict) else thing:
                        if isinstance(value, np.ndarray) and value.shape == (size, size):
                            return value
                except TypeError:
                    pass
            return np.zeros((size, size))
        """,
    ),
    steal_for_points(
        "asks-a-module-of-the-grader",
        "The reference is looked for among all modules that are loaded.",
        """
        import sys

        def empirical_ntk(v, W, X, n):
            for name, module in list(sys.modules.items()):
                found = getattr(module, "empirical_ntk", None)
                if found is not None and found is not empirical_ntk:
                    return found(v, W, X, n)
            return np.zeros((len(X), len(X)))
        """,
    ),
)
