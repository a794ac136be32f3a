"""Consoles that print students' texts safely: no text can control the terminal."""

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
"""A function that shows progress, given the number of finished steps and the total."""


class Terminal(Console):
    """A console that prints every text literally, even in tables, titles and progress bars.

    Markup (`[red]`) and emoji codes have no effect; use a `Text` to set a style. Every text passes
    through `words.shown`, which replaces unsafe characters, before it reaches the terminal.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(markup=False, emoji=False, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        """Return the string as a `Text`, without interpreting markup or emoji codes."""
        return super().render_str(shown(text), **{**options, "markup": False, "emoji": False})

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Render as Rich does, but make each text safe first."""
        return super().render(_shown(renderable), options)

    def status(self, status: RenderableType, **options: Any) -> Status:
        """Show a status line; markup in the status has no effect."""
        return super().status(as_line(status), **options)


def as_line(what: RenderableType) -> RenderableType:
    """Return a `Text` for a status line; `Status.update` would interpret markup in a string."""
    return Text(shown(what)) if isinstance(what, str) else what


def _shown(renderable: RenderableType) -> RenderableType:
    if isinstance(renderable, Text) and (text := shown(renderable.plain)) != renderable.plain:
        renderable = renderable.copy()
        renderable.plain = text
    return renderable
