"""What is played how often: acts that a coalition wants, acts that anybody may do, and what honest people do."""

from __future__ import annotations

from access_service.domain.powers import declared_by
from powers.acts import acts

ACTS = acts()
NO_GAME = frozenset({"asking.ask_job", "asking.cancel_job", "idempotency.take_key", "sign_in.sign_out"})
"""Acts that do nothing to a register that a coalition could want."""
STRONG = frozenset(name for name, act in ACTS.items() if (said := declared_by(act)) and said.edges) - NO_GAME
DULL = frozenset(
    {
        "org.add_person",
        "org.create_unit",
        "documents.prepare_commitment",
        "delegation.confirm_grants",
        "org.create_class",
        "org.open_school_year",
        "sign_in.change_password",
        "second_factor.begin_passkey",
        "second_factor.begin_totp",
        "software.register_software",
        "software.change_software",
        "software.end_software",
    }
)
"""Acts that anybody may do at any time; played seldom, or nothing else would be."""
LIFE = (
    "org.add_person",
    "org.assign_duty",
    "org.create_class",
    "accounts.issue_account",
    "recoveries.ask_recovery",
    "documents.propose_handover",
    "documents.propose_custody",
    "documents.prepare_commitment",
    "returns.hand_back",
    "documents.withdraw",
    "inspection.propose_inspection",
    "leaving.end_duty",
    "leaving.take_back_custody",
    "delegation.suspend",
    "delegation.resume",
    "delegation.narrow_grant",
    "delegation.revoke_grant",
    "delegation.give_authority",
    "moving.change_manager",
    "succession.succeed_unit",
)
"""What honest people do, beside signing what waits for them."""
