"""`python -m srcql_client.cli`: the command line without its installed script."""

from . import main

main()
