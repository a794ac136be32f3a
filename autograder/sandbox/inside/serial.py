"""Run the pools and processes of `multiprocessing` in the calling process.

Processes behind the walls cannot share a semaphore. A pool in this module therefore runs each task
as soon as the task is submitted. A process becomes a thread, and its queues, locks and events
become queues, locks and events for threads. A pool's task gets copies of its arguments, as in a
separate process.
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
        """Run the task at once, and return a future with its result."""
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        try:
            future.set_result(_call_on_copies(fn, *args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


def _call_on_copies(task: Task, *args: Any, **kwargs: Any) -> Any:
    return task(*_copied(args), **_copied(kwargs))


def _copied(value: Any) -> Any:
    """Return a copy of the value, or the value itself if a part of the value can't be copied."""
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
        """Run one task at once, and return its result."""
        task = partial(_call_on_copies, func, *args, **(kwds or {}))
        return self._result(task, *tell, **told)

    def imap(self, func: Task, iterable: Iterable[Any], chunksize: int | None = 1) -> Any:
        """Run all tasks now, and return an iterator over their answers."""
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
        """Run the tasks of any variant of `map`."""
        return self._result(
            partial(mapper, (partial(_call_on_copies, func), iterable)), *tell, **told
        )

    def _result(self, task: Task, callback: Any = None, error_callback: Any = None) -> Any:
        result: Any = multiprocessing.pool.AsyncResult(self, callback, error_callback)
        result._set(0, _outcome(task))
        return result

    def close(self) -> None:
        """Do nothing, because no process needs to be ended."""

    terminate = join = close


def _outcome(task: Task) -> tuple[bool, Any]:
    """Return whether a task succeeded, and the task's answer or error."""
    try:
        return True, task()
    except Exception as error:
        return False, error


class ThreadProcess(multiprocessing.dummy.DummyProcess):
    """A stand-in for a process, which runs as a thread."""

    def __init__(self, *args: Any, daemon: bool | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.daemon = True if daemon is None else daemon

    @property
    def pid(self) -> int:
        """The id of the process in which all threads run."""
        return os.getpid()

    def close(self) -> None:
        """Do nothing, because no process needs to be ended."""

    terminate = kill = close


class ThreadQueue(queue.Queue[Any]):
    """A queue between threads that can be closed, like a queue between processes."""

    def close(self) -> None:
        """Do nothing, because no process needs to be ended."""

    join_thread = cancel_join_thread = close


class Manager:
    """Creates lists, dictionaries and other objects that threads share."""

    def __enter__(self) -> Manager:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def shutdown(self) -> None:
        """Do nothing, because no process needs to be ended."""

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
