"""SQLAlchemy's dialect of the lakehouse: `srcql://user:password@host:port?tls=true`, for SQLAlchemy 1.4 and 2.

ADBC's DB-API runs the statements. Write verbs of SRCQL in `text()`, or in parentheses in place of a table. Connections
are read-only: the server rejects statements that write, and COMMIT and ROLLBACK have no effect.
"""

from __future__ import annotations  # the types of SQLAlchemy 2 do not exist in 1.4

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import pyarrow as pa
from sqlalchemy import exc, types, util
from sqlalchemy.dialects.postgresql.base import RESERVED_WORDS
from sqlalchemy.engine import URL, Connection, default
from sqlalchemy.sql import compiler
from sqlalchemy.sql.sqltypes import _AbstractInterval
from sqlalchemy.sql.type_api import NativeForEmulated

from srcql.characters import check_characters
from srcql.errors import InvalidData
from srcql.schema import KEYS, REFERENCES

from .certificates import check_certificates
from .forks import check_process

if TYPE_CHECKING:
    from adbc_driver_manager.dbapi import Connection as AdbcConnection
    from adbc_driver_manager.dbapi import Cursor as AdbcCursor
    from sqlalchemy.engine.interfaces import (
        ConnectArgsType,
        DBAPIModule,
        Dialect,
        ExecutionContext,
        IsolationLevel,
        ReflectedColumn,
        ReflectedForeignKeyConstraint,
        ReflectedPrimaryKeyConstraint,
        ReflectedTableComment,
    )
    from sqlalchemy.sql.elements import BinaryExpression
    from sqlalchemy.sql.selectable import GenerativeSelect

T = TypeVar("T")

DB_SCHEMA = "main"
REMARKS = b"ARROW:FLIGHT:SQL:REMARKS"
UNAVAILABLE = 10  # AdbcStatusCode.IO

_FLIGHT = "adbc.flight.sql."
# A single value may be larger than 16 MiB, the driver's default size of a message.
_MESSAGE_SIZE = {f"{_FLIGHT}client_option.with_max_msg_size": str(1 << 30)}


class SrcqlCompiler(compiler.SQLCompiler):
    """Compiles to the SQL of DuckDB."""

    def limit_clause(self, select: GenerativeSelect, **options: object) -> str:
        """Return LIMIT and OFFSET; either may be missing."""
        parts = (("LIMIT", select._limit_clause), ("OFFSET", select._offset_clause))
        return "".join(f"\n {word} {self.process(part, **options)}" for word, part in parts if part is not None)

    def for_update_clause(self, select: GenerativeSelect, **options: object) -> str:
        """Return no clause: connections are read-only, so there is nothing to lock."""
        return ""

    def visit_empty_set_expr(self, element_types: Sequence[types.TypeEngine[Any]] | None, **options: object) -> str:
        """Return a query without rows, for an empty IN; its NULLs compare with every type."""
        return f"SELECT {', '.join('NULL' for _ in element_types or (None,))} WHERE 1 != 1"

    def visit_floordiv_binary(self, binary: BinaryExpression[Any], operator: object, **options: object) -> str:
        """Return a quotient, rounded down; of whole numbers without the doubles of /, which have 53 bits."""
        left, right = self.process(binary.left, **options), self.process(binary.right, **options)
        if any(side.type._type_affinity is not types.Integer for side in (binary.left, binary.right)):
            return f"floor({left} / {right})"
        # DuckDB's // rounds towards zero.
        rounded_up = f"{left} % {right} <> 0 AND ({left} < 0) <> ({right} < 0)"
        return f"({left} // {right} - CAST({rounded_up} AS INTEGER))"

    def visit_bitwise_xor_op_binary(self, binary: BinaryExpression[Any], operator: object, **options: object) -> str:
        """Return a bitwise exclusive or; ^ is a power in DuckDB."""
        return f"xor({self.process(binary.left, **options)}, {self.process(binary.right, **options)})"

    def visit_regexp_match_op_binary(self, binary: BinaryExpression[Any], operator: object, **options: object) -> str:
        """Return a search for a regular expression."""
        return f"regexp_matches({self.process(binary.left, **options)}, {self.process(binary.right, **options)})"

    def visit_not_regexp_match_op_binary(
        self, binary: BinaryExpression[Any], operator: object, **options: object
    ) -> str:
        """Return a negated search for a regular expression."""
        return f"NOT {self.visit_regexp_match_op_binary(binary, operator, **options)}"


