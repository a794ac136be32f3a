"""Limit system calls to those that student code needs, with a seccomp filter.

The filter allows the calls that a notebook needs: for files, memory, threads, forks, clocks and
socket pairs. All calls that the filter does not allow fail. A call fails with EPERM if code should
read "not permitted", and with ENOSYS if the C library should try an older call instead. A system
call of another architecture kills the process. A filter cannot read paths or structures, so
Landlock decides whether a file may be opened.

See `man 2 seccomp` and Documentation/userspace-api/seccomp_filter.rst of the kernel.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from .landlock import syscall

AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""Audit numbers of the architectures that have a column in the tables of this module."""

_SET_MODE_FILTER = 1
_FLAG_TSYNC = 1

_LOAD, _AND, _JUMP_EQUAL, _JUMP_ANY_BIT, _RETURN = 0x20, 0x54, 0x15, 0x45, 0x06
_NR, _ARCH, _ARGS = 0, 4, 16  # offsets in struct seccomp_data
_KILL, _ERRNO, _ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
_X32 = 0x40000000

# name:x86_64:aarch64, "-" if the architecture has no such call.
_ALLOWED = """
read:0:63 write:1:64 readv:19:65 writev:20:66 pread64:17:67 pwrite64:18:68 preadv:295:69
pwritev:296:70 preadv2:327:286 pwritev2:328:287 close:3:57 close_range:436:436 lseek:8:62 dup:32:23
dup2:33:- dup3:292:24 pipe:22:- pipe2:293:59 stat:4:- lstat:6:- fstat:5:80 newfstatat:262:79
statx:332:291 access:21:- faccessat:269:48 faccessat2:439:439 readlink:89:- readlinkat:267:78
getdents:78:- getdents64:217:61 getcwd:79:17 chdir:80:49 fchdir:81:50 mkdir:83:- mkdirat:258:34
rmdir:84:- unlink:87:- unlinkat:263:35 rename:82:- renameat:264:38 renameat2:316:276 link:86:-
linkat:265:37 symlink:88:- symlinkat:266:36 ftruncate:77:46 fallocate:285:47 fsync:74:82
fdatasync:75:83 fadvise64:221:223 umask:95:166 flock:73:32 statfs:137:43 fstatfs:138:44
sendfile:40:71 copy_file_range:326:285 poll:7:- ppoll:271:73 select:23:- pselect6:270:72
epoll_create:213:- epoll_create1:291:20 epoll_ctl:233:21 epoll_wait:232:- epoll_pwait:281:22
epoll_pwait2:441:441 eventfd:284:- eventfd2:290:19 timerfd_create:283:85 timerfd_settime:286:86
timerfd_gettime:287:87 signalfd:282:- signalfd4:289:74 munmap:11:215 mremap:25:216 mprotect:10:226
madvise:28:233 brk:12:214 msync:26:227 membarrier:324:283 fork:57:- wait4:61:260
waitid:247:95 exit:60:93 exit_group:231:94 getpid:39:172 getppid:110:173 gettid:186:178
getuid:102:174 geteuid:107:175 getgid:104:176 getegid:108:177 getresuid:118:148 getresgid:120:150
getgroups:115:158 getpgid:121:155 getpgrp:111:- getsid:124:156 set_tid_address:218:96
set_robust_list:273:99 rseq:334:293 futex:202:98 futex_waitv:449:449 sched_yield:24:124
sched_getaffinity:204:123 sched_getparam:143:121 sched_getscheduler:145:120
sched_get_priority_max:146:125 sched_get_priority_min:147:126 getpriority:140:141 getcpu:309:168
getrlimit:97:163 setrlimit:160:164 getrusage:98:165 times:100:153 sysinfo:99:179 uname:63:160
clock_gettime:228:113 clock_getres:229:114 clock_nanosleep:230:115 nanosleep:35:101
gettimeofday:96:169 time:201:- setitimer:38:103 getitimer:36:102 alarm:37:- timer_create:222:107
timer_settime:223:110 timer_gettime:224:108 timer_getoverrun:225:109 timer_delete:226:111
rt_sigaction:13:134 rt_sigprocmask:14:135 rt_sigreturn:15:139 rt_sigpending:127:136
rt_sigtimedwait:128:137 rt_sigsuspend:130:133 sigaltstack:131:132 pause:34:- restart_syscall:219:128
getrandom:318:278 sendmsg:46:211 recvmsg:47:212 recvfrom:45:207 getsockopt:55:209 getsockname:51:204
getpeername:52:205 shutdown:48:210
"""

# These calls are allowed with conditions on their arguments; see _conditional.
_CONDITIONAL = """
open:2:- openat:257:56 truncate:76:45 mmap:9:222 clone:56:220 prlimit64:302:261 prctl:157:167
kill:62:129 tgkill:234:131 socketpair:53:199 sendto:44:206 fcntl:72:25 ioctl:16:29
"""

# These calls report success without doing anything. Landlock cannot check who may change the mode
# or the times of a file, so no change is allowed. But code that copies a file must not fail.
_PRETENDED = """
chmod:90:- fchmod:91:52 fchmodat:268:53 fchmodat2:452:452 utime:132:- utimes:235:- futimesat:261:-
utimensat:280:88
"""

