"""Clients as stored: what is found by other ways than its id."""

from sqlalchemy import Connection, select

from access_service.domain.names import SoftwareId
from access_service.domain.software import Client
from access_service.storage.facts import CODECS, Reader


def client_by_id(connection: Connection, client_id: str) -> Client | None:
    """The client as known now, in whichever register: its id is unique over all of them. None for any other id."""
    codec = CODECS[Client]
    columns = codec.table.c
    statement = select(codec.table).where(columns.id == client_id, columns.to_rev.is_(None))
    found = [codec.value(dict(row)) for row in connection.execute(statement).mappings()]
    # Two of one id cannot come about by chance: whoever made them gets in as neither.
    return found[0] if len(found) == 1 else None


def clients_of(reader: Reader, software: SoftwareId) -> list[Client]:
    """The software's clients, disabled ones too."""
    return reader.find(Client, software=software)
