"""Policy decision point, delegation register and evidence store (docs/architecture.md).

The distribution `access-service-client` puts `access_service.client` beside these modules. It may be installed in
another folder than the server: the path is extended, so that both are found in whichever order Python looks.
"""

from pkgutil import extend_path

__path__ = extend_path(__path__, __name__)
