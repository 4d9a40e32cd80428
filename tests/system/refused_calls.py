"""Runs a program under seccomp(2): refused_calls.py NUMBER PROGRAM [ARGUMENT ...]

The system call of that number fails with EPERM, in the program and in all that it starts.
"""

import ctypes
import os
import struct
import sys

PR_SET_SECCOMP, SECCOMP_MODE_FILTER, PR_SET_NO_NEW_PRIVS = 22, 2, 38
LOAD_WORD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
EPERM, ERRNO, ALLOW = 1, 0x00050000, 0x7FFF0000


class Program(ctypes.Structure):
    """struct sock_fprog"""

    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p)]


number = int(sys.argv[1])
instructions = ctypes.create_string_buffer(
    struct.pack(
        "=" + "HBBI" * 4,
        *(LOAD_WORD, 0, 0, 0),
        *(JUMP_IF_EQUAL, 0, 1, number),
        *(RETURN, 0, 0, ERRNO | EPERM),
        *(RETURN, 0, 0, ALLOW),
    )
)
program = Program(4, ctypes.addressof(instructions))
libc = ctypes.CDLL(None)
if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
    sys.exit("no_new_privs is refused")
if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) != 0:
    sys.exit("seccomp is refused")
os.execvp(sys.argv[2], sys.argv[2:])
