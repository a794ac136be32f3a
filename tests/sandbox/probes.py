"""Hostile system calls, and the result that each wall by itself must enforce.

A row has four fields: the attempt, the code, the effect of the inner wall, the effect of the outer
wall.

    REFUSED  the call fails
    KILLED   the process is killed
    APART    the call may succeed, but reaches only resources of the sandbox
    OPEN     this wall alone does not stop the call, so the other wall must

The code runs inside the sandbox with these names. `call(name, *numbers)` makes a system call, in
which `text(bytes)` is an address. `secret` is a file outside that every user may read and write,
and `folder` is its folder. `grader` is the grader's process id. `port`, `socket_file` and
`abstract` are listeners of the machine. The modules ctypes, fcntl, mmap, os, signal, socket, struct
and time are imported.
"""

# ruff: noqa: E501
from __future__ import annotations

from dataclasses import dataclass

REFUSED, KILLED, APART, OPEN = "refused", "killed", "apart", "open"


@dataclass(frozen=True)
class Probe:
    kind: str
    name: str
    code: str
    inner: str
    outer: str

    @property
    def id(self) -> str:
        return f"{self.kind}: {self.name}"

    def wanted(self, walls: str) -> str:
        """Return the expected result behind both walls, or behind the one wall that is named."""
        if walls == "outer wall alone":
            return self.outer
        return self.outer if walls == "both walls" and self.inner == OPEN else self.inner


