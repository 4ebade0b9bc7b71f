"""What a connector's process may not do: three walls, the lowest in the kernel.

1. Limits of memory, file size, open files and processor priority.
2. An audit hook that refuses sockets, processes, signals and foreign files, with a reason that an
   author of a connector understands.
3. On Linux and x86-64 a filter of system calls (seccomp), for code that gets round the hook: it
   can neither reach the network, nor start or end a process, nor write to a file.
"""

from __future__ import annotations

import ctypes
import os
import signal
import struct
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

_REFUSED = (
    "socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.system",
    "os.startfile", "os.kill", "os.killpg", "signal.pthread_kill", "pty.", "ftplib.", "http.",
    "imaplib.", "nntplib.", "poplib.", "smtplib.", "telnetlib.", "urllib.", "webbrowser.",
    "sqlite3.", "ctypes.", "resource.", "shutil.", "syslog.", "os.remove", "os.rename", "os.mkdir",
    "os.rmdir", "os.symlink", "os.link", "os.truncate", "os.chmod", "os.chown", "os.chflags",
    "os.setxattr", "os.removexattr", "os.utime", "os.lockf", "fcntl.", "tempfile.",
)
_CODE = (".py", ".pyc", ".so", ".pyd")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_NICE = 5
_CPU_SECONDS = 3600  # of a whole life; see ``Limits.uses``


def limit(memory_mb: int) -> None:
    """Ask the kernel to keep this process small, to let the app go first and to end it one day."""
    try:
        import resource
    except ImportError:  # not a Unix: the deadline and the other walls remain
        return
    size = memory_mb * 1024 * 1024
    for what, most in ((resource.RLIMIT_AS, size), (resource.RLIMIT_CPU, _CPU_SECONDS),
                       (resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 0),
                       (resource.RLIMIT_NOFILE, 64)):
        with suppress(ValueError, OSError):  # the machine's own limit is lower, or it has none
            resource.setrlimit(what, (most, most))
    os.nice(_NICE)