_UNSUPPORTED = """
getxattr:191:8 lgetxattr:192:9 fgetxattr:193:10 listxattr:194:11 llistxattr:195:12 flistxattr:196:13
setxattr:188:5 lsetxattr:189:6 fsetxattr:190:7
"""

# These calls fail with "Operation not permitted". Without setsid and setpgid, every descendant of a
# confined process stays in its process group, so that one signal ends the whole group. A call that
# is in no table, such as a call newer than this file, fails with ENOSYS. The tables leave out
# clone3 and openat2, because a filter cannot read their flags, which are in memory.
_FORBIDDEN = """
socket:41:198 connect:42:203 bind:49:200 listen:50:201 accept:43:202 accept4:288:242
setsockopt:54:208 sendmmsg:307:269 recvmmsg:299:243 vfork:58:- execve:59:221 execveat:322:281
ptrace:101:117 process_vm_readv:310:270 process_vm_writev:311:271 kcmp:312:272
process_madvise:440:440 mount:165:40 umount2:166:39 pivot_root:155:41 chroot:161:51 unshare:272:97
setns:308:268 open_tree:428:428 move_mount:429:429 fsopen:430:430 fsconfig:431:431 fsmount:432:432
fspick:433:433 mount_setattr:442:442 bpf:321:280 perf_event_open:298:241 io_uring_setup:425:425
io_uring_enter:426:426 io_uring_register:427:427 add_key:248:217 request_key:249:218 keyctl:250:219
userfaultfd:323:282 kexec_load:246:104 kexec_file_load:320:294 init_module:175:105
finit_module:313:273 delete_module:176:106 name_to_handle_at:303:264 open_by_handle_at:304:265
pidfd_send_signal:424:424 pidfd_open:434:434 pidfd_getfd:438:438 memfd_create:319:279
memfd_secret:447:447 setuid:105:146 setgid:106:144 setreuid:113:145 setregid:114:143
setresuid:117:147 setresgid:119:149 setgroups:116:159 setfsuid:122:151 setfsgid:123:152
capget:125:90 capset:126:91 personality:135:92 tkill:200:130 rt_sigqueueinfo:129:138
rt_tgsigqueueinfo:297:240 chown:92:- fchown:93:55 lchown:94:- fchownat:260:54 mknod:133:-
mknodat:259:33 shmget:29:194 shmat:30:196 shmctl:31:195 msgget:68:186 semget:64:190 mq_open:240:180
setsid:112:157 setpgid:109:154 setpriority:141:140 sched_setaffinity:203:122
sched_setscheduler:144:119 sched_setparam:142:118 sched_setattr:314:274 ioprio_set:251:30
mlock:149:228 mlock2:325:284 mlockall:151:230 inotify_init:253:- inotify_init1:294:26
fanotify_init:300:262 acct:163:89 quotactl:179:60 reboot:169:142 swapon:167:224 swapoff:168:225
sethostname:170:161 setdomainname:171:162 settimeofday:164:170 clock_settime:227:112
adjtimex:159:171 syslog:103:116 move_pages:279:239 migrate_pages:256:238 mbind:237:235 sync:162:81
syncfs:306:267 seccomp:317:277 landlock_create_ruleset:444:444 landlock_add_rule:445:445
landlock_restrict_self:446:446
"""

# Flags that the C libraries pass to start a thread and to fork. Other flags are forbidden: they
# create namespaces, or a child that shares memory, files or its parent with the calling process.
_CLONES = (0x3D0F00, 0x7D0F00, 0x1200011, 0x11)
_MAP_SHARED_ANONYMOUS = 0x21
_SOCKET_TYPE = 0xF
_O_ACCMODE_TRUNC = os.O_ACCMODE | os.O_TRUNC
_MEMORY_LOCKED = 0x2000  # MAP_LOCKED

# F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, locks of both kinds, F_DUPFD_CLOEXEC,
# F_GETPIPE_SZ. F_SETOWN and F_SETSIG are forbidden: with these commands, the kernel would send
# signals on the caller's behalf.
_FCNTL = (0, 1, 2, 3, 4, 5, 6, 7, 36, 37, 38, 1030, 1032)
# TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX
_IOCTL = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
# PR_SET_PDEATHSIG, PR_GET_PDEATHSIG, PR_GET_DUMPABLE, PR_SET_NAME, PR_GET_NAME, PR_SET_VMA
_PRCTL = (1, 2, 3, 15, 16, 0x53564D41)

Instruction = tuple[int, int, int, int]


