"""Engine processes: each statement of a client runs in a process that can be ended without harm to others.

server: Engines (pool) -> Lease -> Channel ══ Unix socket ══ worker process: Engine -> DuckDB
            └▶ Supervisor (memory)            fork server: starts, kills and reaps the workers
"""
