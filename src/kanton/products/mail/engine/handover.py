"""Gives a program its listening sockets the way systemd does: `python -m …handover 7,8 PROGRAM ARGUMENTS…`.

The sockets become 3, 4, …, and the environment says how many they are and for which process.
"""

import fcntl
import os
import sys
from typing import NoReturn

FIRST = 3


def hand_over(descriptors: list[int], command: list[str]) -> NoReturn:
    """Become the program, with these sockets open and no others of ours."""
    beyond = FIRST + len(descriptors)
    aside = [fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, beyond) for each in descriptors]
    for number, each in enumerate(aside, FIRST):
        os.dup2(each, number, inheritable=True)
    for each in descriptors:
        if each >= beyond:
            os.close(each)
    os.environ |= {"LISTEN_FDS": str(len(descriptors)), "LISTEN_PID": str(os.getpid())}
    os.execvp(command[0], command)  # noqa: S606


if __name__ == "__main__":
    hand_over([int(each) for each in sys.argv[1].split(",")], sys.argv[2:])
