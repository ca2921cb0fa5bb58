"""SQLAlchemy's dialect of the lakehouse: `srcql://user:password@host:port?tls=true`, for SQLAlchemy 1.4 and 2.

Statements go as they are to ADBC's DB-API; verbs of SRCQL stand in `text()`, or in parentheses where SQL has a table.
The lakehouse is read: what writes is refused by the server, and there is no transaction to commit or to roll back.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
from sqlalchemy import exc, types, util
from sqlalchemy.dialects.postgresql.base import RESERVED_WORDS
from sqlalchemy.engine import URL, Connection, default
from sqlalchemy.sql import compiler

from srcql.schema import KEYS, REFERENCES

DB_SCHEMA = "main"
REMARKS = b"ARROW:FLIGHT:SQL:REMARKS"
UNAVAILABLE = 10  # AdbcStatusCode.IO

_FLIGHT = "adbc.flight.sql."
_MESSAGE = {
    f"{_FLIGHT}client_option.with_max_msg_size": str(1 << 30)
}  # one value may be larger than the 16 MiB of the driver


class SrcqlCompiler(compiler.SQLCompiler):
    """SQL as DuckDB reads it."""

    def limit_clause(self, select: Any, **options: Any) -> str:
        """LIMIT and OFFSET; either may stand alone."""
        parts = (("LIMIT", select._limit_clause), ("OFFSET", select._offset_clause))
        return "".join(f"\n {word} {self.process(part, **options)}" for word, part in parts if part is not None)

    def for_update_clause(self, select: Any, **options: Any) -> str:
        """Nothing is locked, for nothing is changed."""
        return ""

    def visit_empty_set_expr(self, element_types: Any, **options: Any) -> str:
        """The rows of an empty IN."""
        return f"SELECT {', '.join('1' for _ in element_types or (None,))} WHERE 1 != 1"

    def visit_bitwise_xor_op_binary(self, binary: Any, operator: Any, **options: Any) -> str:
        """Where others write ^, which is a power here."""
        return f"xor({self.process(binary.left, **options)}, {self.process(binary.right, **options)})"

    def visit_regexp_match_op_binary(self, binary: Any, operator: Any, **options: Any) -> str:
        """Whether a text has what a regular expression describes."""
        return f"regexp_matches({self.process(binary.left, **options)}, {self.process(binary.right, **options)})"

    def visit_not_regexp_match_op_binary(self, binary: Any, operator: Any, **options: Any) -> str:
        """Whether it does not."""
        return f"NOT {self.visit_regexp_match_op_binary(binary, operator, **options)}"


class SrcqlTypeCompiler(compiler.GenericTypeCompiler):
    """DuckDB's names of types."""

    def visit_FLOAT(self, type_: Any, **options: Any) -> str:
        """SQLAlchemy's float is that of Python; FLOAT would have half its bits."""
        return "DOUBLE"

    def visit_ARRAY(self, type_: Any, **options: Any) -> str:
        """A list."""
        return f"{self.process(type_.item_type, **options)}[]"


class SrcqlPreparer(compiler.IdentifierPreparer):
    """Names that have to be quoted: as in PostgreSQL, from which DuckDB has its grammar, and some of its own."""

    reserved_words = RESERVED_WORDS | {"at", "describe", "pivot", "qualify", "show", "summarize", "unpivot"}


class Bytes(types.LargeBinary):
    """Bytes go to ADBC as they are."""

    def bind_processor(self, dialect: Any) -> None:
        """Nothing to do: ADBC's DB-API has no constructor of binary values."""