@dataclass(frozen=True)
class _Check:
    """A check that the lower half of argument number `arg`, masked by `mask`, is one of `values`.

    With `forbid`, the argument must be none of `values`. With `high`, the check uses the upper half
    of the argument.
    """

    arg: int
    values: Sequence[int]
    mask: int = 0xFFFFFFFF
    forbid: bool = False
    high: bool = False

    def code(self, otherwise: int) -> list[Instruction]:
        """Return instructions: go on if the check passes; otherwise, return `otherwise`."""
        load = [(_LOAD, 0, 0, _ARGS + 8 * self.arg + (4 if self.high else 0))]
        if self.mask != 0xFFFFFFFF:
            load.append((_AND, 0, 0, self.mask))
        jumps, last = [], len(self.values) - 1
        for position, value in enumerate(self.values):
            to_return, to_next = last - position, last - position + 1
            if self.forbid:
                jumps.append((_JUMP_EQUAL, to_return, to_next if position == last else 0, value))
            else:
                jumps.append((_JUMP_EQUAL, to_next, 0, value))
        return [*load, *jumps, (_RETURN, 0, 0, otherwise)]


def _numbers(table: str, machine: str) -> dict[str, int]:
    """Return the system call numbers of an architecture, by the name of the call."""
    column = 1 + list(AUDIT_ARCH).index(machine)
    rows = (entry.split(":") for entry in table.split())
    return {row[0]: int(row[column]) for row in rows if row[column] != "-"}


def _conditional(own_signals_only: bool, truncate_unwalled: bool) -> dict[str, tuple[_Check, ...]]:
    """Return a dict from the name of each call in `_CONDITIONAL` to the checks on its arguments."""
    to_self = (_Check(0, [os.getpid()]),) if own_signals_only else ()
    # Opening a file for reading with O_TRUNC empties the file. Landlock's first versions allow such
    # an opening.
    reading_truncates = [os.O_TRUNC | os.O_RDONLY, os.O_TRUNC | os.O_ACCMODE]

    def not_emptying(arg: int) -> tuple[_Check, ...]:
        check = _Check(arg, reading_truncates, _O_ACCMODE_TRUNC, forbid=True)
        return (check,) if truncate_unwalled else ()

    return {
        "open": not_emptying(1),
        "openat": not_emptying(2),
        "truncate": (_Check(0, []),) if truncate_unwalled else (),
        # Shared anonymous memory may belong to no process, so the watchdog would not count it.
        "mmap": (
            _Check(3, [_MAP_SHARED_ANONYMOUS], _MAP_SHARED_ANONYMOUS, forbid=True),
            _Check(3, [0], _MEMORY_LOCKED),
        ),
        "clone": (_Check(0, _CLONES),),
        "prlimit64": (_Check(0, [0]),),
        "prctl": (_Check(0, _PRCTL),),
        "kill": to_self,
        "tgkill": to_self,
        # Only SOCK_STREAM is allowed: a datagram socket could send to any socket file by name.
        "socketpair": (_Check(0, [1]), _Check(1, [1], _SOCKET_TYPE)),
        "sendto": (_Check(4, [0]), _Check(4, [0], high=True)),
        "fcntl": (_Check(1, _FCNTL),),
        "ioctl": (_Check(1, _IOCTL),),
    }


def program(
    machine: str, *, own_signals_only: bool = False, truncate_unwalled: bool = False
) -> bytes:
    """Return the filter for `machine` ("x86_64" or "aarch64") as an array of struct sock_filter.

    `own_signals_only` forbids signals to all processes but the caller, for machines where no other
    wall protects the grader from signals. `truncate_unwalled` forbids the call `truncate`, and
    opening a file for reading with O_TRUNC, for kernels whose Landlock does not check these calls.
    """
    denied, unknown = _ERRNO | errno.EPERM, _ERRNO | errno.ENOSYS
    code: list[Instruction] = [
        (_LOAD, 0, 0, _ARCH),
        (_JUMP_EQUAL, 1, 0, AUDIT_ARCH[machine]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NR),
    ]
    if machine == "x86_64":
        code += [(_JUMP_ANY_BIT, 0, 1, _X32), (_RETURN, 0, 0, _KILL)]
    for table, answer in (
        (_ALLOWED, _ALLOW),
        (_PRETENDED, _ERRNO),
        (_UNSUPPORTED, _ERRNO | errno.ENOTSUP),
        (_FORBIDDEN, denied),
    ):
        for number in _numbers(table, machine).values():
            code += [(_JUMP_EQUAL, 0, 1, number), (_RETURN, 0, 0, answer)]
    conditions = _conditional(own_signals_only, truncate_unwalled)
    for name, number in _numbers(_CONDITIONAL, machine).items():
        body = [step for check in conditions[name] for step in check.code(denied)]
        body.append((_RETURN, 0, 0, _ALLOW))
        code += [(_JUMP_EQUAL, 0, len(body), number), *body]
    code.append((_RETURN, 0, 0, unknown))
    return b"".join(struct.pack("=HBBI", *step) for step in code)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def install(machine: str, **options: bool) -> None:
    """Apply the filter permanently to every thread of this process; raise OSError on failure.

    `options` are the options of `program`. The process must already be unable to gain new
    privileges (PR_SET_NO_NEW_PRIVS).
    """
    code = program(machine, **options)
    number = _numbers(_FORBIDDEN, machine)["seccomp"]
    argument = ctypes.byref(_Program(len(code) // 8, code))
    failed = syscall(number, _SET_MODE_FILTER, _FLAG_TSYNC, argument)
    if failed:
        raise OSError(errno.EAGAIN, f"thread {failed} is not behind the filter")