class SrcqlTypeCompiler(compiler.GenericTypeCompiler):
    """Compiles to the types of DuckDB."""

    def visit_FLOAT(self, type_: types.Float[Any], **options: object) -> str:
        """Return DOUBLE: SQLAlchemy's Float is a Python float of 64 bits, and FLOAT has 32."""
        return "DOUBLE"

    def visit_INTERVAL(self, type_: types.Interval, **options: object) -> str:
        """Return DuckDB's type of durations."""
        return "INTERVAL"

    def visit_ARRAY(self, type_: types.ARRAY[Any], **options: object) -> str:
        """Return a list type."""
        return f"{self.process(type_.item_type, **options)}[]"


class SrcqlPreparer(compiler.IdentifierPreparer):
    """Quotes the reserved words of PostgreSQL, whose grammar DuckDB uses, and those that DuckDB adds."""

    reserved_words = RESERVED_WORDS | {"at", "describe", "pivot", "qualify", "show", "summarize", "unpivot"}


class Bytes(types.LargeBinary):
    """Binary values, passed to ADBC unchanged."""

    def bind_processor(self, dialect: Dialect) -> None:
        """Return no processor: ADBC's DB-API has no constructor of binary values."""


class Duration(NativeForEmulated, _AbstractInterval):
    """Durations, which DuckDB has; SQLAlchemy stores them as dates where a database has none."""

    __visit_name__ = "INTERVAL"
    native = True

    @classmethod
    def adapt_emulated_to_native(cls, impl: object, **options: object) -> Duration:  # noqa: ARG003
        """Return this type for SQLAlchemy's Interval."""
        return cls()

    def literal_processor(self, dialect: Dialect) -> Callable[[timedelta], str]:
        """Return a function that writes a duration as a literal."""
        return lambda value: f"INTERVAL '{value.days} days {value.seconds * 10**6 + value.microseconds} microseconds'"

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], timedelta | None]:
        """Return a function that reads Arrow's intervals; a month has 30 days, as in DuckDB."""
        return lambda value: value if isinstance(value, timedelta | None) else _timedelta(value)


