"""Let the grader and the sandbox call each other's functions over one channel.

While one side waits for the answer to a call, the other side may call back: for example, a
student's optimiser calls the grader's gradient at every step. Both sides use the class Peer. Each
side answers only calls of functions that it offered.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from .polynomial import Polynomial
from .wire import Adapt, Channel, Function, Object, Unsendable, WireError

MAX_CALL_DEPTH = 16
MAX_FUNCTIONS = 10_000
CROSSING_SECONDS = 0.0005
"""Seconds that a call and its answer need to cross the channel."""
MAX_OWN_SECONDS = 60.0
"""Largest number of seconds by which calls back from the other side extend one call's deadline.
"""

Open = Callable[[Object], object]
Describe = Callable[[BaseException], Mapping[str, Any]]
Enter = Callable[[int, tuple[Any, ...], Mapping[str, Any]], Any]


class TooManyCalls(WireError):
    """An error: the other side called back more often than the limit allows."""


class RemoteError(Exception):
    """An error: a function that was called on the other side raised an exception.

    `details` describes the error as plain data.
    """

    def __init__(self, details: Mapping[str, Any]) -> None:
        super().__init__(str(details.get("error", "error")))
        self.details = details


class Peer:
    """One of the two sides that call each other's functions.

    `adapt` turns foreign objects into objects that can be sent. `open_object` turns a received
    Object into an object of this side. `describe` turns an exception of a served call into plain
    data. A received function is called through `enter`, except while this side serves a call.
    An exception of a type in `passing` ends the conversation; other exceptions are reported to the
    other side.

    `deadline` is the time at which the other side must have finished its work. While this side
    serves a call from the other side, the clock stops. While this side waits for the other side,
    the clock always runs.
    """

    def __init__(
        self,
        channel: Channel,
        *,
        adapt: Adapt | None = None,
        open_object: Open | None = None,
        describe: Describe | None = None,
        max_served: int | None = None,
        enter: Enter | None = None,
        passing: tuple[type[BaseException], ...] = (),
    ) -> None:
        self.channel = channel
        self.deadline: float | None = None
        self.served = 0
        self._adapt = adapt
        self._open_object = open_object
        self._describe = describe or (lambda error: {"error": type(error).__name__})
        self._max_served = max_served
        self._enter = enter or self.call
        self._passing: tuple[type[BaseException], ...] = (WireError, *passing)
        self._own_since: float | None = None
        self._own_left = MAX_OWN_SECONDS
        self._functions: list[Callable[..., object]] = []
        self._numbers: dict[int, int] = {}
        self._named: dict[str, Callable[..., object]] = {}
        self._calls = 0
        self._depth = 0
        self._lock = threading.RLock()

    def allow(self, seconds: float) -> None:
        """Set the other side's deadline to `seconds` from now."""
        self.deadline = time.monotonic() + seconds
        self._own_since, self._own_left = None, MAX_OWN_SECONDS

    def start_over(self) -> None:
        """Withdraw all functions sent to the other side, and count served calls from 0 again."""
        self.served = 0
        self._functions = [_withdrawn] * len(self._functions)
        self._numbers.clear()

    def offer(self, name: str, function: Callable[..., object]) -> None:
        """Let the other side call the function `function` under the name `name`."""
        self._named[name] = function

    def call(self, target: str | int, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Call a function of the other side by the name it was offered under, or by its number."""
        with self._lock:
            return self._call(target, args, kwargs)

    def call_function(self, number: int, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Call a function that the other side sent as a value."""
        call = self._enter if self._depth == 0 else self.call
        return call(number, args, kwargs)

    def _call(self, target: str | int, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        self._calls += 1
        number = self._calls
        self._send(["call", number, target, self.outward(args), self.outward(dict(kwargs))])
        while True:
            message = self._receive()
            if message[0] == "call":
                self._serve(message)
            elif message[1] != number:
                raise WireError("an answer to another call")
            else:
                answer = message[2] if message[0] == "error" else self.inward(message[2])
                if self._depth:
                    self._own_since = time.monotonic()
                if message[0] == "error":
                    raise RemoteError(answer)
                return answer

    def serve_forever(self) -> None:
        """Answer calls until the other side closes the channel (raises WireClosed)."""
        while True:
            message = self._receive()
            if message[0] != "call":
                raise WireError("an answer without a call")
            self._serve(message)

    def _serve(self, message: list[Any]) -> None:
        _, number, target, args, kwargs = message
        self.served += 1
        if self._depth >= MAX_CALL_DEPTH:
            raise WireError("calls are nested too deeply")
        if self._max_served is not None and self.served > self._max_served:
            raise TooManyCalls(f"more than {self._max_served} calls")
        function = self._find(target)
        args, kwargs = self.inward(args), self.inward(kwargs)
        self._depth += 1
        self._own_since = time.monotonic() - CROSSING_SECONDS
        try:
            self._send(["answer", number, self.outward(function(*args, **kwargs))])
        except self._passing:
            raise
        except BaseException as error:
            self._send(["error", number, dict(self._describe(error))])
        finally:
            self._depth -= 1

    def _start_clock(self) -> None:
        """Start the clock that measures the other side's time."""
        if self._own_since is not None and self.deadline is not None:
            own = min(time.monotonic() - self._own_since, self._own_left)
            self._own_left -= own
            self.deadline += own
        self._own_since = None

    def _find(self, target: str | int) -> Callable[..., object]:
        if isinstance(target, str) and target in self._named:
            return self._named[target]
        if isinstance(target, int) and 0 <= target < len(self._functions):
            return self._functions[target]
        raise WireError("a call of a function that is not offered")

    def _send(self, message: list[Any]) -> None:
        self._start_clock()
        self.channel.send(message, adapt=self._adapt, deadline=self.deadline)

    def _receive(self) -> list[Any]:
        received = self.channel.receive(self.deadline)
        message: list[Any] = received if isinstance(received, list) else []
        shape = _SHAPES.get(message[0]) if message and isinstance(message[0], str) else None
        if shape is None or len(message) != len(shape):
            raise WireError("not a message of this conversation")
        if not all(isinstance(part, kind) for part, kind in zip(message, shape, strict=True)):
            raise WireError("a message with a part of the wrong kind")
        return message

    def outward(self, value: Any) -> Any:
        """Return `value` with functions replaced by references, which can be sent."""
        return with_parts(value, self._reference)

    def _reference(self, value: Any) -> Any:
        if isinstance(value, RemoteFunction):
            return Function(value.number, own=False)
        if isinstance(value, Polynomial):
            return Object("polynomial", value.coefficients)
        if callable(value) and not isinstance(value, type):
            return Function(self._number(value), own=True)
        return value

    def inward(self, value: Any) -> Any:
        """Return `value` with references replaced by functions that this side can call."""
        return with_parts(value, self._referred)

    def _referred(self, value: Any) -> Any:
        if isinstance(value, Function):
            return self._function(value)
        if isinstance(value, Object):
            if self._open_object is None:
                raise WireError("an object that this side does not accept")
            return self._open_object(value)
        return value

    def _number(self, function: Callable[..., object]) -> int:
        number = self._numbers.get(id(function))
        if number is None:
            if len(self._functions) >= MAX_FUNCTIONS:
                raise Unsendable("too many functions are sent")
            self._functions.append(function)
            number = self._numbers[id(function)] = len(self._functions) - 1
        return number

    def _function(self, reference: Function) -> Callable[..., object]:
        if not reference.own:
            return RemoteFunction(self, reference.number)
        if reference.number >= len(self._functions):
            raise WireError("a reference to a function that was never sent")
        return self._functions[reference.number]


def with_parts(value: Any, change: Callable[[Any], Any]) -> Any:
    """Return `value` after `change`; in a list, tuple or dict, `change` is applied to each part."""
    kind = type(value)
    if kind is list or kind is tuple:
        return kind(with_parts(part, change) for part in value)
    if kind is dict:
        return {key: with_parts(part, change) for key, part in value.items()}
    return change(value)


def _withdrawn(*_args: Any, **_kwargs: Any) -> object:
    raise WireError("a call of a function that is no longer offered")


class RemoteFunction:
    """A function of the other side; each call sends a message and waits for the answer."""

    def __init__(self, peer: Peer, number: int) -> None:
        self._peer = peer
        self.number = number

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._peer.call_function(self.number, args, kwargs)

    def __deepcopy__(self, _memo: Mapping[int, Any]) -> RemoteFunction:
        return self


_SHAPES: dict[str, tuple[Any, ...]] = {
    "call": (str, int, (str, int), tuple, dict),
    "answer": (str, int, object),
    "error": (str, int, dict),
}
