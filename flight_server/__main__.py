"""`python -m flight_server`: serve the warehouse that the environment names (SRCQL_WAREHOUSE, SRCQL_LISTEN ...)."""

import os
import sys

from flight_server.server import serve
from flight_server.settings import Settings
from srcql.errors import SrcqlError


def main() -> int:
    """Serve; what the settings lack is said in a word on standard error."""
    try:
        return serve(Settings.from_environment())
    except SrcqlError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # DuckDB's bindings report leaks on the log when the interpreter is torn down
