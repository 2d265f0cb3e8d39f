"""Policy text to an immutable engine to decisions. The only user of Casbin.

pack_files    bytes of a pack and all it inherits; its archive and digest
toml_tables   TOML with line numbers, and a strict reader of one table
pack_tables   pack.toml into a draft        pack_rows   roles.csv and delegation.csv into a draft
load          the draft of every inherited pack, in order, into one checked `Pack`
casbin_engine the one place that talks to Casbin; which models are allowed
tables        what a decision looks up     compile     asks Casbin every question once
decide        request and standing to decision; neither Casbin nor a clock

cases         a pack's own tests, `*_test.yaml`, read strictly and run
case_yaml     YAML with line numbers, and a strict reader of one mapping
case_facts    `world:` into dated facts          case_grants   its grants, and the axes that others share
case_world    that world, held in memory         case_acts     the acts of delegation that a case may try

standalone        packs without a register: values, decisions, searches     standalone_model  their Casbin models
standalone_load   such a pack's files into one checked value                standalone_rows   its entities and rules
standalone_cases  its own tests
"""
