"""Which usernames a new one could be taken for."""

from access_service.domain.accounts import Account
from access_service.domain.inspecting import External
from access_service.storage.accounts import usernames_like
from access_service.usecases.services import Act


def usernames_taken(doing: Act, username: str) -> set[str]:
    """Usernames that open an account, are shown as one's, or wait for a head's signature."""
    waiting = {x.username for x in doing.tx.find(External) if x.valid_to is None or x.valid_to > doing.now}
    shown = {account.username for account in doing.tx.find(Account, username=username)}
    return waiting | shown | usernames_in_use(doing, username)


def usernames_in_use(doing: Act, username: str) -> set[str]:
    """Usernames that open an account."""
    return set(usernames_like(doing.tx.connection, doing.tx.register, [username]))
