"""Pack tests: `*_test.yaml` read strictly and run through the rules. Only the command line asks for them."""
