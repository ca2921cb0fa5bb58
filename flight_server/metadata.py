"""What clients ask before they ask: infos, catalogs, schemas, tables, types and keys."""

from collections.abc import Callable
from typing import Any, ClassVar

import pyarrow as pa

from flight_server import protocol
from flight_server.catalog import catalog_metadata, keys
from flight_server.catalog.sql_info import infos
from flight_server.catalog.type_info import types
from flight_server.service import Service, whole


class Metadata:
    """The commands whose rows need no statement of the user's."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def rows(self, context: Any, request: Any) -> pa.Table | None:
        """The rows of a command; None when it is not about metadata."""
        answer = self.COMMANDS.get(protocol.name_of(request))
        return answer(self, context, request) if answer else None

    def schema_of(self, context: Any, table: str) -> pa.Schema:
        """The schema of a table's rows."""
        return self._service.prepare(context, whole(table)).schema

    def _infos(self, _: Any, command: Any) -> pa.Table:
        return infos(command.info)

    def _types(self, _: Any, command: Any) -> pa.Table:
        return types(command.data_type if command.HasField("data_type") else None)

    def _catalogs(self, _: Any, __: Any) -> pa.Table:
        return catalog_metadata.catalogs()

    def _db_schemas(self, _: Any, command: Any) -> pa.Table:
        return catalog_metadata.db_schemas(_given(command, "catalog"), _given(command, "db_schema_filter_pattern"))

    def _tables(self, context: Any, command: Any) -> pa.Table:
        return catalog_metadata.tables(
            _given(command, "catalog"),
            _given(command, "db_schema_filter_pattern"),
            _given(command, "table_name_filter_pattern"),
            command.table_types,
            (lambda table: self.schema_of(context, table)) if command.include_schema else None,
        )

    def _table_types(self, _: Any, __: Any) -> pa.Table:
        return catalog_metadata.table_types()

    def _primary_keys(self, _: Any, command: Any) -> pa.Table:
        return keys.primary(_named(command))

    def _exported_keys(self, _: Any, command: Any) -> pa.Table:
        return keys.references(referenced=_named(command))

    def _imported_keys(self, _: Any, command: Any) -> pa.Table:
        return keys.references(referencing=_named(command))

    def _cross_reference(self, _: Any, command: Any) -> pa.Table:
        return keys.references(referenced=_named(command, "pk_"), referencing=_named(command, "fk_"))

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


def _given(command: Any, field: str) -> str | None:
    return getattr(command, field) if command.HasField(field) else None


def _named(command: Any, prefix: str = "") -> keys.Named:
    catalog, db_schema = _given(command, f"{prefix}catalog"), _given(command, f"{prefix}db_schema")
    return keys.Named(catalog, db_schema, getattr(command, f"{prefix}table"))
