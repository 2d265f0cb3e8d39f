"""The example province: its data, built through the same acts as a real one, and `access-service serve --demo`."""
