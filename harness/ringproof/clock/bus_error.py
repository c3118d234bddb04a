"""Keeps this process alive when another process shrinks a file that this one has mapped.

The kernel then sends SIGBUS at the next access, which ends a process at once. The PBX and the phones map the page from
their containers. Whatever may write to a file may also shrink it: neither a mount nor a mode separates the two rights,
and no engine can mount a sealed memfd, because it has no path. To read and write by pread and pwrite takes nine times
as long, and does not promise that a word is stored whole.
"""

from __future__ import annotations

import ctypes
import mmap
import signal
import weakref

_ADDRESS_AT = 16
"""Offset of `si_addr` in siginfo_t (64-bit Linux)."""
_SA_SIGINFO = 4
_MAP_FIXED = 0x10
_HANDLER = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
_libc = ctypes.PyDLL(None)  # keeps the interpreter's lock: the handler runs in the middle of an access of Python's
_libc.mmap.restype = ctypes.c_void_p
_libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]


class _SigAction(ctypes.Structure):
    """`struct sigaction` of the C library."""

    _fields_ = (
        ("handler", ctypes.c_void_p),
        ("mask", ctypes.c_ulong * 16),
        ("flags", ctypes.c_int),
        ("restorer", ctypes.c_void_p),
    )


_ranges: dict[int, int] = {}
"""Sizes of the mapped files, by their first address."""
_before = _SigAction()
"""The handler of SIGBUS before ours, such as the one of faulthandler."""


def survive_shrinking(owner: object, first: int, size: int) -> None:
    """Map zeros in place of a mapped file as soon as it is too short, for as long as `owner` lives.

    `first` is the mapping's first address, `size` its length in bytes. Nothing is reported here: the owner of the
    mapping has to check its content.
    """
    _ranges[first] = size
    weakref.finalize(owner, _ranges.pop, first, None).atexit = False
    _install()


def _install() -> None:
    """Install our SIGBUS handler unless it is in force; other code may have replaced it."""
    present = _SigAction()
    _libc.sigaction(signal.SIGBUS, None, ctypes.byref(present))
    if present.handler != _ours.handler:
        ctypes.pointer(_before)[0] = present
        _libc.sigaction(signal.SIGBUS, ctypes.byref(_ours), None)


def _replace(_number: int, info: int, _context: int) -> None:
    """Map zeros where the access failed; the access is repeated when this returns. Others fail as they did before."""
    address = ctypes.c_uint64.from_address(info + _ADDRESS_AT).value
    for first, size in list(_ranges.items()):
        if first <= address < first + size:
            flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _MAP_FIXED
            _libc.mmap(first, size, mmap.PROT_READ | mmap.PROT_WRITE, flags, -1, 0)
            return
    _libc.sigaction(signal.SIGBUS, ctypes.byref(_before), None)


_callback = _HANDLER(_replace)
_ours = _SigAction(handler=ctypes.cast(_callback, ctypes.c_void_p).value, flags=_SA_SIGINFO)
