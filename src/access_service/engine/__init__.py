"""Policy text to an immutable engine to decisions. The only user of Casbin.

toml_reader   TOML with line numbers, and a strict reader of one table
casbin_engine the one place that talks to Casbin; which models are allowed
compiled_pack what a decision looks up              compile    asks Casbin every question once
snapshots     what is kept of an account            rulings    what a pack says about a topic at one kind of site
decide        request and standing to decision; neither Casbin nor a clock

packs         reading a pack                        alone      packs that stand alone
cases         a pack's own tests
"""