class SrcqlDialect(default.DefaultDialect):
    """The lakehouse behind a server."""

    name = "srcql"
    driver = "adbc"
    default_paramstyle = "qmark"
    statement_compiler = SrcqlCompiler
    type_compiler = SrcqlTypeCompiler
    type_compiler_cls = SrcqlTypeCompiler
    preparer = SrcqlPreparer
    colspecs = {types.LargeBinary: Bytes}  # noqa: RUF012

    div_is_floordiv = False
    postfetch_lastrowid = False
    supports_alter = False
    supports_comments = True
    supports_native_boolean = True
    supports_native_decimal = True
    supports_sane_rowcount = False
    supports_statement_cache = True

    @classmethod
    def import_dbapi(cls) -> Any:
        """ADBC's DB-API."""
        import adbc_driver_flightsql.dbapi

        return adbc_driver_flightsql.dbapi

    dbapi = import_dbapi  # type: ignore[assignment]  # its name in SQLAlchemy 1.4

    def create_connect_args(self, url: URL) -> Any:
        """What ADBC is told of an address.

        >>> from sqlalchemy.engine import make_url
        >>> SrcqlDialect().create_connect_args(make_url("srcql://lakehouse:4000?tls=true"))[1]["uri"]
        'grpc+tls://lakehouse:4000'
        """
        said = dict(url.query)
        tls = util.asbool(said.pop("tls", "false"))
        options = {**_MESSAGE, **_credentials(url, said), **_trust(said)}
        if said or not url.host or not url.port:
            raise exc.ArgumentError(
                "expected srcql://user:password@host:port, with tls, tls_roots, tls_skip_verify or token in the query; "
                f"found {url.render_as_string()}"
            )
        host = f"[{url.host}]" if ":" in url.host else url.host
        uri = f"{'grpc+tls' if tls else 'grpc'}://{host}:{url.port}"
        return [], {"uri": uri, "db_kwargs": options, "autocommit": True}

    def is_disconnect(self, e: Exception, connection: Any, cursor: Any) -> bool:
        """Whether the server is gone."""
        return getattr(e, "status_code", None) == UNAVAILABLE

    def _get_default_schema_name(self, connection: Connection) -> str:
        return DB_SCHEMA

    # Reflection: what was asked once is kept for as long as an inspector lives

    def get_schema_names(self, connection: Connection, **options: Any) -> list[str]:
        """The schema of the tables."""
        return [DB_SCHEMA]

    def get_table_names(self, connection: Connection, schema: str | None = None, **options: Any) -> list[str]:
        """The tables."""
        return _names(connection, "TABLE", schema, options)

    def get_view_names(self, connection: Connection, schema: str | None = None, **options: Any) -> list[str]:
        """The views."""
        return _names(connection, "VIEW", schema, options)

    def has_table(self, connection: Connection, table_name: str, schema: str | None = None, **options: Any) -> bool:
        """Whether there is such a table or view."""
        return any(table_name in _names(connection, kind, schema, options) for kind in ("TABLE", "VIEW"))

    def get_columns(self, connection: Connection, table_name: str, schema: str | None = None, **options: Any) -> Any:
        """The columns of a table or view, with what they hold."""
        return [
            {
                "name": field.name,
                "type": sql_type(field.type),
                "nullable": field.nullable,
                "default": None,
                "autoincrement": False,
                "comment": _remarks(field.metadata),
            }
            for field in _arrow_schema(connection, table_name, schema, options)
        ]

    def get_table_comment(
        self, connection: Connection, table_name: str, schema: str | None = None, **options: Any
    ) -> Any:
        """What a table or view holds."""
        return {"text": _remarks(_arrow_schema(connection, table_name, schema, options).metadata)}

    def get_pk_constraint(
        self, connection: Connection, table_name: str, schema: str | None = None, **options: Any
    ) -> Any:
        """The columns that identify a row; a view has none."""
        _arrow_schema(connection, table_name, schema, options)
        return {"constrained_columns": list(KEYS.get(table_name, ())), "name": None}

    def get_foreign_keys(
        self, connection: Connection, table_name: str, schema: str | None = None, **options: Any
    ) -> Any:
        """The tables that a row refers to by their keys."""
        _arrow_schema(connection, table_name, schema, options)
        return [
            {
                "name": None,
                "constrained_columns": list(KEYS[referred]),
                "referred_schema": schema,
                "referred_table": referred,
                "referred_columns": list(KEYS[referred]),
            }
            for referring, referred in REFERENCES
            if referring == table_name
        ]

    def _none(self, connection: Connection, table_name: str, schema: str | None = None, **options: Any) -> Any:
        """The store has none."""
        _arrow_schema(connection, table_name, schema, options)
        return []

    get_indexes = _none
    get_unique_constraints = _none
    get_check_constraints = _none


