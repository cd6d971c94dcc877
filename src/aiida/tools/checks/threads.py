"""What several threads do at once, for checks of things that have to bear it."""

from __future__ import annotations

import threading
from collections.abc import Callable

__all__ = ("check_in_threads",)


def check_in_threads(work: Callable[[int], None], count: int = 4) -> None:
    """Call `work` with the number of a thread in as many threads; raise if any of them fails."""
    errors: list[BaseException] = []

    def attempt(number: int) -> None:
        try:
            work(number)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=attempt, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors, f"threads disturb each other: {errors[0]!r}"
