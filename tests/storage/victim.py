"""A process that writes and is killed: `victim.py <database url> <register> commit|hold`.

`commit` prints each revision after its commit, for ever; `hold` stops inside a transaction that has written.
"""

import sys
import time
from datetime import UTC, datetime

from access_service.domain.names import PersonId, RegisterId
from access_service.domain.org import Person
from access_service.storage.db import Database


def main(url: str, register: str, how: str) -> None:
    db = Database(url, lambda: datetime.now(UTC))  # noqa: TID251 a process of its own, as in life
    step = 0
    while True:
        step += 1
        with db.write(RegisterId(register), "victim") as tx:
            tx.put(Person(PersonId(f"v{step}"), "Người Thử", "nguoi thu"))
            tx.happened("person.put", f"v{step}")
            revision = tx.revision
            if how == "hold":
                tx.finish()
                print("holding", flush=True)  # noqa: T201
                time.sleep(60)
        print(revision, flush=True)  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