def _timedelta(value: pa.MonthDayNano) -> timedelta:
    return timedelta(days=30 * value.months + value.days, microseconds=value.nanoseconds // 1000)


class SrcqlDialect(default.DefaultDialect):
    """The dialect of a lakehouse behind a server."""

    name = "srcql"
    driver = "adbc"
    default_paramstyle = "qmark"
    statement_compiler = SrcqlCompiler
    type_compiler = SrcqlTypeCompiler
    type_compiler_cls = SrcqlTypeCompiler
    preparer = SrcqlPreparer
    colspecs = {types.LargeBinary: Bytes, types.Interval: Duration}

    div_is_floordiv = False
    postfetch_lastrowid = False
    supports_alter = False
    supports_comments = True
    supports_native_boolean = True
    supports_native_decimal = True
    supports_sane_rowcount = False
    supports_statement_cache = True

    @classmethod
    def import_dbapi(cls) -> DBAPIModule:
        """Return ADBC's DB-API."""
        import adbc_driver_flightsql.dbapi

        return cast("DBAPIModule", adbc_driver_flightsql.dbapi)

    dbapi = import_dbapi  # type: ignore[assignment]  # its name in SQLAlchemy 1.4

    def create_connect_args(self, url: URL) -> ConnectArgsType:
        """Return the arguments of ADBC's connect for an address.

        >>> from sqlalchemy.engine import make_url
        >>> SrcqlDialect().create_connect_args(make_url("srcql://lakehouse:4000?tls=true"))[1]["uri"]
        'grpc+tls://lakehouse:4000'
        """
        query = cast("dict[str, str]", dict(url.query))
        tls = util.asbool(query.pop("tls", "false"))
        options = {**_MESSAGE_SIZE, **_credentials(url, query), **_trust(query)}
        if query or not url.host or not url.port:
            raise exc.ArgumentError(
                "expected srcql://user:password@host:port, with tls, tls_roots, tls_skip_verify or token in the query; "
                f"found {url.render_as_string()}"
            )
        host = f"[{url.host}]" if ":" in url.host else url.host
        uri = f"{'grpc+tls' if tls else 'grpc'}://{host}:{url.port}"
        return [], {"uri": uri, "db_kwargs": options, "autocommit": True}

    def connect(self, *arguments: Any, **options: Any) -> Any:
        """Open a connection; raise Unsupported in a forked process, which could not use it."""
        check_process()
        return super().connect(*arguments, **options)

    def is_disconnect(self, e: Exception, connection: object, cursor: AdbcCursor | None) -> bool:
        """Return whether the server is unavailable."""
        return getattr(e, "status_code", None) == UNAVAILABLE

    def do_execute(
        self, cursor: AdbcCursor, statement: str, parameters: Any, context: ExecutionContext | None = None
    ) -> None:
        """Execute a statement; raise InvalidQuery for characters at which the driver would end it."""
        check_process()
        check_characters(statement)
        cursor.execute(statement, parameters)

    def get_isolation_level_values(self, dbapi_conn: object) -> list[IsolationLevel]:
        """Return AUTOCOMMIT: each statement reads the latest commit, and none writes."""
        return ["AUTOCOMMIT"]

    _isolation_lookup = ("AUTOCOMMIT",)  # its name in SQLAlchemy 1.4

    def get_isolation_level(self, dbapi_connection: object) -> IsolationLevel:
        """Return AUTOCOMMIT."""
        return "AUTOCOMMIT"

    def get_default_isolation_level(self, dbapi_conn: object) -> IsolationLevel:
        """Return AUTOCOMMIT."""
        return "AUTOCOMMIT"

    def set_isolation_level(self, dbapi_connection: object, level: str) -> None:
        """Accept AUTOCOMMIT, which always applies; raise ArgumentError for any other level."""
        if level != "AUTOCOMMIT":
            raise exc.ArgumentError(f"expected the isolation level AUTOCOMMIT, found {level}")

    def _get_default_schema_name(self, connection: Connection) -> str:
        return DB_SCHEMA

    # Reflection; an inspector caches the results

    def get_schema_names(self, connection: Connection, **options: object) -> list[str]:
        """Return the schema of the tables."""
        return [DB_SCHEMA]

    def get_table_names(self, connection: Connection, schema: str | None = None, **options: object) -> list[str]:
        """Return the names of the tables."""
        return _names(connection, "TABLE", schema, options)

    def get_view_names(self, connection: Connection, schema: str | None = None, **options: object) -> list[str]:
        """Return the names of the views."""
        return _names(connection, "VIEW", schema, options)

    def has_table(self, connection: Connection, table_name: str, schema: str | None = None, **options: object) -> bool:
        """Return whether a table or view exists."""
        return any(table_name in _names(connection, kind, schema, options) for kind in ("TABLE", "VIEW"))

    def get_columns(
        self, connection: Connection, table_name: str, schema: str | None = None, **options: object
    ) -> list[ReflectedColumn]:
        """Return the columns of a table or view, with comments."""
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
        self, connection: Connection, table_name: str, schema: str | None = None, **options: object
    ) -> ReflectedTableComment:
        """Return the comment of a table or view."""
        return {"text": _remarks(_arrow_schema(connection, table_name, schema, options).metadata)}

    def get_pk_constraint(
        self, connection: Connection, table_name: str, schema: str | None = None, **options: object
    ) -> ReflectedPrimaryKeyConstraint:
        """Return the columns that identify a row; an empty list for a view."""
        _arrow_schema(connection, table_name, schema, options)
        return {"constrained_columns": list(KEYS.get(table_name, ())), "name": None}

    def get_foreign_keys(
        self, connection: Connection, table_name: str, schema: str | None = None, **options: object
    ) -> list[ReflectedForeignKeyConstraint]:
        """Return the tables that a row refers to by their keys."""
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

    def _none(self, connection: Connection, table_name: str, schema: str | None = None, **options: object) -> list[Any]:
        """Return an empty list for an existing table: the store has no indexes and no further constraints."""
        _arrow_schema(connection, table_name, schema, options)
        return []

    get_indexes = _none
    get_unique_constraints = _none
    get_check_constraints = _none


