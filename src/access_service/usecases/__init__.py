"""One function per thing an actor can ask for: authorise, rule, store, audit, in one transaction.

services      what every use case is given, the shape of an act, and the only clock
effects       what follows from an act: grants end, custody begins, accounts are reset
consequences  what an act would take from whom, asked first and held to
waiting       what is prepared for a second person
idempotency   a repeated request has no second effect
counts        numbers that take long, remembered for minutes
register      `init`; operators: who runs the machine; policy: packs put in force
paper_pages   papers as pages and files, for readers and for whoever holds one
observed      answers that were not enforced, until they are written down
clock         looked at, accepted, mended
keys          the service's own keys: opened, begun, rotated

Its rooms, each with a page of its own (`docs/development.md` says which noun stands where on every floor):

identity      accounts and what opens them          organisation  units, classes, people, duties, and their ends
handover      what is handed down, on which papers  second_person what a second person confirms; the root's office
third_party   software, approvals, clients          imports       a province from files
evidence      what may be read and proved           tokens        tokens for services and software
upkeep        backups, what is checked, the machine  jobs          long work, carried out by workers
dossiers      all of a unit's evidence in one file   tasks         what waits for whom, progress, reminders
drafts        a unit's grid, from a workbook to papers

What is kept in memory of a register, and answers decisions and searches, stands one floor below: `live`.
"""