def _credentials(url: URL, said: dict[str, Any]) -> dict[str, str]:
    token = said.pop("token", None)
    options = {"username": url.username, "password": url.password}
    options[f"{_FLIGHT}authorization_header"] = f"Bearer {token}" if token else None
    return {name: str(value) for name, value in options.items() if value is not None}


def _trust(said: dict[str, Any]) -> dict[str, str]:
    options = {}
    if roots := said.pop("tls_roots", None):
        options[f"{_FLIGHT}client_option.tls_root_certs"] = Path(roots).read_text(encoding="ascii")
    if util.asbool(said.pop("tls_skip_verify", "false")):
        options[f"{_FLIGHT}client_option.tls_skip_verify"] = "true"
    return options


def _names(connection: Connection, kind: str, schema: str | None, options: dict[str, Any]) -> list[str]:
    def ask(adbc: Any) -> list[str]:
        found = adbc.adbc_get_objects(depth="tables", db_schema_filter=schema or DB_SCHEMA, table_types_filter=[kind])
        schemas = [one for catalog in found.read_all().to_pylist() for one in catalog["catalog_db_schemas"] or ()]
        return [table["table_name"] for one in schemas for table in one["db_schema_tables"] or ()]

    return list(_asked_once(connection, (kind, schema), options, ask))


def _arrow_schema(connection: Connection, table: str, schema: str | None, options: dict[str, Any]) -> Any:
    """The schema (pa.Schema) of a table or view; NoSuchTableError when there is none."""

    def ask(adbc: Any) -> Any:
        return adbc.adbc_get_table_schema(table, db_schema_filter=schema or DB_SCHEMA)

    try:
        return _asked_once(connection, (table, schema), options, ask)
    except SrcqlDialect.import_dbapi().ProgrammingError:
        raise exc.NoSuchTableError(table) from None


def _asked_once(connection: Connection, what: Any, options: dict[str, Any], ask: Callable[[Any], Any]) -> Any:
    known = options.get("info_cache")
    known = {} if known is None else known
    if what not in known:
        known[what] = ask(connection.connection.dbapi_connection)
    return known[what]


def _remarks(metadata: Any) -> str | None:
    text = (metadata or {}).get(REMARKS)
    return None if text is None else text.decode()


_TYPES: tuple[tuple[Any, Any], ...] = (
    (pa.types.is_string, types.String),
    (pa.types.is_boolean, types.Boolean),
    (pa.types.is_int64, types.BigInteger),
    (pa.types.is_integer, types.Integer),
    (pa.types.is_floating, types.Float),
    (pa.types.is_date, types.Date),
    (pa.types.is_time, types.Time),
    (pa.types.is_binary, types.LargeBinary),
)


def sql_type(found: Any) -> Any:
    """The type of SQLAlchemy for one of Arrow; that of its items for a list, and none where there is none.

    >>> sql_type(pa.list_(pa.string())), sql_type(pa.decimal128(9, 2)), sql_type(pa.timestamp("us"))
    (ARRAY(String()), Numeric(precision=9, scale=2), TIMESTAMP())
    """
    if pa.types.is_list(found):
        return types.ARRAY(sql_type(found.value_type))
    if pa.types.is_decimal(found):
        return types.Numeric(found.precision, found.scale)
    if pa.types.is_timestamp(found):
        return types.TIMESTAMP(timezone=found.tz is not None)
    return next((kind() for fits, kind in _TYPES if fits(found)), types.NullType())
