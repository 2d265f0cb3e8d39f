"""Software, approvals, draws and clients as stored: what is found by other ways than its id."""

from collections.abc import Collection

from sqlalchemy import Connection, select

from access_service.domain.names import AccountId, ApprovalId, SoftwareId
from access_service.domain.software import Approval, Client, Draw, Software
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


def approvals_of(reader: Reader, software: SoftwareId) -> list[Approval]:
    """Every approval of the software, past and withdrawn ones too."""
    return reader.find(Approval, software=software)


def software_of_account(reader: Reader, account: AccountId) -> Software | None:
    """The software whose service account that is, ended or not."""
    return reader.first(Software, account=account)


def software_of_accounts(reader: Reader, accounts: Collection[AccountId]) -> dict[AccountId, Software]:
    """The software of each service account among these."""
    return {s.account: s for s in reader.find(Software, account=list(accounts))}


def draws_of(reader: Reader, approval: ApprovalId, period: str | None = None) -> list[Draw]:
    """What was drawn under an approval; in one period where that is named."""
    more = {} if period is None else {"period": period}
    return reader.find(Draw, approval=approval, **more)
