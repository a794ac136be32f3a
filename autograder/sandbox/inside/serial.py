"""Run the pools and processes of `multiprocessing` in the calling process.

Processes behind the walls cannot share a semaphore. So a pool runs its tasks one after another,
each when it is submitted. Processes are threads, and their queues, locks and events are those of
threads. A pool's task gets copies of its arguments, as it would in a separate process.
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
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

Task = Callable[..., Any]


class SerialExecutor(concurrent.futures.Executor):
    """An executor that runs each task when it is submitted."""

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
        """Make the call, and return its future."""
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        try:
            future.set_result(_call_on_copies(fn, *args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


def _call_on_copies(task: Task, *args: Any, **kwargs: Any) -> Any:
    return task(*_copied(args), **_copied(kwargs))


def _copied(value: Any) -> Any:
    """Return a copy, or the value itself if a part of it can't be copied, such as a function."""
    try:
        return copy.deepcopy(value)
    except Exception:
        return value


class SerialPool(multiprocessing.pool.ThreadPool):
    """A pool without workers, which runs its tasks one after another."""

    def __init__(
        self,
        processes: int | None = None,
        initializer: Task | None = None,
        initargs: Iterable[Any] = (),
        *_: Any,
        **__: Any,
    ) -> None:
        del processes
        self._state, self._pool = "RUN", ()
        self._cache: dict[int, Any] = {}
        if initializer is not None:
            initializer(*initargs)

    def apply_async(
        self, func: Task, args: Any = (), kwds: Any = None, *tell: Any, **told: Any
    ) -> Any:
        """Make one call, and return its result."""
        task = partial(_call_on_copies, func, *args, **(kwds or {}))
        return self._result(task, *tell, **told)

    def imap(self, func: Task, iterable: Iterable[Any], chunksize: int | None = 1) -> Any:
        """Yield the answers, one by one."""
        del chunksize
        answers: Any = multiprocessing.pool.IMapIterator(self)
        done = [_outcome(partial(_call_on_copies, func, each)) for each in iterable]
        for number, outcome in enumerate(done):
            answers._set(number, outcome)
        answers._set_length(len(done))
        return answers

    imap_unordered = imap

    def _map_async(
        self,
        func: Task,
        iterable: Iterable[Any],
        mapper: Task,
        _chunksize: int | None = None,
        *tell: Any,
        **told: Any,
    ) -> Any:
        """Do what all variants of `map` have in common."""
        return self._result(
            partial(mapper, (partial(_call_on_copies, func), iterable)), *tell, **told
        )

    def _result(self, task: Task, callback: Any = None, error_callback: Any = None) -> Any:
        result: Any = multiprocessing.pool.AsyncResult(self, callback, error_callback)
        result._set(0, _outcome(task))
        return result

    def close(self) -> None:
        """Do nothing: there is nothing to end."""

    terminate = join = close


def _outcome(task: Task) -> tuple[bool, Any]:
    """Return whether a task succeeded, and its answer or its error."""
    try:
        return True, task()
    except Exception as error:
        return False, error


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
        """Do nothing: there is nothing to end."""

    terminate = kill = close


class ThreadQueue(queue.Queue[Any]):
    """A queue between threads that can be closed like one between processes."""

    def close(self) -> None:
        """Do nothing: there is nothing to end."""

    join_thread = cancel_join_thread = close


class Manager:
    """Creates lists, dictionaries and other objects that threads share."""

    def __enter__(self) -> Manager:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def shutdown(self) -> None:
        """Do nothing: there is nothing to end."""

    def __getattr__(self, name: str) -> Any:
        return getattr(multiprocessing.dummy, name)


def run_in_one_process() -> None:
    """Make `multiprocessing` and ProcessPoolExecutor start no processes."""
    context: Any = multiprocessing.context
    names = ("Lock", "RLock", "Condition", "Event", "Semaphore", "BoundedSemaphore", "Barrier")
    parts: dict[str, Any] = {name: getattr(threading, name) for name in names}
    parts |= dict.fromkeys(("Queue", "JoinableQueue", "SimpleQueue"), ThreadQueue)
    parts |= {"Pool": SerialPool, "Manager": Manager}
    for name, part in parts.items():
        setattr(context.BaseContext, name, staticmethod(part))
    for kind in ("Default", "Fork", "Spawn", "ForkServer"):
        getattr(context, f"{kind}Context").Process = ThreadProcess
    vars(multiprocessing).update(parts, Process=ThreadProcess)
    vars(multiprocessing.dummy).update(Pool=SerialPool)
    vars(multiprocessing.pool).update(Pool=SerialPool, ThreadPool=SerialPool)
    heap: Any = multiprocessing.heap.Arena
    heap._dir_candidates = []  # for `Value` and `Array`: not in shared memory
    for module in (concurrent.futures, concurrent.futures.process):
        vars(module)["ProcessPoolExecutor"] = SerialExecutor
