"""Bounds on the connections of a server: they must authenticate in time, and an address cannot take all of them.

gRPC accepts each connection and reads each message before it asks for credentials, and pyarrow cannot limit it. So a
thread looks at the sockets of this process (Linux: /proc) and shuts down those beyond the bounds.
"""

import ipaddress
import os
import resource
import socket
import stat
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from structlog.typing import FilteringBoundLogger

DESCRIPTORS = Path("/proc/self/fd")
INTERVAL = 0.05
LOGIN_SECONDS = 60.0
LOGIN_BYTES = 8 * 2**20
MOST = 10_000
BYTES_RECEIVED = struct.Struct("=128xQ")  # of Linux' struct tcp_info

Peer = tuple[str, int]


@dataclass
class Connection:
    """One accepted socket: its descriptor and inode, its peer, and when it was seen first."""

    descriptor: int
    inode: int
    peer: Peer
    since: float = field(default_factory=time.monotonic)


def raise_descriptor_limit() -> None:
    """Allow this process as many descriptors as the system permits it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):  # some systems permit fewer than they say
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class Connections:
    """The connections to a port, which a thread watches from `watch` to `close`.

    At most half of the process's descriptors are connections, and at most a quarter of these are those of one address
    that have not authenticated. The oldest that has not authenticated is closed first. With `authenticates`, it must do
    so within `LOGIN_BYTES`, too.
    """

    def __init__(self, authenticates: bool, log: FilteringBoundLogger) -> None:
        self._port = 0
        self._bytes = LOGIN_BYTES if authenticates else None
        self._log = log
        self._known: dict[int, Connection] = {}
        self._authenticated: set[Peer] = set()
        self._absent: set[Peer] = set()
        self._closed = threading.Event()
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._places = min(soft // 2, MOST)
        self._thread = threading.Thread(target=self._run, name="connections", daemon=True)

    def watch(self, port: int) -> None:
        """Begin to watch the connections to a port."""
        self._port = port
        if DESCRIPTORS.is_dir():
            self._thread.start()

    def authenticated(self, peer: str) -> None:
        """Note that a call of this peer was authenticated; `peer` is in gRPC's form, `ipv4:127.0.0.1:4000`."""
        self._authenticated.add(_parse_peer(peer))

    def close(self) -> None:
        """End the thread."""
        self._closed.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._closed.wait(INTERVAL):
            self._look()
            closed = Counter[tuple[str, str]]()
            for connection, reason in list(self._unwanted()):
                _shut_down(connection)
                del self._known[connection.inode]
                closed[connection.peer[0], reason] += 1
            for (address, reason), count in closed.items():
                with suppress(OSError, ValueError):  # a log that cannot be written must not end the watch
                    self._log.warning("connections_closed", address=address, count=count, reason=reason)

    def _look(self) -> None:
        """Find the connections that are open now."""
        found = dict(_sockets())
        for inode in self._known.keys() - found.keys():
            del self._known[inode]
        for inode in found.keys() - self._known.keys():
            if peer := _peer_at(found[inode], self._port):
                self._known[inode] = Connection(found[inode], inode, peer)
        absent = self._authenticated - {each.peer for each in self._known.values()}
        self._authenticated -= absent & self._absent  # one that is absent only now may have connected meanwhile
        self._absent = absent

    def _unwanted(self) -> Iterator[tuple[Connection, str]]:
        connections = sorted(self._known.values(), key=lambda each: -each.since)
        strangers = [each for each in connections if each.peer not in self._authenticated]
        others, of_address = len(connections) - len(strangers), Counter[str]()
        for kept, each in enumerate(strangers):  # the newest first
            of_address[each.peer[0]] += 1
            if of_address[each.peer[0]] > self._places // 4 or others + kept >= self._places:
                yield each, "too many connections that have not authenticated"
            elif time.monotonic() - each.since > LOGIN_SECONDS:
                yield each, f"not authenticated within {LOGIN_SECONDS:g} seconds"
            elif self._bytes is not None and _bytes_received(each) > self._bytes:
                yield each, f"{self._bytes} bytes before it authenticated"


def _sockets() -> Iterator[tuple[int, int]]:
    """Yield inode and descriptor of each socket of this process."""
    for descriptor in _descriptors():
        with suppress(OSError):  # closed meanwhile
            found = os.fstat(descriptor)
            if stat.S_ISSOCK(found.st_mode):
                yield found.st_ino, descriptor


def _descriptors() -> Iterable[int]:
    try:
        return map(int, os.listdir(DESCRIPTORS))
    except OSError:  # all descriptors are in use, and listing them needs one
        return range(resource.getrlimit(resource.RLIMIT_NOFILE)[0])


@contextmanager
def _borrowed(descriptor: int) -> Iterator[socket.socket]:
    """Yield a socket of gRPC without another descriptor, and leave it open."""
    borrowed = socket.socket(fileno=descriptor)
    try:
        yield borrowed
    finally:
        borrowed.detach()


def _peer_at(descriptor: int, port: int) -> Peer | None:
    """Return the peer of a socket that was accepted at this port; None for any other socket."""
    with suppress(OSError), _borrowed(descriptor) as found:
        if found.family in (socket.AF_INET, socket.AF_INET6) and found.getsockname()[1] == port:
            host, peer_port, *_ = found.getpeername()
            return _address(host), int(peer_port)
    return None


def _bytes_received(connection: Connection) -> int:
    with suppress(OSError, struct.error), _borrowed(connection.descriptor) as found:
        (count,) = BYTES_RECEIVED.unpack(found.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, BYTES_RECEIVED.size))
        return int(count)
    return 0


def _shut_down(connection: Connection) -> None:
    """End a connection; gRPC then closes its descriptor, which may belong to another socket by now."""
    with suppress(OSError):
        if os.fstat(connection.descriptor).st_ino == connection.inode:
            with _borrowed(connection.descriptor) as found:
                found.shutdown(socket.SHUT_RDWR)


def _parse_peer(peer: str) -> Peer:
    """Return address and port of a peer in gRPC's form.

    >>> _parse_peer("ipv6:%5B::1%5D:4000")
    ('::1', 4000)
    """
    host, _, port = unquote(peer).partition(":")[2].rpartition(":")
    return (_address(host.strip("[]")), int(port)) if port.isdecimal() else ("", 0)


def _address(host: str) -> str:
    address = ipaddress.ip_address(host.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)
