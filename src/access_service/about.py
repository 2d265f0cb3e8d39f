"""What the program is called and which version of it this is."""

from importlib import metadata


def version() -> str:
    """The version that is installed; `0` in a checkout that nobody installed."""
    try:
        return metadata.version("access-service")
    except metadata.PackageNotFoundError:
        return "0"