def _credentials(url: URL, query: dict[str, str]) -> dict[str, str]:
    token = query.pop("token", None)
    options = {"username": url.username, "password": url.password}
    options[f"{_FLIGHT}authorization_header"] = f"Bearer {token}" if token else None
    return {name: str(value) for name, value in options.items() if value is not None}


def _trust(query: dict[str, str]) -> dict[str, str]:
    options = {}
    if roots := query.pop("tls_roots", None):
        try:
            check_certificates(roots)
        except InvalidData as error:
            raise exc.ArgumentError(str(error)) from None
        options[f"{_FLIGHT}client_option.tls_root_certs"] = Path(roots).read_text(encoding="ascii")
    if util.asbool(query.pop("tls_skip_verify", "false")):
        options[f"{_FLIGHT}client_option.tls_skip_verify"] = "true"
    return options


def _names(connection: Connection, kind: str, schema: str | None, options: dict[str, object]) -> list[str]:
    def read(adbc: AdbcConnection) -> list[str]:
        found = adbc.adbc_get_objects(depth="tables", db_schema_filter=schema or DB_SCHEMA)
        catalogs = found.read_all().to_pylist()
        found_schemas = [each for catalog in catalogs for each in catalog["catalog_db_schemas"] or ()]
        tables = [table for each in found_schemas for table in each["db_schema_tables"] or ()]
        # ADBC's driver manager ignores a filter of types before version 1.13.
        return [table["table_name"] for table in tables if table["table_type"] == kind]

    return _cached(connection, (kind, schema), options, read)


def _arrow_schema(connection: Connection, table: str, schema: str | None, options: dict[str, object]) -> pa.Schema:
    """Return the schema of a table or view; raise NoSuchTableError if it does not exist."""

    def read(adbc: AdbcConnection) -> pa.Schema:
        return adbc.adbc_get_table_schema(table, db_schema_filter=schema or DB_SCHEMA)

    try:
        return _cached(connection, (table, schema), options, read)
    except SrcqlDialect.import_dbapi().ProgrammingError:
        raise exc.NoSuchTableError(table) from None


def _cached(connection: Connection, key: object, options: dict[str, object], read: Callable[[AdbcConnection], T]) -> T:
    cache = cast("dict[object, T] | None", options.get("info_cache"))
    if cache is None:
        return read(connection.connection.dbapi_connection)
    if key not in cache:
        cache[key] = read(connection.connection.dbapi_connection)
    return cache[key]


def _remarks(metadata: Mapping[bytes, bytes] | None) -> str | None:
    text = (metadata or {}).get(REMARKS)
    return None if text is None else text.decode()


_TYPES: tuple[tuple[Callable[[pa.DataType], bool], type[types.TypeEngine[Any]]], ...] = (
    (pa.types.is_string, types.String),
    (pa.types.is_boolean, types.Boolean),
    (pa.types.is_int64, types.BigInteger),
    (pa.types.is_integer, types.Integer),
    (pa.types.is_floating, types.Float),
    (pa.types.is_date, types.Date),
    (pa.types.is_time, types.Time),
    (pa.types.is_binary, types.LargeBinary),
    (pa.types.is_interval, types.Interval),
)


def sql_type(arrow: pa.DataType) -> types.TypeEngine[Any]:
    """Return SQLAlchemy's type for a type of Arrow; NullType if SQLAlchemy has none.

    >>> sql_type(pa.list_(pa.string())), sql_type(pa.decimal128(9, 2)), sql_type(pa.timestamp("us"))
    (ARRAY(String()), Numeric(precision=9, scale=2), TIMESTAMP())
    """
    if pa.types.is_list(arrow):
        return types.ARRAY(sql_type(arrow.value_type))
    if pa.types.is_decimal(arrow):
        return types.Numeric(arrow.precision, arrow.scale)
    if pa.types.is_timestamp(arrow):
        return types.TIMESTAMP(timezone=arrow.tz is not None)
    return next((kind() for fits, kind in _TYPES if fits(arrow)), types.NullType())
