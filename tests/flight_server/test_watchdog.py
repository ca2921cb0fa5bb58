"""Statements are stopped for a reason, and never looked at after they ended."""

import threading

import pytest

from flight_server.watchdog import Watch, Watchdog
from srcql.errors import Cancelled, TimedOut, Unavailable


def still_there():
    return False


def gone():
    return True


class Asking:
    """Whether a client is still there; `asked` is set whenever somebody wants to know."""

    def __init__(self):
        self.asked = threading.Event()

    def __call__(self):
        self.asked.set()
        return False

    def asked_again(self):
        self.asked.clear()
        return self.asked.wait(10)


@pytest.fixture
def watchdog():
    dog = Watchdog()
    yield dog
    dog.close()


def test_cancelled_call_interrupts_its_statement(watchdog):
    interrupted = threading.Event()
    watch = Watch(gone, None, None, interrupted.set)
    watchdog.add(watch)
    assert interrupted.wait(10)
    assert isinstance(watch.reason, Cancelled)


def test_timeout_interrupts_a_statement(watchdog):
    interrupted = threading.Event()
    watch = Watch(still_there, None, 0.0, interrupted.set)
    watchdog.add(watch)
    with watch.measure_time():
        assert interrupted.wait(10)
    assert isinstance(watch.reason, TimedOut)


def test_reading_time_is_not_counted(watchdog):
    client, interrupted = Asking(), threading.Event()
    watch = Watch(client, None, 0.0, interrupted.set)
    with watch.measure_time():
        pass
    watchdog.add(watch)
    assert client.asked_again()
    assert client.asked_again()
    assert not interrupted.is_set()


def test_discarded_watch_is_never_checked_again(watchdog):
    ended, other = Asking(), Asking()
    watch = Watch(ended, None, None, lambda: None)
    watchdog.add(watch)
    assert ended.asked_again()
    watchdog.discard(watch)
    ended.asked.clear()
    watchdog.add(Watch(other, None, None, lambda: None))
    assert other.asked_again()
    assert other.asked_again()
    assert not ended.asked.is_set()


def test_interrupt_is_repeated_without_blocking_other_statements(watchdog):
    told, heard = threading.Semaphore(0), threading.Event()
    watchdog.add(Watch(gone, None, None, told.release))
    assert told.acquire(timeout=10)
    assert told.acquire(timeout=10)
    watchdog.add(Watch(gone, None, None, heard.set))
    assert heard.wait(10)


def test_stop_statements_by_handle(watchdog):
    stopped = []
    for handle in (b"one", b"two"):
        watchdog.add(Watch(still_there, handle, None, lambda handle=handle: stopped.append(handle)))
    assert watchdog.stop(Cancelled("two"), {b"two", b"three"}) == 1
    assert stopped == [b"two"]
    assert watchdog.stop(Unavailable("all")) == 2
