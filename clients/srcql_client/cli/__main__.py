"""`python -m srcql_client.cli`: the command line without its script."""

from . import main

main()
