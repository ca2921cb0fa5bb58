-- Statements that look for the data set Shut, which is not granted; one on each line. For a user of the data set Open
-- each returns the same as in a lakehouse that only holds Open. {first}, {last} and {shut} are ids of snapshots.

-- Rows
SELECT * FROM observations
SELECT * FROM tests
SELECT * FROM code_implementations
SELECT count(*) FROM observations
SELECT count(*) FROM tests
SELECT min(data_set_id), max(data_set_id), min(problem_id), max(output) FROM observations
SELECT * FROM observations WHERE data_set_id = 'Shut'
SELECT * FROM observations WHERE data_set_id <> 'Open'
SELECT * FROM observations WHERE data_set_id IN (SELECT data_set_id FROM tests)
SELECT source_code FROM code_implementations WHERE source_code LIKE '%classified%'
SELECT source_code FROM tests WHERE contains(source_code, 'classified')
FROM observations SELECT DISTINCT data_set_id
SELECT DISTINCT ON (data_set_id) data_set_id, run_id FROM observations ORDER BY ALL
SELECT data_set_id, count(*) FROM lakehouse.main.observations GROUP BY ALL
SELECT data_set_id, count(*) FROM main.OBSERVATIONS GROUP BY ALL
SELECT data_set_id, count(*) FROM "observations" GROUP BY ROLLUP (data_set_id)
SELECT approx_count_distinct(data_set_id), histogram(data_set_id) FROM observations
SELECT approx_top_k(data_set_id, 9) FROM observations
SELECT stats(data_set_id) FROM observations LIMIT 1
SELECT list(DISTINCT data_set_id), string_agg(DISTINCT run_id, ',' ORDER BY run_id) FROM observations
SELECT bit_xor(response_key), sum(step_id), arg_max(output, created_at) FROM observations WHERE data_set_id = 'Shut'
SELECT count(*) FROM observations TABLESAMPLE 100 PERCENT
SELECT column_name, column_type, min, max, count FROM (SUMMARIZE observations)
SUMMARIZE SELECT data_set_id, problem_id FROM observations
PIVOT observations ON data_set_id USING count(*) GROUP BY problem_id
UNPIVOT (SELECT data_set_id, run_id FROM observations) ON COLUMNS(*)
TABLE observations

-- Joins and subqueries
WITH a AS (SELECT * FROM observations) SELECT data_set_id, count(*) FROM a GROUP BY ALL
WITH RECURSIVE a AS (SELECT data_set_id FROM observations UNION SELECT data_set_id FROM tests) SELECT * FROM a
WITH observations AS (SELECT * FROM observations) SELECT DISTINCT data_set_id FROM observations
SELECT (SELECT max(data_set_id) FROM code_implementations) AS other
SELECT EXISTS (FROM observations WHERE data_set_id = 'Shut')
SELECT 1 WHERE 'Shut' = ANY (SELECT data_set_id FROM observations)
SELECT DISTINCT o.data_set_id, t.data_set_id FROM observations o FULL JOIN tests t ON o.problem_id = t.problem_id
SELECT DISTINCT o.data_set_id, c.source_code FROM observations o JOIN code_implementations c USING (problem_id, implementation_id)
SELECT DISTINCT l.data_set_id FROM observations o, LATERAL (SELECT data_set_id FROM tests t WHERE t.problem_id = o.problem_id) l
SELECT data_set_id FROM observations UNION SELECT data_set_id FROM tests UNION SELECT data_set_id FROM code_implementations
SELECT DISTINCT data_set_id FROM observations EXCEPT SELECT 'Open'
SELECT DISTINCT o.data_set_id FROM observations o POSITIONAL JOIN tests t
SELECT DISTINCT o.data_set_id FROM observations o ASOF JOIN tests t ON o.problem_id = t.problem_id AND o.test_id >= t.test_id
SELECT data_set_id, first_value(data_set_id) OVER (PARTITION BY problem_id ORDER BY data_set_id DESC) FROM observations
SELECT unnest((SELECT list(DISTINCT data_set_id) FROM observations))

