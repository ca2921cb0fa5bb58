"""Metadata commands of Flight SQL: server information, catalogs, schemas, tables, types and keys."""

from collections.abc import Callable
from typing import ClassVar

import pyarrow as pa
import pyarrow.flight as flight
from google.protobuf.message import Message

from flight_server import protocol
from flight_server.catalog import catalog_metadata, keys
from flight_server.catalog.sql_info import infos
from flight_server.catalog.type_info import types
from flight_server.service import Service, select_all


class Metadata:
    """Handlers of the commands that the server answers without running a user's statement."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def rows(self, context: flight.ServerCallContext, command: Message) -> pa.Table | None:
        """Return the rows of a metadata command; None for any other command."""
        handler = self.COMMANDS.get(protocol.message_name(command))
        return handler(self, context, command) if handler else None

    def schema_of(self, context: flight.ServerCallContext, table: str) -> pa.Schema:
        """Return the schema of a table's rows."""
        return self._service.engines.prepare(self._service.query(context, select_all(table))).schema

    def _infos(self, _: flight.ServerCallContext, command: Message) -> pa.Table:
        return infos(command.info)

    def _types(self, _: flight.ServerCallContext, command: Message) -> pa.Table:
        return types(command.data_type if command.HasField("data_type") else None)

    def _catalogs(self, _: flight.ServerCallContext, __: Message) -> pa.Table:
        return catalog_metadata.catalogs()

    def _db_schemas(self, _: flight.ServerCallContext, command: Message) -> pa.Table:
        return catalog_metadata.db_schemas(
            _optional(command, "catalog"), _optional(command, "db_schema_filter_pattern")
        )

    def _tables(self, context: flight.ServerCallContext, command: Message) -> pa.Table:
        return catalog_metadata.tables(
            _optional(command, "catalog"),
            _optional(command, "db_schema_filter_pattern"),
            _optional(command, "table_name_filter_pattern"),
            command.table_types,
            (lambda table: self.schema_of(context, table)) if command.include_schema else None,
        )

    def _table_types(self, _: flight.ServerCallContext, __: Message) -> pa.Table:
        return catalog_metadata.table_types()

    def _primary_keys(self, _: flight.ServerCallContext, command: Message) -> pa.Table:
        return keys.primary_keys(_table_reference(command))

    def _exported_keys(self, _: flight.ServerCallContext, command: Message) -> pa.Table:
        return keys.foreign_keys(referenced=_table_reference(command))

    def _imported_keys(self, _: flight.ServerCallContext, command: Message) -> pa.Table:
        return keys.foreign_keys(referencing=_table_reference(command))

    def _cross_reference(self, _: flight.ServerCallContext, command: Message) -> pa.Table:
        referenced, referencing = _table_reference(command, "pk_"), _table_reference(command, "fk_")
        return keys.foreign_keys(referenced, referencing)

    COMMANDS: ClassVar[dict[str, Callable[..., pa.Table]]] = {
        "CommandGetSqlInfo": _infos,
        "CommandGetXdbcTypeInfo": _types,
        "CommandGetCatalogs": _catalogs,
        "CommandGetDbSchemas": _db_schemas,
        "CommandGetTables": _tables,
        "CommandGetTableTypes": _table_types,
        "CommandGetPrimaryKeys": _primary_keys,
        "CommandGetExportedKeys": _exported_keys,
        "CommandGetImportedKeys": _imported_keys,
        "CommandGetCrossReference": _cross_reference,
    }


def _optional(command: Message, field: str) -> str | None:
    return getattr(command, field) if command.HasField(field) else None


def _table_reference(command: Message, prefix: str = "") -> keys.TableReference:
    catalog, db_schema = _optional(command, f"{prefix}catalog"), _optional(command, f"{prefix}db_schema")
    return keys.TableReference(catalog, db_schema, getattr(command, f"{prefix}table"))
