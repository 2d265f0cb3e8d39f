"""What a kind of job has to give, and what it is given. The kinds themselves stand above the use cases."""

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from access_service.domain.jobs import Job, JobFault, JobOutput
from access_service.usecases.services import Caller, Services


class JobStoppedError(Exception):
    """The job was cancelled, or is another worker's now, or the service stops: leave everything as it is."""


class JobFailedError(Exception):
    """The job cannot be done, and would not be the next time either."""

    def __init__(self, fault: JobFault) -> None:
        """`fault` is what its owner is told."""
        super().__init__(str(fault))
        self.fault = fault


class JobRun:
    """One attempt at a job, as its kind sees it: whose it is, where its file is written, and how far it is."""

    def __init__(self, services: Services, caller: Caller, job: Job, file: BinaryIO, most: int) -> None:
        """`caller` is who asked, as they stand now; `file` is empty, and may be written and read anywhere.

        `most` bytes of it are too many for one result.
        """
        self.services = services
        self.caller = caller
        self.job = job
        self.file = file
        self._most = most
        self.stopped = threading.Event()
        """Set by whoever minds the lease."""
        self.reached: tuple[int, int | None] = (0, None)

    def progress(self, done: int, of: int | None = None) -> None:
        """So many steps are done, of so many. Costs next to nothing: it is written down once a second elsewhere."""
        self.reached = (done, of)
        self.check()

    def check(self) -> None:
        """Let whoever serves requests go first, and raise `JobStoppedError` when the job is nobody's any more.

        `JobFailedError` once the file is larger than one may be: a disk is not filled to find that out.
        """
        time.sleep(0)
        if self.stopped.is_set():
            raise JobStoppedError
        self.file.flush()
        if os.fstat(self.file.fileno()).st_size > self._most:
            raise JobFailedError(JobFault.RESULT_TOO_LARGE)


@dataclass(frozen=True, slots=True)
class JobResult:
    """What is in the file, and the name under which it is offered."""

    name: str
    media_type: str


@dataclass(frozen=True, slots=True)
class JobKind:
    """A kind of long work."""

    name: str
    check: Callable[[Services, Caller, Job], None]
    """Raises unless this caller may have that: asked when the job is asked for, begins, and hands out its file."""
    run: Callable[[JobRun], JobResult]
    """Writes the file and records what leaves, in the caller's name."""
    handed_out: Callable[[Services, Caller, Job, JobOutput], None] | None = None
    """Records that the file was fetched, where making it is not all there is to record."""