-- Views
SELECT * FROM problems
SELECT * FROM implementations
SELECT * FROM runs
SELECT * FROM clusters
SELECT * FROM oracles
SELECT * FROM verdicts
SELECT * FROM pass_rates
SELECT * FROM flaky
SELECT * FROM changes
SELECT table_name, operation, added_rows, total_rows, batch_ids FROM snapshots ORDER BY ALL
SELECT count(*), count(DISTINCT snapshot_id), sum(added_rows), max(total_rows) FROM snapshots
SELECT unnest(batch_ids) AS batch_id FROM snapshots ORDER BY ALL
SELECT * FROM problems WHERE problem_id = 'vault'
SELECT * FROM runs WHERE run_id = 'secret run'

-- Verbs
SLICE FROM *
SLICE FROM * WITH CODE WITH SPECIFIED
SLICE FROM * RUNS EACH
SLICE data_set_id, output FROM * WHERE data_set_id = 'Shut'
MATRIX FROM Open.p
MATRIX FROM *
MATRIX FROM * ROWS TEST
CLUSTER FROM *
CLUSTER FROM * BY run_id
CLUSTER FROM * USING TYPED EXCEPTIONS MESSAGE
ORACLE FROM *
ORACLE FROM * PER CLUSTER TIE LEAST
CHECK FROM * AGAINST ORACLE
CHECK FROM * AGAINST SPECIFIED
CHECK FROM * AGAINST ORACLE LEAVE ONE OUT PER TEST
RANK FROM * ON AGREEMENT
RANK FROM * ON PASSES
SIMILARITY FROM *
SIMILARITY JACCARD FROM * TOP 9
DISCRIMINATE FROM *
MINIMIZE FROM *
FLAKY FROM *
DIFF RUN r1 TO r2 FROM *
DIFF COMMIT c1 TO c2 FROM *
DIFF IMPLEMENTATION a TO b FROM *
SELECT DISTINCT data_set_id FROM (SLICE FROM *)
WITH c AS (CLUSTER FROM *) SELECT data_set_id, count(*) FROM c GROUP BY ALL
SELECT (SELECT count(*) FROM (ORACLE FROM *)), (SELECT count(*) FROM (CLUSTER FROM *))

-- Names
SLICE FROM Shut
SLICE FROM shut
SLICE FROM Shutt
SLICE FROM Shut.p
SLICE FROM Shut.vault
SLICE FROM Open, Shut
SLICE FROM Open.vault
SLICE FROM Open.vaul
SLICE FROM Nothing
CLUSTER FROM "Shut"
ORACLE FROM Open.p, Shut.p
MATRIX FROM Shut.p
DIFF RUN r1 TO "secret run" FROM *
DIFF RUN r1 TO "secret rum" FROM *
DIFF IMPLEMENTATION a TO mole FROM *
DIFF COMMIT c1 TO c9 FROM *
CHECK FROM Open.p AGAINST IMPLEMENTATION mole
CHECK FROM * AGAINST IMPLEMENTATION a
CLUSTER FROM * WHERE implementation_id = 'mole'
CLUSTER FROM * WHERE data_set_id = 'Shut' OR true
SELECT * FROM Shut
SELECT * FROM "Shut.vault"
SELECT Shut FROM observations
SELECT observatons.output FROM observatons

