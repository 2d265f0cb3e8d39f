"""An import that stops just after its commit, to be killed there: `killed_import.py ARGUMENT…`."""

import sys
import time

from access_service.domain.names import RegisterId
from access_service.usecases.services import Services, SystemClock


def stop(_services: Services, _register: RegisterId) -> None:
    sys.stdout.write("committed\n")
    sys.stdout.flush()
    time.sleep(120)


if __name__ == "__main__":
    # A register of long ago, as in every test of the command line.
    del SystemClock.running
    Services.after_commit = stop  # type: ignore[method-assign]
    from access_service.cli.commands import main

    main(["import", *sys.argv[1:]])
