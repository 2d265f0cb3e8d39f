"""The dossier of a unit over a time: every paper, right and event, with what proves them to whoever trusts nobody.

dossier_request  what is asked for, by whom it may be
dossier_papers   the documents of the time, as files
dossier_log      the unit's chain of events, its proofs, checkpoints and keys
dossier_facts    who stood above whom, software, the rules in force
dossier_pages    what a reader begins with: cover, list of papers, the steps of an inspector
making           all of it as one ZIP, after the event that says so
"""
