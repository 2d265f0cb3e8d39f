"""Policy text to an immutable engine to decisions. The only user of Casbin.

pack_files    bytes of a pack and all it inherits; its archive and digest
toml_tables   TOML with line numbers, and a strict reader of one table
pack_tables   pack.toml into a draft        pack_rows   roles.csv and delegation.csv into a draft
load          the draft of every inherited pack, in order, into one checked `Pack`
casbin_engine the one place that talks to Casbin; which models are allowed
tables        what a decision looks up     compile     asks Casbin every question once
decide        request and standing to decision; neither Casbin nor a clock
"""
