"""Consoles for texts from outside: no text acts there, whatever it holds and wherever it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from autograder.words import shown

if TYPE_CHECKING:
    from rich.console import ConsoleOptions, RenderableType
    from rich.segment import Segment
    from rich.status import Status

ProgressCallback = Callable[[int, int], None]
"""A function that shows progress: called with the number done and the total."""


class Terminal(Console):
    """A console that takes each text letter by letter, also in tables, titles and progress bars.

    It knows no markup (`[red]`) and no emoji codes: a style is given with a `Text`. What is not
    fit to be `shown` does not reach the terminal.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(markup=False, emoji=False, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        """The text as it is shown; `markup` and `emoji` are ignored."""
        return super().render_str(shown(text), **{**options, "markup": False, "emoji": False})

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """As Rich renders it, with each text as it is shown."""
        return super().render(_shown(renderable), options)

    def status(self, status: RenderableType, **options: Any) -> Status:
        """A line that says what is being done; no letter in it is markup."""
        return super().status(as_line(status), **options)


def as_line(what: RenderableType) -> RenderableType:
    """A text for the line of a status, whose `update` would read markup in it."""
    return Text(shown(what)) if isinstance(what, str) else what


def _shown(renderable: RenderableType) -> RenderableType:
    if isinstance(renderable, Text) and (text := shown(renderable.plain)) != renderable.plain:
        renderable = renderable.copy()
        renderable.plain = text
    return renderable
