"""One function per thing an actor can ask for: authorise, rule, store, audit, in one transaction.

services      what every use case is given, the shape of an act, and the only clock
effects       what follows from an act: grants end, custody begins, accounts are reset

register      `init`                            director      a new director, entered by the operator
org           units, school years, classes, people, duties
succession    a unit takes another's office     leaving       people leave, years turn, custody is taken back
accounts      accounts and sessions             policy        packs put in force
delegation    authorities and grants; suspending and resuming, of accounts and units too
documents     minutes, custody, commitments, returns, up to their signing
signatures    signing, and what a last signature brings about
inspection    inspections by decision           idempotency   a repeated request has no second effect

access        the decision point                snapshots     what one transaction knows, for decisions
view          what is kept in memory            revisions     revisions as callers see them
clock         looked at, accepted, mended
explain       why an answer is what it is       explanation   that as values, and as JSON
reading       the organisation and accounts, as a caller may read them
reading_papers  grants, documents, signatures, leaving cases and the log, likewise
matrix        the access matrix: matrix_values (what it says), matrix_rows (how it is found), sheets (as files)
instants      instants and days as people write  json_values   answers as JSON values

imports       a province from files: import_sheets over import_source and import_workbook (files to text),
              import_rows (text to values), import_org and import_papers (the rules, against import_book),
              import_store (what is written), import_template (files to begin with)
demo          the example province              demo_data     its places and people
"""
