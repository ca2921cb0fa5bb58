"""`python -m flight_server`: serve a warehouse with the settings of the environment (SRCQL_WAREHOUSE and others)."""

import os
import sys
from typing import NoReturn

from flight_server.server import serve
from flight_server.settings import Settings
from srcql.environment import unknown_variables
from srcql.errors import SrcqlError


def main(**settings: str | None) -> NoReturn:
    """Serve, then end the process; print an invalid setting to standard error."""
    try:
        code = serve(Settings.from_environment(**settings))
    except SrcqlError as error:
        print(error, file=sys.stderr)
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # without it DuckDB's bindings log leaks at interpreter shutdown


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(f"expected no arguments, found {' '.join(sys.argv[1:])}", file=sys.stderr)
        print("  hint: use srcql serve, or set SRCQL_WAREHOUSE, SRCQL_LISTEN and other variables", file=sys.stderr)
        sys.exit(2)
    for warning in unknown_variables(Settings.variables()):
        print(warning, file=sys.stderr)
    main()
