"""Relocates a folder that was copied or moved: rewrites the paths in its metadata.

New metadata, manifest lists and manifests are written first, with new names; then one transaction of the catalog
replaces the old ones. After an interruption the catalog is unchanged, and the command can be repeated. What it
replaces, and what an interrupted run leaves, are orphan files.
"""

import json
import os
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyiceberg.avro.codecs import AvroCompressionCodec
from pyiceberg.catalog.sql import IcebergTables, SqlCatalog
from pyiceberg.manifest import ManifestFile, write_manifest, write_manifest_list
from pyiceberg.serializers import ToOutputFile
from pyiceberg.table.metadata import TableMetadata, TableMetadataUtil
from pyiceberg.table.snapshots import Snapshot
from sqlalchemy import update

from lakehouse.catalog import known_tables, open_catalog
from lakehouse.folder import (
    METADATA,
    MissingWarehouse,
    absolute_location,
    is_same_folder,
    metadata_folder,
    table_folder,
    version_of,
)
from lakehouse.repair.versions import IO, Version, read_version
from lakehouse.tables import NAMESPACE
from srcql.errors import StoreError, Unavailable

AVRO_CODEC: AvroCompressionCodec = "deflate"


@dataclass(frozen=True)
class Relocation:
    """What `relocate` did: the former location, None if the folder is where it was, and the snapshots that it kept."""

    location: str
    origin: str | None
    snapshots: int


def relocate(location: str | os.PathLike[str]) -> Relocation:
    """Make a warehouse independent of the folder that it was copied or moved from; rows and snapshots stay.

    No process may write to the folder meanwhile. Raises StoreError, and changes nothing, if a file is missing.
    """
    folder = absolute_location(location)
    catalog = open_catalog(folder, None, create=False, durable=True)
    assert isinstance(catalog, SqlCatalog)
    try:
        known = known_tables(catalog)
        if not known:
            raise MissingWarehouse(f"{folder} contains no warehouse", hint="check the path")
        moved = {name: found for name, path in known.items() if (found := _moved(folder, name, path))}
        replaced = {name: (known[name], _rewrite(name, version)) for name, version in moved.items()}
        _replace(catalog, replaced)
    finally:
        catalog.close()
    origin = next((version.paths.origin for version in moved.values()), None)
    return Relocation(folder, origin, sum(len(version.metadata.snapshots) for version in moved.values()))


def _moved(folder: str, table: str, path: str) -> Version | None:
    """Return the current version of a table if it names another folder; StoreError if a file of it is missing."""
    file = Path(metadata_folder(folder, table), Path(path).name)
    version = read_version(file, folder, table)
    if is_same_folder(version.metadata.location, table_folder(folder, table)) and is_same_folder(path, str(file)):
        return None
    version.check()
    return version


def _rewrite(table: str, version: Version) -> str:
    """Write the metadata of a table with its paths as they are now, and return the path of the new metadata."""
    writer = _Writer(table, version)
    lists = {snapshot.snapshot_id: writer.write_list(snapshot) for snapshot in version.metadata.snapshots}
    content = _renamed(json.loads(version.metadata.model_dump_json()), version)
    for snapshot in content["snapshots"]:
        snapshot["manifest-list"] = lists[snapshot["snapshot-id"]]
    entry = {"timestamp-ms": version.metadata.last_updated_ms, "metadata-file": str(version.file)}
    content["metadata-log"] = [*content["metadata-log"], entry]
    return writer.write_metadata(TableMetadataUtil.parse_obj(content))


def _renamed(value: Any, version: Version) -> Any:
    """Return a value of the metadata, which is JSON, with its paths as they are now."""
    if isinstance(value, dict):
        return {key: _renamed(part, version) for key, part in value.items()}
    if isinstance(value, list):
        return [_renamed(part, version) for part in value]
    return version.paths.text(value) if isinstance(value, str) else value


class _Writer:
    """Writes the files of one table under new names; a manifest that several snapshots share is written once."""

    def __init__(self, table: str, version: Version) -> None:
        self._folder = metadata_folder(version.paths.location, table)
        self._version = version
        self._id = uuid.uuid4()
        self._manifests: dict[str, ManifestFile] = {}

    def write_metadata(self, metadata: TableMetadata) -> str:
        number = version_of(self._version.file.name) + 1
        path = f"{self._folder}/{number:05d}-{self._id}{METADATA}"
        ToOutputFile.table_metadata(metadata, IO.new_output(path))
        return path

    def write_list(self, snapshot: Snapshot) -> str:
        """Write the manifest list of a snapshot and the manifests that it names; return the path of the list."""
        try:
            manifests = [self._write_manifest(manifest) for manifest in self._version.manifests(snapshot)]
        except OSError as error:
            message = f"snapshot {snapshot.snapshot_id} cannot be read: {str(error).splitlines()[0]}"
            raise StoreError(message, hint="copy the whole folder again, while no process writes to it") from error
        path = f"{self._folder}/snap-{snapshot.snapshot_id}-{self._id}.avro"
        parent, sequence = snapshot.parent_snapshot_id, snapshot.sequence_number
        output = IO.new_output(path)
        with write_manifest_list(2, output, snapshot.snapshot_id, parent, sequence, AVRO_CODEC) as written:
            written.add_manifests(manifests)
        return path

    def _write_manifest(self, manifest: ManifestFile) -> ManifestFile:
        if manifest.manifest_path not in self._manifests:
            output = IO.new_output(f"{self._folder}/{self._id}-m{len(self._manifests)}.avro")
            entries = self._version.entries(manifest)
            spec = self._version.metadata.specs()[manifest.partition_spec_id]
            added = manifest.added_snapshot_id or 0
            with write_manifest(2, spec, self._version.metadata.schema(), output, added, AVRO_CODEC) as written:
                for entry in entries:
                    written.add_entry(entry)
            self._manifests[manifest.manifest_path] = _at(manifest, output.location, len(output))
        return self._manifests[manifest.manifest_path]


def _at(manifest: ManifestFile, path: str, size: int) -> ManifestFile:
    """Return the entry of a manifest list for a manifest with this path and size."""
    moved = ManifestFile(*manifest._data)
    moved[0], moved[1] = path, size
    return moved


def _replace(catalog: SqlCatalog, paths: dict[str, tuple[str, str]]) -> None:
    """Replace the paths of the metadata of all tables (before, after) in one transaction."""
    with catalog.engine.begin() as connection:
        for name, (before, after) in paths.items():
            row = (
                IcebergTables.catalog_name == catalog.name,
                IcebergTables.table_namespace == NAMESPACE,
                IcebergTables.table_name == name,
                IcebergTables.metadata_location == before,
            )
            values = {"metadata_location": after, "previous_metadata_location": None}
            if connection.execute(update(IcebergTables).where(*row).values(**values)).rowcount != 1:
                raise Unavailable(f"another process changed the table {name}", hint="stop all writers, then try again")
