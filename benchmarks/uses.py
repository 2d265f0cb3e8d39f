#!/usr/bin/env python3
"""What remembering a use costs a decision: the two instructions that it is, against a lookup that a decision makes.

    benchmarks/uses.py

Both are timed in turns, best of many, so that a busy machine disturbs both alike; printed are nanoseconds and their
ratio.
"""

from __future__ import annotations

import timeit

from access_service.usecases.uses import UsedRights

ROUNDS, TIMES = 200, 20_000


def main() -> int:
    """Time both."""
    used, names = UsedRights(), {f"grn_{n:020d}": n for n in range(20_000)}
    name = next(iter(names))
    used.grants.update(names)
    scope = {"used": used, "names": names, "name": name}
    add, look_up = [], []
    for _ in range(ROUNDS):
        add.append(timeit.timeit("used.grants.add(name)", globals=scope, number=TIMES))
        look_up.append(timeit.timeit("names[name]", globals=scope, number=TIMES))
    ns = [min(found) / TIMES * 1e9 for found in (add, look_up)]
    print(f"remember a use {ns[0]:.0f} ns, one dictionary lookup {ns[1]:.0f} ns, ratio {ns[0] / ns[1]:.1f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
