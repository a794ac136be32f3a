"""Consoles that print texts of students safely: nothing in them can control the terminal."""

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
    """A console that prints every text as it is, also in tables, titles and progress bars.

    Markup (`[red]`) and emoji codes have no effect: a `Text` sets a style. Only what `shown`
    leaves of a text reaches the terminal.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(markup=False, emoji=False, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        """Return the text as it is printed; `markup` and `emoji` are ignored."""
        return super().render_str(shown(text), **{**options, "markup": False, "emoji": False})

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Render as Rich does, with each text made safe."""
        return super().render(_shown(renderable), options)

    def status(self, status: RenderableType, **options: Any) -> Status:
        """Show a line that says what is being done; markup in it has no effect."""
        return super().status(as_line(status), **options)


def as_line(what: RenderableType) -> RenderableType:
    """Return a text for a status line, whose `update` would interpret markup."""
    return Text(shown(what)) if isinstance(what, str) else what


def _shown(renderable: RenderableType) -> RenderableType:
    if isinstance(renderable, Text) and (text := shown(renderable.plain)) != renderable.plain:
        renderable = renderable.copy()
        renderable.plain = text
    return renderable
