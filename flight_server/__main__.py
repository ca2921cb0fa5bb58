"""`python -m flight_server`: serve the warehouse that the environment names (SRCQL_WAREHOUSE, SRCQL_LISTEN ...)."""

import os
import sys
from typing import Any, NoReturn

from flight_server.server import serve
from flight_server.settings import Settings
from srcql.errors import SrcqlError


def main(**settings: Any) -> NoReturn:
    """Serve, then end the process; what the settings lack is said in a word on standard error."""
    try:
        code = serve(Settings.from_environment(**settings))
    except SrcqlError as error:
        print(error, file=sys.stderr)
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # DuckDB's bindings report leaks on the log when the interpreter is torn down


if __name__ == "__main__":
    main()
