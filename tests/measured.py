"""The program as `python -m access_service` starts it, its lines counted until it ends: `measuring.program`."""

from __future__ import annotations

import atexit
import runpy
import sys

import measuring

atexit.register(measuring.leave_result)
# Folders beside this file have names that packages have.
sys.path.pop(0)
sys.argv[0] = "access-service"
runpy.run_module("access_service", run_name="__main__")