-- Time travel
SELECT data_set_id, count(*) FROM observations AT (VERSION => {first}) GROUP BY ALL
SELECT data_set_id, count(*) FROM observations AT (VERSION => {last}) GROUP BY ALL
SELECT data_set_id, count(*) FROM observations AT (VERSION => {shut}) GROUP BY ALL
SELECT data_set_id, count(*) FROM tests AT (VERSION => {last}) GROUP BY ALL
SELECT data_set_id, count(*) FROM code_implementations AT (VERSION => {first}) GROUP BY ALL
SELECT data_set_id, count(*) FROM observations AT (TIMESTAMP => '2999-01-01 00:00:00') GROUP BY ALL
SELECT data_set_id, count(*) FROM observations AT (TIMESTAMP => '1999-01-01 00:00:00') GROUP BY ALL
SELECT * FROM problems AT (VERSION => {first})
SELECT * FROM runs AT (VERSION => {last})
SELECT * FROM clusters AT (VERSION => {first})
CLUSTER FROM * AT (VERSION => {first})
CLUSTER FROM * AT (VERSION => {shut})
ORACLE FROM * AT (TIMESTAMP => '2999-01-01 00:00:00')
MATRIX FROM * AT (VERSION => {first})
SLICE FROM Shut AT (VERSION => {last})
SELECT * FROM snapshots AT (VERSION => {first})

-- Plans
EXPLAIN SELECT * FROM observations
EXPLAIN SELECT * FROM observations WHERE data_set_id = 'Shut'
EXPLAIN SELECT * FROM tests, code_implementations
EXPLAIN CLUSTER FROM *
EXPLAIN SLICE FROM Shut
EXPLAIN MATRIX FROM *
EXPLAIN SELECT * FROM problems
EXPLAIN SELECT * FROM snapshots

-- Catalog
SHOW TABLES
SHOW ALL TABLES
SHOW SCHEMAS
SHOW DATABASES
FROM (SHOW ALL TABLES)
FROM (SHOW DATABASES)
FROM memory.listing.tables
FROM memory.information_schema.tables
DESCRIBE observations
SELECT * FROM information_schema.tables ORDER BY ALL
SELECT * FROM information_schema.columns ORDER BY ALL
SELECT * FROM information_schema.schemata ORDER BY ALL
SELECT * FROM information_schema.views
SELECT * FROM duckdb_views()
SELECT * FROM duckdb_tables()
SELECT * FROM duckdb_databases()
SELECT * FROM duckdb_external_file_cache()
SELECT * FROM duckdb_prepared_statements()
SELECT * FROM duckdb_logs()
SELECT * FROM duckdb_settings()
SELECT * FROM pragma_storage_info('observations')
SELECT * FROM duckdb_table_sample('observations')
SELECT sql FROM sqlite_master
SELECT * FROM pg_catalog.pg_views
SELECT current_setting('allowed_directories')
SHOW allowed_directories
SHOW http_proxy
FROM (SHOW temp_directory)
SELECT getenv('HOME')
PRAGMA show_tables
SELECT filename FROM observations
SELECT file_row_number FROM observations
SELECT rowid FROM observations

-- Files
SELECT * FROM glob('/**')
SELECT * FROM read_parquet('data/observations/*.parquet')
SELECT * FROM parquet_metadata('data/observations/*.parquet')
SELECT * FROM 'data/observations/*.parquet'
SELECT * FROM read_text('catalog/catalog.db')
SELECT * FROM query('SELECT * FROM observations')
SELECT * FROM query_table('observations')
SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT * FROM observations'))
SELECT * FROM __observations_3
COPY observations TO 'out.parquet'
CREATE TABLE mine AS SELECT * FROM observations

-- Errors that could quote rows
SELECT CAST(output AS INTEGER) FROM observations WHERE output LIKE '%classified%'
SELECT CAST(source_code AS DATE) FROM tests WHERE source_code LIKE '%classified%'
SELECT error(max(data_set_id)) FROM observations
SELECT error(data_set_id) FROM observations WHERE data_set_id > 'P'
SELECT CAST(max(data_set_id) AS INTEGER) FROM code_implementations
SELECT json_extract(output, '$.x') FROM observations WHERE data_set_id = 'Shut'
SELECT strptime(max(run_id), '%Y') FROM runs
SELECT output.x FROM observations
