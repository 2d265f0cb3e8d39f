"""Every table of the program. Whoever copies, compares or drops a whole database asks here: none is left out."""

from access_service.storage import (
    tables,
    tables_accounts,
    tables_acts,
    tables_certificates,
    tables_drafts,
    tables_moves,
    tables_observed,
    tables_pages,
    tables_papers,
    tables_paths,
    tables_progress,
    tables_software,
    tables_taking,
    tables_uses,
)

MODULES = (
    tables,
    tables_accounts,
    tables_acts,
    tables_certificates,
    tables_drafts,
    tables_moves,
    tables_observed,
    tables_pages,
    tables_papers,
    tables_paths,
    tables_progress,
    tables_software,
    tables_taking,
    tables_uses,
)
metadata = tables.metadata
