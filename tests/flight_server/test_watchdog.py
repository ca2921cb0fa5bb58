"""The watchdog stops statements with a reason, and never touches ended ones."""

import threading

import pytest

from flight_server.watchdog import Watch, Watchdog
from srcql.errors import Cancelled, TimedOut, Unavailable


def connected():
    return False


def disconnected():
    return True


class ConnectedClient:
    """A client that never cancels; `checked` is set at every check."""

    def __init__(self):
        self.checked = threading.Event()

    def __call__(self):
        self.checked.set()
        return False

    def wait_for_check(self):
        self.checked.clear()
        return self.checked.wait(10)


@pytest.fixture
def watchdog():
    running = Watchdog()
    yield running
    running.close()


def test_cancelled_call_interrupts_its_statement(watchdog):
    interrupted = threading.Event()
    watch = Watch(disconnected, None, None, interrupted.set)
    watchdog.add(watch)
    assert interrupted.wait(10)
    assert isinstance(watch.reason, Cancelled)


def test_timeout_interrupts_a_statement(watchdog):
    interrupted = threading.Event()
    watch = Watch(connected, None, 0.0, interrupted.set)
    watchdog.add(watch)
    with watch.measure_time():
        assert interrupted.wait(10)
    assert isinstance(watch.reason, TimedOut)


def test_reading_time_is_not_counted(watchdog):
    client, interrupted = ConnectedClient(), threading.Event()
    watch = Watch(client, None, 0.0, interrupted.set)
    with watch.measure_time():
        pass
    watchdog.add(watch)
    assert client.wait_for_check()
    assert client.wait_for_check()
    assert not interrupted.is_set()


def test_discarded_watch_is_never_checked_again(watchdog):
    ended, other = ConnectedClient(), ConnectedClient()
    watch = Watch(ended, None, None, lambda: None)
    watchdog.add(watch)
    assert ended.wait_for_check()
    watchdog.discard(watch)
    ended.checked.clear()
    watchdog.add(Watch(other, None, None, lambda: None))
    assert other.wait_for_check()
    assert other.wait_for_check()
    assert not ended.checked.is_set()


def test_interrupt_is_repeated_without_blocking_other_statements(watchdog):
    first, second = threading.Semaphore(0), threading.Event()
    watchdog.add(Watch(disconnected, None, None, first.release))
    assert first.acquire(timeout=10)
    assert first.acquire(timeout=10)
    watchdog.add(Watch(disconnected, None, None, second.set))
    assert second.wait(10)


def test_stop_statements_by_handle(watchdog):
    stopped = []
    for handle in (b"one", b"two"):
        watchdog.add(Watch(connected, handle, None, lambda handle=handle: stopped.append(handle)))
    assert watchdog.stop(Cancelled("two"), {b"two", b"three"}) == 1
    assert stopped == [b"two"]
    assert watchdog.stop(Unavailable("all")) == 2