def close_doors(module: str) -> None:
    """From here on: no network, no processes, no files but Python's and the connector's own.

    ``module`` is the connector's; what lies beside it in its package may be read.
    """
    folders = tuple(_readable(module))
    roots = tuple(os.path.realpath(folder) + os.sep for folder in sys.path if folder)

    def guard(event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, how = args
            if not isinstance(path, int) and not _may_open(path, how or 0, folders, roots):
                raise PermissionError(f"a connector opens no files: {path!r:.200}")
        elif event.startswith(_REFUSED):
            raise PermissionError(f"a connector may not do that: {event}")

    _remove_unaudited()
    _filter_calls()
    for name in ("ctypes", "_ctypes"):
        sys.modules.pop(name, None)
    sys.addaudithook(guard)


def _readable(module: str) -> Iterator[str]:
    """Folders of which everything may be read: the library's, the connector's, time zones."""
    own = sys.modules[module.partition(".")[0]]
    packages = [*getattr(own, "__path__", ())]
    installed = [folder for folder in sys.path
                 if "site-packages" in folder or "dist-packages" in folder]
    zones = (sysconfig.get_config_var("TZPATH") or "").split(os.pathsep)
    for folder in (os.path.dirname(os.__file__), *packages, *installed, *zones):
        if folder:
            yield os.path.realpath(folder) + os.sep


def _may_open(path: Any, how: int, folders: tuple[str, ...], roots: tuple[str, ...]) -> bool:
    if how & _WRITING:
        return False
    real = os.path.realpath(os.fsdecode(path))
    # Other folders of sys.path (a checkout's root) hold more than code: only that is read.
    return real.startswith(folders) or (real.startswith(roots) and real.endswith(_CODE))


def _remove_unaudited() -> None:
    """Ways out that tell no audit hook of themselves."""
    import _posixsubprocess

    def refused(*_: Any) -> Any:
        raise PermissionError("a connector starts no processes and sends no signals")

    setattr(_posixsubprocess, "fork_exec", refused)  # noqa: B010 - its type is not ours
    for module, name in ((signal, "pidfd_send_signal"), (signal, "raise_signal"),
                         (os, "pidfd_open"), (os, "setsid"), (os, "setpgid"), (os, "setpriority"),
                         (os, "sched_setaffinity"), (os, "memfd_create"), (os, "eventfd")):
        for owner in (module, sys.modules.get(f"_{module.__name__}"), sys.modules.get("posix")):
            if owner is not None and hasattr(owner, name):
                setattr(owner, name, refused)


# The filter. Numbers are Linux's for x86-64 (arch/x86/entry/syscalls/syscall_64.tbl).

_X86_64 = 0xC000003E
_DENIED = {
    "socket": 41, "connect": 42, "accept": 43, "sendto": 44, "bind": 49, "listen": 50,
    "socketpair": 53, "accept4": 288, "sendmmsg": 307,
    "clone": 56, "fork": 57, "vfork": 58, "execve": 59, "execveat": 322, "clone3": 435,
    "kill": 62, "tkill": 200, "tgkill": 234, "rt_sigqueueinfo": 129, "rt_tgsigqueueinfo": 297,
    "pidfd_send_signal": 424, "pidfd_open": 434, "pidfd_getfd": 438,
    "ptrace": 101, "process_vm_readv": 310, "process_vm_writev": 311, "prlimit64": 302,
    "setpriority": 141, "sched_setaffinity": 203, "setsid": 112, "setpgid": 109,
    "unshare": 272, "setns": 308, "mount": 165, "chroot": 161, "bpf": 321, "keyctl": 250,
    "perf_event_open": 298, "io_uring_setup": 425, "userfaultfd": 323, "memfd_create": 319,
    "truncate": 76, "ftruncate": 77, "rename": 82, "mkdir": 83, "rmdir": 84, "creat": 85,
    "link": 86, "unlink": 87, "symlink": 88, "chmod": 90, "fchmod": 91, "chown": 92,
    "fchown": 93, "lchown": 94, "mknod": 133, "mkdirat": 258, "mknodat": 259, "fchownat": 260,
    "unlinkat": 263, "renameat": 264, "linkat": 265, "symlinkat": 266, "fchmodat": 268,
    "renameat2": 316, "openat2": 437, "fchmodat2": 452,
}
_OPENING = {"open": (2, 24), "openat": (257, 32)}  # where the flags are among the arguments

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _EPERM = 0x7FFF0000, 0x80000000, 0x00050001


def _filter_calls() -> None:
    """Ask the kernel to refuse the calls above. Where it cannot, the other walls stand alone."""
    if not (sys.platform == "linux" and os.uname().machine == "x86_64" and sys.maxsize > 2 ** 32):
        return
    library = ctypes.CDLL(None, use_errno=True)
    code = ctypes.create_string_buffer(b"".join(program()))

    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_void_p)]

    held = Program(len(code.raw) // 8, ctypes.addressof(code))
    # PR_SET_NO_NEW_PRIVS, then PR_SET_SECCOMP with SECCOMP_MODE_FILTER.
    if library.prctl(38, 1, 0, 0, 0) == 0:
        library.prctl(22, 2, ctypes.byref(held), 0, 0)


def program() -> list[bytes]:
    """The filter as instructions of the kernel's packet filter, eight bytes each."""
    lines = [
        (_LOAD, 0, 0, 4), (_EQUAL, 1, 0, _X86_64), (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, 0), (_AT_LEAST, 0, 1, 0x40000000), (_RETURN, 0, 0, _KILL),
    ]
    for number, flags in _OPENING.values():
        lines += [(_EQUAL, 0, 4, number), (_LOAD, 0, 0, flags),
                  (_ANY_BIT, 0, 1, _WRITING), (_RETURN, 0, 0, _EPERM), (_RETURN, 0, 0, _ALLOW)]
    for number in _DENIED.values():
        lines += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _EPERM)]
    lines.append((_RETURN, 0, 0, _ALLOW))
    return [struct.pack("=HBBI", *line) for line in lines]
