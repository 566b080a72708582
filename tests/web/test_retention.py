"""What is over is asked about again and again, whatever happens."""

from __future__ import annotations

import threading

from web.retention import Retention


class Store:
    def __init__(self) -> None:
        self.asked = 0
        self.enough = threading.Event()

    def expire(self) -> None:
        self.asked += 1
        if self.asked >= 3:
            self.enough.set()
        raise OSError("the disk is full")


def test_it_asks_again_after_a_failure_until_it_is_closed() -> None:
    store = Store()
    retention = Retention(store, every_s=0.01)
    retention.start()
    assert store.enough.wait(10)
    retention.close()
    asked = store.asked
    assert not threading.Event().wait(0.05)
    assert store.asked == asked


def test_it_may_be_closed_before_it_began() -> None:
    Retention(Store()).close()
