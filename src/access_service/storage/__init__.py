"""The only SQL: tables, queries, migrations.

db            connections, and the transactions of reads and writes     tables   every table
facts         reading and writing bitemporal facts, one way for every noun
codec         domain values to rows and back    migrate       the schema's versions, in `migrations/`
org           the organisation as the rules see it
standing      what a decision about one account depends on
policy        packs by their digest             audit         the log and the revisions
accounts      credentials and sessions          idempotency   answered requests
keys          public halves of the service's keys
"""
