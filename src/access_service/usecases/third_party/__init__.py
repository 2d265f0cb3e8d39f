"""Software of others, its approvals and its clients (rule 13)."""
