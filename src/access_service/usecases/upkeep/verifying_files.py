"""The files of signed papers: each is the one that the log names, byte for byte, and none is gone."""

from collections.abc import Iterator, Mapping
from typing import Any

from access_service.domain.findings import EvidenceFinding, FindingCode
from access_service.storage.audit import LogFilter, events
from access_service.storage.facts import Reader
from access_service.storage.paper_pages import FileKind, FileStore, files_of

FILED, GIVEN, BROUGHT = "document.file", "document.form", "document.upload"
"""What names a signed paper, a form that was given out to be signed elsewhere, and what came back of it."""


class KeptFiles:
    """The files of one register."""

    def __init__(self, reader: Reader, store: FileStore | None) -> None:
        """Without a store the log and the rows are compared, and no bytes are read."""
        self._connection, self._register, self._store = reader.connection, reader.register, store
        self.count = 0
        """How many were looked at."""

    def check(self) -> Iterator[EvidenceFinding]:
        """Everything that does not hold, file by file."""
        named = {str(said.get("pdf_sha256")): target for target, said in self._events(FILED)}
        given = {str(said.get("file")): target for target, said in self._events(GIVEN)}
        brought = {str(said.get("file")): target for target, said in self._events(BROUGHT)}
        others = {FileKind.FORM: given, FileKind.UPLOADED: brought}
        for file in files_of(self._connection, self._register):
            self.count += 1
            place = f"file {file.sha256} of document {file.document}"
            known = others[file.kind].get(file.sha256) if file.kind in others else named.pop(file.sha256, None)
            if known != file.document:
                yield EvidenceFinding(FindingCode.PDF_HASH, place, "no event of the log names it")
            if file.erased_at is None and self._store is not None and self._store.get(file.sha256) is None:
                yield EvidenceFinding(
                    FindingCode.PDF_HASH, place, "it is not in the folder of files, or its bytes were changed"
                )
        for sha256, document in sorted(named.items()):
            yield EvidenceFinding(
                FindingCode.PDF_HASH,
                f"file {sha256} of document {document}",
                "the log names it, and its row is gone",
            )

    def _events(self, action: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Whom each event of an action was about, and what it said."""
        for event in events(self._connection, self._register, limit=None, wanted=LogFilter(action=action)):
            yield event.happening.target, event.happening.details or {}
