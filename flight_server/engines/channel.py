"""Messages between the server and a worker, over a Unix socket: pickled objects, record batches, and other sockets.

Both ends are our own processes. A message is a kind, a length and so many bytes; a sender waits while the socket is
full, so a result that nobody reads stays in the worker.
"""

import pickle
import select
import socket
import struct
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import pyarrow as pa

HEADER = struct.Struct("<cQ")
OBJECT, BATCH = b"O", b"B"
SMALL = 2**16
BUFFER = 2**22  # a worker computes the next batch while the server reads this one; the system may allow less


class Channel:
    """One end of a connection. Raises EOFError or OSError when the other end is closed."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection

    @classmethod
    def pair(cls) -> tuple[Self, Self]:
        """Return both ends of a new connection; the second has a buffer for what it sends."""
        left, right = socket.socketpair()
        right.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
        return cls(left), cls(right)

    @classmethod
    def of(cls, descriptor: int) -> Self:
        """Return the channel of a file descriptor of this process."""
        return cls(socket.socket(fileno=descriptor))

    def fileno(self) -> int:
        """Return the file descriptor."""
        return self._socket.fileno()

    def send(self, message: object, passed: "Channel | None" = None) -> None:
        """Send an object, and with it another channel, which is closed here."""
        data = pickle.dumps(message)
        header = HEADER.pack(OBJECT, len(data))
        if passed is None:
            self._socket.sendall(header + data)
            return
        with passed:
            socket.send_fds(self._socket, [header], [passed.fileno()])
        self._socket.sendall(data)

    def send_batch(self, batch: pa.RecordBatch) -> None:
        """Send a record batch; the receiver knows its schema."""
        data = batch.serialize()
        self._socket.sendall(HEADER.pack(BATCH, data.size))
        self._socket.sendall(data)

    def receive(self, schema: pa.Schema | None = None) -> Any:
        """Wait for the next message and return it; a record batch has this schema."""
        kind, size = HEADER.unpack(self._read(HEADER.size))
        data = self._read(size)
        return pa.ipc.read_record_batch(data, schema) if kind == BATCH else pickle.loads(data)

    def receive_passed(self) -> "tuple[Any, Channel | None]":
        """Wait for the next object and return it, with the channel that was passed with it."""
        header, descriptors, _, _ = socket.recv_fds(self._socket, HEADER.size, 1, socket.MSG_WAITALL)
        if len(header) < HEADER.size:
            raise EOFError
        passed = Channel.of(descriptors[0]) if descriptors else None
        return pickle.loads(self._read(HEADER.unpack(header)[1])), passed

    def wait(self, seconds: float) -> bool:
        """Wait for a message or the end, at most so long; return whether there is one."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return bool(poll.poll(seconds * 1000))

    def discard(self) -> bool:
        """Read some bytes and forget them; return whether there can be more."""
        try:
            return bool(self._socket.recv(SMALL))
        except ConnectionError:
            return False

    def finish(self) -> None:
        """Announce that this end sends no more; it still receives."""
        with suppress(OSError):  # the other end is closed
            self._socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Close this end."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read(self, size: int) -> pa.Buffer:
        """Read so many bytes into a new buffer, from which a batch is used without a copy."""
        buffer = pa.allocate_buffer(size)
        view = memoryview(buffer)
        while view:
            count = self._socket.recv_into(view, 0, socket.MSG_WAITALL)
            if not count:
                raise EOFError
            view = view[count:]
        return buffer
