-- Statements that read or write outside the lakehouse, or read its internals. Each is rejected.

-- files by path
SELECT * FROM '/etc/passwd';
SELECT * FROM "/etc/passwd";
SELECT * FROM 'data.parquet';
FROM 'data/observations/*.parquet';
FROM './x.json';
FROM 'x.csv' AS observations;
SELECT * FROM 's3://bucket/x.parquet';
SELECT * FROM 'https://example.org/x.csv';
SELECT * FROM '../catalog/catalog.db';
WITH "a.csv" AS (SELECT 1) SELECT * FROM 'a.csv';
WITH x AS (FROM 'a.csv') FROM x;
SELECT (SELECT count(*) FROM 'a.csv');
SELECT 1 WHERE EXISTS (FROM 'a.csv');
FROM observations UNION ALL BY NAME FROM 'a.csv';
FROM observations POSITIONAL JOIN 'a.csv';
FROM observations, LATERAL (FROM 'a.csv');
SLICE FROM (FROM 'a.csv');
CLUSTER FROM (SELECT * FROM observations) WHERE output IN (FROM 'a.csv');
TABLE 'a.csv';
DESCRIBE 'a.csv';
SUMMARIZE 'a.csv';

-- functions that read
SELECT * FROM read_csv('/etc/passwd');
SELECT * FROM read_csv_auto('/etc/passwd');
SELECT * FROM sniff_csv('/etc/passwd');
SELECT * FROM read_parquet('*.parquet');
SELECT * FROM parquet_scan('*.parquet');
SELECT * FROM parquet_metadata('*.parquet');
SELECT * FROM parquet_schema('*.parquet');
SELECT * FROM parquet_kv_metadata('*.parquet');
SELECT * FROM read_json('x.json');
SELECT * FROM read_ndjson_objects('x.json');
SELECT * FROM read_text('/etc/passwd');
SELECT * FROM read_blob('/etc/passwd');
SELECT * FROM read_duckdb('x.duckdb');
SELECT * FROM glob('*');
SELECT * FROM READ_TEXT('/etc/passwd');
SELECT * FROM system.main.read_text('/etc/passwd');
SELECT (SELECT count(*) FROM read_text('/etc/passwd'));
DESCRIBE SELECT * FROM read_csv('x');
SELECT * FROM iceberg_scan('x');
SELECT * FROM arrow_scan(1, 2, 3);
SELECT * FROM seq_scan();
SELECT * FROM pandas_scan(1);
SELECT * FROM python_map_function();

-- functions that run SQL text
SELECT * FROM query('SELECT 1');
SELECT * FROM query_table('observations');
SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'));
SELECT json_serialize_plan('SELECT * FROM read_csv(''/etc/passwd'')');
SELECT * FROM histogram_values('observations', output);
SELECT * FROM histogram('observations', output);

-- statements that write or change stored data
COPY observations TO 'stolen.csv';
COPY (SELECT 1) TO '/tmp/x.parquet';
COPY observations FROM 'x.csv';
CREATE TABLE t AS SELECT 1;
CREATE OR REPLACE TEMP VIEW observations AS SELECT 1;
CREATE MACRO f() AS 1;
CREATE SECRET s (TYPE s3);
CREATE SEQUENCE s;
CREATE FUNCTION f() AS TABLE FROM 'a.csv';
DROP VIEW observations;
ALTER TABLE observations ADD COLUMN x INTEGER;
INSERT INTO observations SELECT 1;
UPDATE observations SET output = '1';
DELETE FROM observations;
MERGE INTO observations USING tests ON true WHEN MATCHED THEN DELETE;
TRUNCATE observations;
VACUUM;
CHECKPOINT;
FORCE CHECKPOINT;
ANALYZE;
EXPORT DATABASE 'x';
IMPORT DATABASE 'x';
SELECT nextval('s');
SELECT write_log('x');
WITH t AS (INSERT INTO tests SELECT 1 RETURNING *) FROM t;

-- other databases, extensions, settings
ATTACH 'other.db';
DETACH temp;
USE memory;
SELECT * FROM other.main.observations;
SELECT * FROM memory.main.observations;
SELECT * FROM system.information_schema.tables;
INSTALL httpfs;
LOAD httpfs;
UPDATE EXTENSIONS;
SET threads = 1;
SET GLOBAL enable_external_access = true;
RESET memory_limit;
PRAGMA database_list;
PRAGMA threads = 1;
CALL pragma_version();
CALL enable_logging();
BEGIN;
COMMIT;
PREPARE p AS SELECT 1;
EXECUTE p;
DEALLOCATE p;
SET VARIABLE x = 1;
SELECT current_setting('allowed_directories');
SELECT CURRENT_SETTING('allowed_directories');
SELECT getvariable('x');

-- the process and the system tables
SELECT getenv('HOME');
SELECT "getenv"('HOME');
SELECT system.main.getenv('HOME');
SELECT current_query();
SELECT * FROM duckdb_settings();
SELECT * FROM duckdb_secrets();
SELECT * FROM duckdb_views();
SELECT * FROM duckdb_views;
SELECT * FROM duckdb_logs();
SELECT * FROM duckdb_temporary_files();
SELECT * FROM duckdb_extensions();
SELECT * FROM pg_catalog.pg_settings;
SELECT * FROM pg_tables;
SELECT * FROM sqlite_master;
SELECT * FROM sqlite_schema;
SELECT * FROM information_schema.views;
SELECT pg_get_viewdef(1);
SELECT pg_get_constraintdef(1);
SELECT * FROM which_secret('x', 's3');
SELECT view_name FROM (WITH duckdb_views AS (SELECT 1) SELECT 1), duckdb_views;
SELECT sleep_ms(1);
SELECT pg_sleep(1);
SELECT setseed(0.5);
SELECT stats(output) FROM observations;
