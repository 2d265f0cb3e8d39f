"""Ask `warm_server.py` for the program: as light as a process can be, for it stands in for each start of it."""

import array
import os
import signal
import socket
import sys


def main() -> int:
    """Hand over what the program is given, pass signals on, end as it ended."""
    umask = os.umask(0o077)
    os.umask(umask)
    given = [os.getcwd(), str(umask), str(len(sys.argv) - 2), *sys.argv[2:]]  # noqa: PTH109 pathlib costs as much as the rest
    given += [f"{name}={value}" for name, value in os.environ.items()]
    said = "\0".join(given).encode("utf-8", "surrogateescape")
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.connect(sys.argv[1])
    files = array.array("i", [0, 1, 2])
    connection.sendmsg([len(said).to_bytes(4, "big")], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, files)])
    connection.sendall(said)
    pid = int.from_bytes(connection.recv(4, socket.MSG_WAITALL), "big")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, lambda got, _frame: os.kill(pid, got))
    answer = connection.recv(4, socket.MSG_WAITALL)
    status = int.from_bytes(answer, "big", signed=True) if answer else 1
    if status < 0:
        signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    return status


if __name__ == "__main__":
    sys.exit(main())