_TABLE: dict[str, list[tuple[str, str, str, str]]] = {
    "files": [
        ("read a file outside", "open(secret).read()", REFUSED, REFUSED),
        ("append to it", "open(secret, 'a').write('forged')", REFUSED, REFUSED),
        ("empty it", "os.truncate(secret, 0)", REFUSED, REFUSED),
        ("empty it in reading", "os.open(secret, os.O_RDONLY | os.O_TRUNC)", REFUSED, REFUSED),
        ("remove it", "os.unlink(secret)", REFUSED, REFUSED),
        ("take it in", "os.rename(secret, 'mine')", REFUSED, REFUSED),
        ("put another in its place", "open('a', 'w').close(); os.rename('a', secret)", REFUSED, REFUSED),
        ("create one beside it", "open(folder + '/new', 'w')", REFUSED, REFUSED),
        ("make a folder beside it", "os.mkdir(folder + '/new')", REFUSED, REFUSED),
        ("make a link beside it", "os.symlink('/', folder + '/new')", REFUSED, REFUSED),
        ("list its folder", "os.listdir(folder)", REFUSED, REFUSED),
        ("link to it", "os.link(secret, 'hard'); open('hard').read()", REFUSED, REFUSED),
        ("link to it by name", "os.symlink(secret, 'soft'); open('soft').read()", REFUSED, REFUSED),
        ("climb out of the folder", "open('../' * 20 + secret).read()", REFUSED, REFUSED),
        ("learn whether it exists", "os.stat(secret)", OPEN, REFUSED),
        ("open it as a place, then for real",
         "open(f'/proc/self/fd/{os.open(secret, os.O_PATH)}').read()", REFUSED, REFUSED),
        ("open a folder as a place, then a file in it",
         "os.open('secret.txt', os.O_RDONLY, dir_fd=os.open(folder, os.O_PATH))", REFUSED, REFUSED),
        ("openat2",
         "call('openat2', -100, text(secret), text(bytes(24)), 24)", REFUSED, REFUSED),
        ("name_to_handle_at",
         "call('name_to_handle_at', -100, text(secret), text(struct.pack('Ii', 128, 0) + bytes(128)),"
         " text(bytes(8)), 0)", REFUSED, REFUSED),
        ("open_by_handle_at",
         "call('open_by_handle_at', os.open('.', 0), text(struct.pack('Ii', 8, 1) + bytes(8)), 0)",
         REFUSED, REFUSED),
        ("change its mode", "os.chmod(secret, 0o777)", APART, REFUSED),
        ("change its owner", "os.chown(secret, os.getuid(), -1)", REFUSED, REFUSED),
        ("mark it by an attribute", "os.setxattr(secret, 'user.a', b'b')", REFUSED, REFUSED),
        ("change a package", "open(os.__file__, 'a')", REFUSED, REFUSED),
        ("read a password file", "open('/etc/passwd').read()", REFUSED, REFUSED),
        ("read its own memory as a file", "open('/proc/self/mem', 'rb')", REFUSED, REFUSED),
        ("read its own environment as a file", "open('/proc/self/environ').read()", REFUSED, REFUSED),
        ("set where dumps of memory go", "open('/proc/sys/kernel/core_pattern', 'w')", REFUSED, REFUSED),
    ],
    "network": [
        ("TCP", "socket.create_connection(('127.0.0.1', port), 2)", REFUSED, REFUSED),
        ("UDP", "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
         "s.sendto(b'out', ('127.0.0.1', port))", REFUSED, APART),
        ("a listener", "socket.create_server(('127.0.0.1', 0))", REFUSED, APART),
        ("a name service", "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
         "s.connect(('192.0.2.1', 53)); s.send(b'?')", REFUSED, REFUSED),
        ("a socket file", "socket.socket(socket.AF_UNIX).connect(socket_file)", REFUSED, REFUSED),
        ("an abstract name", "socket.socket(socket.AF_UNIX).connect(abstract)", REFUSED, REFUSED),
        ("a datagram from a pair", "a, _ = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
         "a.sendto(b'out', socket_file)", REFUSED, REFUSED),
        ("netlink", "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)", REFUSED, APART),
        ("packets", "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)", REFUSED, REFUSED),
        ("raw IP", "socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)", REFUSED, REFUSED),
        ("the virtual machine's host", "socket.socket(40, socket.SOCK_STREAM)", REFUSED, OPEN),
        ("the kernel's ciphers", "socket.socket(38, socket.SOCK_SEQPACKET)", REFUSED, OPEN),
    ],
    "processes": [
        ("attach to the parent", "call('ptrace', 16, os.getppid(), 0, 0)", REFUSED, OPEN),
        ("be traced", "call('ptrace', 0, 0, 0, 0)", REFUSED, OPEN),
        ("read the parent's memory", "call('process_vm_readv', os.getppid(), 0, 0, 0, 0, 0)",
         REFUSED, OPEN),
        ("write the parent's memory", "call('process_vm_writev', os.getppid(), 0, 0, 0, 0, 0)",
         REFUSED, OPEN),
        ("advise on the parent's memory", "call('process_madvise', 0, 0, 0, 0, 0)", REFUSED, OPEN),
        ("hold the parent by a descriptor", "call('pidfd_open', os.getppid(), 0)", REFUSED, OPEN),
        ("take a descriptor of another", "call('pidfd_getfd', 0, 0, 0)", REFUSED, OPEN),
        ("compare with the parent", "call('kcmp', os.getpid(), os.getppid(), 0, 0, 0)", REFUSED, OPEN),
        ("leave the session", "pid = os.fork()\nif pid == 0:\n    call('setsid', at_the_end=os._exit)\n"
         "if os.waitpid(pid, 0)[1]:\n    raise PermissionError(1, 'no setsid')", REFUSED, OPEN),
        ("leave the group", "os.setpgid(0, 0)", REFUSED, OPEN),
        ("adopt orphans", "call('prctl', 36, 1, 0, 0, 0)", REFUSED, OPEN),
        ("forbid to be looked at", "call('prctl', 4, 0, 0, 0, 0)", REFUSED, OPEN),
        ("let another trace it", "call('prctl', 0x59616D61, -1, 0, 0, 0)", REFUSED, OPEN),
        ("move its own memory's marks", "call('prctl', 35, 1, 0, 0, 0)", REFUSED, OPEN),
        ("raise its rights", "call('prctl', 47, 2, 7, 0, 0)", REFUSED, REFUSED),
        ("a child that shares its memory", "call('clone', 0x100 | 17, 0, 0, 0, 0)", REFUSED, OPEN),
        ("a child of its parent", "call('clone', 0x8000 | 17, 0, 0, 0, 0)", REFUSED, OPEN),
        ("a child that shares its files", "call('clone', 0x400 | 17, 0, 0, 0, 0)", REFUSED, OPEN),
        ("run a program", "os.execv('/bin/sh', ['sh', '-c', 'true'])", REFUSED, REFUSED),
        ("run the interpreter", "os.execv('/proc/self/exe', ['python', '-V'])", REFUSED, REFUSED),
        ("run a program by descriptor",
         "os.execve(os.open('/dev/null', 0), ['a'], {})", REFUSED, REFUSED),
        ("run its own file", "open('a', 'w').write('#!/bin/sh'); os.chmod('a', 0o700)\n"
         "os.execv('./a', ['a'])", REFUSED, REFUSED),
        ("execveat", "call('execveat', 0, text(''), 0, 0, 0x1000)", REFUSED, REFUSED),
        ("spawn", "import subprocess; subprocess.run(['/bin/true'], check=True)", REFUSED, REFUSED),
    ],
    "signals": [
        ("to the grader", "os.kill(grader, 0)", REFUSED, REFUSED),
        ("to the parent", "os.kill(os.getppid(), 0)", REFUSED, OPEN),
        ("to the first process", "os.kill(1, signal.SIGKILL)", REFUSED, APART),
        ("to the grader's thread", "call('tgkill', grader, grader, 9)", REFUSED, REFUSED),
        ("to a thread by number", "call('tkill', grader, 9)", REFUSED, REFUSED),
        ("with a value", "call('rt_sigqueueinfo', grader, 9, text(bytes(128)))", REFUSED, REFUSED),
        ("with a value to a thread", "call('rt_tgsigqueueinfo', grader, grader, 9, text(bytes(128)))",
         REFUSED, REFUSED),
        ("by a process's descriptor", "call('pidfd_send_signal', 0, 9, 0, 0)", REFUSED, OPEN),
        ("when a descriptor is ready", "a, b = socket.socketpair()\n"
         "fcntl.fcntl(a, fcntl.F_SETOWN, grader)", REFUSED, REFUSED),
    ],
    "namespaces": [
        *((f"a new {kind} namespace", f"call('unshare', {flag:#x})", REFUSED, outer)
          for kind, flag, outer in (
              ("mount", 0x20000, REFUSED), ("cgroup", 0x2000000, REFUSED), ("UTS", 0x4000000, REFUSED),
              ("IPC", 0x8000000, REFUSED), ("user", 0x10000000, OPEN), ("process", 0x20000000, REFUSED),
              ("network", 0x40000000, REFUSED))),
        ("unshare its files", "call('unshare', 0x400)", REFUSED, OPEN),
        ("a child in a new user namespace", "call('clone', 0x10000000 | 17, 0, 0, 0, 0)",
         REFUSED, OPEN),
        ("clone3", "call('clone3', text(struct.pack('11Q', 0x10000000, *[0] * 10)), 88)",
         REFUSED, OPEN),
        ("enter another", "call('setns', os.open('.', 0), 0)", REFUSED, REFUSED),
    ],
    "kernel": [
        ("io_uring_setup", "call('io_uring_setup', 8, text(bytes(120)))", REFUSED, OPEN),
        ("io_uring_enter", "call('io_uring_enter', 0, 1, 0, 0, 0)", REFUSED, REFUSED),
        ("io_uring_register", "call('io_uring_register', 0, 0, 0, 0)", REFUSED, REFUSED),
        ("add_key", "call('add_key', text('user'), text('a'), text('b'), 1, -3)", REFUSED, OPEN),
        ("request_key", "call('request_key', text('user'), text('a'), 0, -3)", REFUSED, OPEN),
        ("keyctl", "call('keyctl', 0, -3, 1)", REFUSED, OPEN),
        ("bpf", "call('bpf', 0, text(bytes(120)), 120)", REFUSED, REFUSED),
        ("perf_event_open", "call('perf_event_open', text(bytes(128)), 0, -1, -1, 0)", REFUSED, OPEN),
        ("userfaultfd", "call('userfaultfd', 0)", REFUSED, OPEN),
        ("personality", "call('personality', 0x40000)", REFUSED, OPEN),
        ("memfd_secret", "call('memfd_secret', 0)", REFUSED, OPEN),
        ("seccomp", "call('seccomp', 0, 0, 0)", REFUSED, OPEN),
        ("Landlock", "call('landlock_create_ruleset', text(bytes(8)), 8, 0)", REFUSED, OPEN),
        ("the kernel's log", "call('syslog', 3, text(bytes(9)), 9)", REFUSED, OPEN),
        ("another kernel", "call('kexec_load', 0, 0, 0, 0)", REFUSED, REFUSED),
        ("another kernel by file", "call('kexec_file_load', 0, 0, 0, 0, 0)", REFUSED, REFUSED),
        ("a module", "call('init_module', 0, 0, 0)", REFUSED, REFUSED),
        ("a module by file", "call('finit_module', 0, 0, 0)", REFUSED, REFUSED),
        ("reboot", "call('reboot', 0, 0, 0, 0)", REFUSED, REFUSED),
        ("swap", "call('swapoff', text('/nowhere'))", REFUSED, REFUSED),
        ("accounting", "call('acct', 0)", REFUSED, REFUSED),
        ("quotas", "call('quotactl', 0x800002, 0, 0, 0)", REFUSED, REFUSED),
        ("the machine's name", "call('sethostname', text('a'), 1)", REFUSED, REFUSED),
        ("pages of others", "call('move_pages', os.getppid(), 0, 0, 0, 0, 0)", REFUSED, OPEN),
        ("splice", "r, w = os.pipe(); call('splice', r, 0, w, 0, 1, 2)", REFUSED, REFUSED),
        ("vmsplice", "call('vmsplice', 1, 0, 0, 0)", REFUSED, OPEN),
        ("asynchronous I/O", "call('io_setup', 8, text(bytes(8)))", REFUSED, OPEN),
        ("a number that nobody knows", "call(600)", REFUSED, REFUSED),
        ("the other 32 bits' numbers", "call(0x40000000 | 39)", KILLED, OPEN),
        ("an older processor's calls", "old_call()", KILLED, OPEN),
    ],
    "devices": [
        ("make a disk", "os.mknod('disk', 0o60666, os.makedev(8, 0))", REFUSED, REFUSED),
        ("make a terminal", "os.mknod('tty', 0o20666, os.makedev(5, 0))", REFUSED, REFUSED),
        ("make a named pipe", "os.mkfifo('fifo')", REFUSED, APART),
        *((f"open {path}", f"os.open('{path}', os.O_RDWR)", REFUSED, REFUSED)
          for path in ("/dev/mem", "/dev/kmsg", "/dev/tty", "/dev/ptmx", "/dev/fuse", "/dev/kvm",
                       "/dev/net/tun", "/dev/vda", "/dev/shm/new", "/dev/console", "/dev/vsock")),
        ("type into a terminal", "fcntl.ioctl(0, 0x5412, b'x')", REFUSED, REFUSED),
        ("paste into a console", "fcntl.ioctl(0, 0x541C, bytes([3]))", REFUSED, REFUSED),
        ("be signalled by a device", "a, b = socket.socketpair()\n"
         "fcntl.ioctl(a, 0x8901, struct.pack('i', grader))", REFUSED, REFUSED),
        ("fix a file", "open('a', 'w').close()\n"
         "fcntl.ioctl(os.open('a', 0), 0x40086602, struct.pack('l', 0x10))", REFUSED, REFUSED),
    ],
    "mounts": [
        ("mount", "call('mount', text('none'), text('.'), text('tmpfs'), 0, 0)", REFUSED, REFUSED),
        ("bind", "call('mount', text('/'), text('.'), 0, 0x1000, 0)", REFUSED, REFUSED),
        ("umount", "call('umount2', text('.'), 0)", REFUSED, REFUSED),
        ("pivot_root", "call('pivot_root', text('.'), text('.'))", REFUSED, REFUSED),
        ("chroot", "call('chroot', text('.'))", REFUSED, REFUSED),
        ("fsopen", "call('fsopen', text('tmpfs'), 0)", REFUSED, REFUSED),
        ("fsmount", "call('fsmount', 0, 0, 0)", REFUSED, REFUSED),
        ("fsconfig", "call('fsconfig', 0, 0, 0, 0, 0)", REFUSED, REFUSED),
        ("fspick", "call('fspick', -100, text('.'), 0)", REFUSED, REFUSED),
        ("open_tree", "call('open_tree', -100, text('.'), 1)", REFUSED, REFUSED),
        ("move_mount", "call('move_mount', -100, text('.'), -100, text('/'), 0)", REFUSED, REFUSED),
        ("mount_setattr", "call('mount_setattr', -100, text('.'), 0, text(bytes(32)), 32)",
         REFUSED, REFUSED),
    ],
    "memory": [
        ("shared and nameless", "mmap.mmap(-1, 4096)", REFUSED, OPEN),
        ("the same, with checked flags", "mmap.mmap(-1, 4096, flags=0x23)", REFUSED, REFUSED),
        ("a file in memory", "os.memfd_create('a')", REFUSED, OPEN),
        ("System V", "call('shmget', 0, 4096, 0o1600)", REFUSED, OPEN),
        ("semaphores", "call('semget', 0, 1, 0o1600)", REFUSED, OPEN),
        ("messages", "call('msgget', 0, 0o1600)", REFUSED, OPEN),
        ("POSIX messages", "call('mq_open', text('a'), 0o102, 0o600, 0)", REFUSED, OPEN),
        ("locked", "call('mlockall', 3)", REFUSED, REFUSED),
        ("locked when mapped", "mmap.mmap(-1, 4096, flags=0x2022)", REFUSED, REFUSED),
        ("on a node", "call('mbind', 0, 0, 0, 0, 0, 0)", REFUSED, OPEN),
        ("a wider pipe", "fcntl.fcntl(os.pipe()[0], 1031, 1 << 20)", REFUSED, OPEN),
        ("a wider socket", "socket.socketpair()[0].setsockopt(1, socket.SO_SNDBUF, 1 << 24)",
         REFUSED, OPEN),
    ],
    "disk": [
        ("a file above its size", "os.truncate('a', 2**40) if open('a', 'w').close() else "
         "os.ftruncate(os.open('a', os.O_RDWR), 2**40)", REFUSED, REFUSED),
        ("a sparse file above its size", "os.pwrite(os.open('a', os.O_RDWR | os.O_CREAT), b'x', 2**40)",
         REFUSED, REFUSED),
        ("room above its size", "os.posix_fallocate(os.open('a', os.O_RDWR | os.O_CREAT), 0, 2**40)",
         REFUSED, REFUSED),
    ],
    "time": [
        ("set the clock", "time.clock_settime(time.CLOCK_REALTIME, 0)", REFUSED, REFUSED),
        ("set the time of day", "call('settimeofday', text(bytes(16)), 0)", REFUSED, REFUSED),
        ("tune the clock", "call('adjtimex', text(struct.pack('I', 1) + bytes(204)))", REFUSED, REFUSED),
        ("tune a clock",
         "call('clock_adjtime', 0, text(struct.pack('I', 1) + bytes(204)))", REFUSED, REFUSED),
    ],
    "rights": [
        ("become root", "os.setresuid(0, 0, 0)", REFUSED, REFUSED),
        ("become root's group", "os.setresgid(0, 0, 0)", REFUSED, REFUSED),
        ("join groups", "os.setgroups([0])", REFUSED, REFUSED),
        ("take capabilities", "call('capset', text(struct.pack('=Ii', 0x20080522, 0)),"
         " text(struct.pack('=6I', *[0xFFFFFFFF] * 6)))", REFUSED, REFUSED),
        ("be nicer to itself", "os.setpriority(os.PRIO_PROCESS, 0, -5)", REFUSED, REFUSED),
        ("slow down others", "os.setpriority(os.PRIO_USER, 0, 19)", REFUSED, OPEN),
        ("run before all", "os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))",
         REFUSED, REFUSED),
        ("bind to a processor", "os.sched_setaffinity(0, os.sched_getaffinity(0))", REFUSED, OPEN),
        ("bind the parent", "os.sched_setaffinity(os.getppid(), {0})", REFUSED, OPEN),
        ("read before all", "call('ioprio_set', 1, 0, 1 << 13)", REFUSED, REFUSED),
        ("more files", "call('prlimit64', 0, 7, text(struct.pack('QQ', 4096, 4096)), 0)", REFUSED, REFUSED),
        ("limits of the parent", "call('prlimit64', os.getppid(), 7, 0, text(bytes(16)))",
         REFUSED, OPEN),
    ],
    "others": [
        ("watch files", "call('inotify_init1', 0)", REFUSED, OPEN),
        ("watch all files", "call('fanotify_init', 0, 0)", REFUSED, OPEN),
    ],
}  # fmt: skip

PROBES = [Probe(kind, *row) for kind, rows in _TABLE.items() for row in rows]
