"""Pools and processes of `multiprocessing`, run in the process that asks for them.

Behind the walls there is no semaphore that processes could share. So the tasks of a pool are done
one after another, each when it is handed in; processes are threads, and so are their queues, locks
and events. A task of a pool gets copies of its arguments, as it would in a process of its own.
"""

from __future__ import annotations

import concurrent.futures
import concurrent.futures.process
import copy
import multiprocessing
import multiprocessing.context
import multiprocessing.dummy
import multiprocessing.heap
import multiprocessing.pool
import os
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

Task = Callable[..., Any]


class SerialExecutor(concurrent.futures.Executor):
    """Does what is submitted at once."""

    def __init__(
        self,
        max_workers: int | None = None,
        mp_context: Any = None,
        initializer: Task | None = None,
        initargs: tuple[Any, ...] = (),
        **_: Any,
    ) -> None:
        del max_workers, mp_context
        if initializer is not None:
            initializer(*initargs)

    def submit(self, fn: Task, /, *args: Any, **kwargs: Any) -> concurrent.futures.Future[Any]:
        """The future of a call that has been made."""
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        try:
            future.set_result(fn(*_copied(args), **_copied(kwargs)))
        except Exception as error:
            future.set_exception(error)
        return future


def _copied(value: Any) -> Any:
    """A copy; the value itself if it holds something that has none, such as a passed function."""
    try:
        return copy.deepcopy(value)
    except Exception:
        return value


class Result:
    """The answer to a task that has been done."""

    def __init__(self, future: concurrent.futures.Future[Any], callback: Any, failed: Any) -> None:
        self._future = future
        tell = failed if future.exception() else callback
        if tell is not None:
            tell(future.exception() or future.result())

    def get(self, timeout: float | None = None) -> Any:
        """The answer; raises what the task has raised."""
        return self._future.result(timeout)

    def wait(self, timeout: float | None = None) -> None:
        """Nothing: it is there."""

    def ready(self) -> bool:
        """Always."""
        return True

    def successful(self) -> bool:
        """Whether the task has raised nothing."""
        return self._future.exception() is None


class SerialPool:
    """A pool that does its tasks one after another."""

    def __init__(
        self,
        processes: int | None = None,
        initializer: Task | None = None,
        initargs: Iterable[Any] = (),
        *_: Any,
        **__: Any,
    ) -> None:
        del processes
        self._executor = SerialExecutor(initializer=initializer, initargs=tuple(initargs))

    def __enter__(self) -> SerialPool:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def apply(self, func: Task, args: Any = (), kwds: Any = None) -> Any:
        """The answer to one call."""
        return self.apply_async(func, args, kwds).get()

    def apply_async(
        self,
        func: Task,
        args: Any = (),
        kwds: Any = None,
        callback: Any = None,
        error_callback: Any = None,
    ) -> Result:
        """The result of one call."""
        future = self._executor.submit(func, *args, **(kwds or {}))
        return Result(future, callback, error_callback)

    def imap(self, func: Task, iterable: Iterable[Any], chunksize: int = 1) -> Iterator[Any]:
        """The answers, one by one."""
        del chunksize
        return _Answers(self.apply(func, (each,)) for each in iterable)

    imap_unordered = imap

    def map(self, func: Task, iterable: Iterable[Any], chunksize: int | None = None) -> list[Any]:
        """The answers in order."""
        return self.starmap(func, ((each,) for each in iterable), chunksize)

    def starmap(
        self, func: Task, iterable: Iterable[Any], chunksize: int | None = None
    ) -> list[Any]:
        """The answers in order, for arguments that come as tuples."""
        del chunksize
        return [self.apply(func, tuple(args)) for args in iterable]

    def map_async(self, func: Task, iterable: Iterable[Any], *_: Any, **tell: Any) -> Result:
        """The result of `map`."""
        return self.starmap_async(func, ((each,) for each in iterable), **tell)

    def starmap_async(
        self,
        func: Task,
        iterable: Iterable[Any],
        chunksize: int | None = None,
        callback: Any = None,
        error_callback: Any = None,
    ) -> Result:
        """The result of `starmap`."""
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        try:
            future.set_result(self.starmap(func, iterable, chunksize))
        except Exception as error:
            future.set_exception(error)
        return Result(future, callback, error_callback)

    def close(self) -> None:
        """Nothing is left to end."""

    terminate = join = close


class _Answers:
    """An iterator that can be asked with a timeout."""

    def __init__(self, answers: Iterator[Any]) -> None:
        self._answers = answers

    def __iter__(self) -> _Answers:
        return self

    def __next__(self) -> Any:
        return next(self._answers)

    def next(self, timeout: float | None = None) -> Any:
        """The next answer."""
        del timeout
        return next(self._answers)


class ThreadProcess(multiprocessing.dummy.DummyProcess):
    """A process that is a thread."""

    def __init__(self, *args: Any, daemon: bool | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.daemon = True if daemon is None else daemon

    @property
    def pid(self) -> int:
        """The number of the one process."""
        return os.getpid()

    def close(self) -> None:
        """Nothing is left to end."""

    terminate = kill = close


class ThreadQueue(queue.Queue[Any]):
    """A queue between threads that can be closed as one between processes."""

    def close(self) -> None:
        """Nothing is left to end."""

    join_thread = cancel_join_thread = close


class Manager:
    """Makes lists, dictionaries and the like that threads share."""

    def __enter__(self) -> Manager:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def shutdown(self) -> None:
        """Nothing is left to end."""

    def __getattr__(self, name: str) -> Any:
        return getattr(multiprocessing.dummy, name)


def run_in_one_process() -> None:
    """Have `multiprocessing` and ProcessPoolExecutor start no process."""
    context: Any = multiprocessing.context
    parts: dict[str, Any] = {
        "Lock": threading.Lock,
        "RLock": threading.RLock,
        "Condition": threading.Condition,
        "Event": threading.Event,
        "Semaphore": threading.Semaphore,
        "BoundedSemaphore": threading.BoundedSemaphore,
        "Barrier": threading.Barrier,
        "Queue": ThreadQueue,
        "JoinableQueue": ThreadQueue,
        "SimpleQueue": ThreadQueue,
        "Pool": SerialPool,
        "Manager": Manager,
    }
    for name, part in parts.items():
        setattr(context.BaseContext, name, staticmethod(part))
    for kind in ("Default", "Fork", "Spawn", "ForkServer"):
        getattr(context, f"{kind}Context").Process = ThreadProcess
    vars(multiprocessing).update(parts, Process=ThreadProcess)
    vars(multiprocessing.dummy).update(Pool=SerialPool)
    vars(multiprocessing.pool).update(Pool=SerialPool, ThreadPool=SerialPool)
    heap: Any = multiprocessing.heap.Arena
    heap._dir_candidates = []  # of `Value` and `Array`: not in shared memory
    for module in (concurrent.futures, concurrent.futures.process):
        vars(module)["ProcessPoolExecutor"] = SerialExecutor
