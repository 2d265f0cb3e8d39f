"""`python -m access_service` is `access-service`."""

import sys

from access_service.cli import main

if __name__ == "__main__":
    sys.exit(main())
