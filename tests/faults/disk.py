"""A disk that forgets changes: if the power fails, changes that were not synced may be lost.

A file's data are safe once the file was synced; a file's name is safe once its folder was synced.
Unsafe data may be kept or lost, in any order, and cut at any place. POSIX promises exactly this,
and usual file systems keep more.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from .changes import Change

SECTOR = 512

LOSSES = (
    "all that is unsynced",
    "unsynced data, not names",
    "unsynced names, not data",
    "the last names, all data",
    "some of both",
)


@dataclass(eq=False)
class File:
    """A file: its data, its safe data, and the changes since (a plain number means a cut)."""

    data: bytearray
    safe: bytearray
    pending: list[tuple[int, bytes] | int] = field(default_factory=list)


@dataclass(eq=False)
class Folder:
    """A folder: its entries, and its safe entries."""

    entries: dict[str, Node] = field(default_factory=dict)
    safe: dict[str, Node] = field(default_factory=dict)


Node = File | Folder
Entries = Callable[[Folder], dict[str, Node]]


@dataclass(eq=False)
class Naming:
    """A change of names: entries to remove (if still the same node) and entries to add."""

    gone: tuple[tuple[Folder, str, Node], ...]
    come: tuple[tuple[Folder, str, Node], ...]
    unsynced: set[int]

    def apply(self, entries: Entries) -> None:
        for folder, name, node in self.gone:
            if entries(folder).get(name) is node:
                del entries(folder)[name]
        for folder, name, node in self.come:
            entries(folder)[name] = node


class Disk:
    """A folder in its present state, and the part that would survive a loss of power."""

    def __init__(self, folder: Path) -> None:
        """Treat the present content of `folder` as safe."""
        self._root = Folder()
        self._names: list[Naming] = []
        self._files: list[File] = []
        for path in sorted(folder.rglob("*")):
            *parents, name = path.relative_to(folder).parts
            inside = self._root
            for parent in parents:
                step = inside.entries[parent]
                assert isinstance(step, Folder)
                inside = step
            assert not path.is_symlink()
            node: Node = Folder() if path.is_dir() else self._file(path.read_bytes())
            inside.entries[name] = inside.safe[name] = node

    def _file(self, data: bytes = b"") -> File:
        file = File(bytearray(data), bytearray(data))
        self._files.append(file)
        return file

    # changes

    def make(self, change: Change) -> None:
        """Make a change, as far as the operating system itself would have made this change."""
        getattr(self, f"_{change.kind}")(change)

    def _find(self, path: str) -> Node | None:
        node: Node | None = self._root
        for part in PurePosixPath(path).parts:
            node = node.entries.get(part) if isinstance(node, Folder) else None
        return node

    def _above(self, path: str) -> tuple[Folder | None, str]:
        pure = PurePosixPath(path)
        above = self._find(str(pure.parent))
        return (above if isinstance(above, Folder) else None), pure.name

    def _rename_all(
        self, gone: list[tuple[Folder, str, Node]], come: list[tuple[Folder, str, Node]]
    ) -> None:
        for folder, name, _ in gone:
            del folder.entries[name]
        for folder, name, node in come:
            folder.entries[name] = node
        unsynced = {id(folder) for folder, _, _ in (*gone, *come)}
        self._names.append(Naming(tuple(gone), tuple(come), unsynced))

    def _create(self, change: Change) -> None:
        above, name = self._above(change.path)
        if above is not None and name not in above.entries:
            self._rename_all([], [(above, name, self._file())])

    def _mkdir(self, change: Change) -> None:
        above, name = self._above(change.path)
        if above is not None and name not in above.entries:
            self._rename_all([], [(above, name, Folder())])

    def _link(self, change: Change) -> None:
        node, (above, name) = self._find(change.path), self._above(change.target)
        if isinstance(node, File) and above is not None and name not in above.entries:
            self._rename_all([], [(above, name, node)])

    def _unlink(self, change: Change) -> None:
        above, name = self._above(change.path)
        node = above.entries.get(name) if above else None
        if above is not None and isinstance(node, File):
            self._rename_all([(above, name, node)], [])

    def _rmdir(self, change: Change) -> None:
        above, name = self._above(change.path)
        node = above.entries.get(name) if above else None
        if above is not None and isinstance(node, Folder) and not node.entries:
            self._rename_all([(above, name, node)], [])

    def _rename(self, change: Change) -> None:
        (source, old), (into, new) = self._above(change.path), self._above(change.target)
        node = source.entries.get(old) if source else None
        if source is None or into is None or node is None:
            return
        there = into.entries.get(new)
        if isinstance(there, Folder) and (there.entries or not isinstance(node, Folder)):
            return
        self._rename_all([(source, old, node)], [(into, new, node)])

    def _empty(self, change: Change) -> None:
        self._cut(Change("cut", change.path))

    def _cut(self, change: Change) -> None:
        file = self._find(change.path)
        if isinstance(file, File) and len(file.data) != change.number:
            _apply(file.data, change.number)
            file.pending.append(change.number)

    def _write(self, change: Change) -> None:
        file = self._find(change.path)
        assert isinstance(file, File), change.path
        _apply(file.data, (change.number, change.data))
        file.pending.append((change.number, change.data))

    def _sync(self, change: Change) -> None:
        node = self._find(change.path)
        if isinstance(node, File):
            node.safe, node.pending = bytearray(node.data), []
        elif node is not None:
            still: list[Naming] = []
            for naming in self._names:
                naming.unsynced.discard(id(node))
                if naming.unsynced:
                    still.append(naming)
                else:
                    naming.apply(lambda folder: folder.safe)
            self._names = still

    # what is there

    def now(self) -> dict[str, bytes | None]:
        """Return every path with its data (None means a folder) before the loss of power."""
        return dict(_tree(self._root, lambda folder: folder.entries, lambda file: bytes(file.data)))

    def after_loss(self, loss: str, draw: random.Random) -> dict[str, bytes | None]:
        """Return every path with its data (None means a folder) after the power is back."""
        entries = {id(folder): dict(folder.safe) for folder in self._folders()}
        for naming in self._kept(loss, draw):
            naming.apply(lambda folder: entries[id(folder)])
        return dict(
            _tree(
                self._root,
                lambda folder: entries[id(folder)],
                lambda file: _data_after(file, loss, draw),
            )
        )

    def _kept(self, loss: str, draw: random.Random) -> list[Naming]:
        if loss in (LOSSES[0], LOSSES[2]):
            return []
        if loss == LOSSES[1]:
            return self._names
        if loss == LOSSES[3]:
            return self._names[: draw.randint(0, len(self._names))]
        return [naming for naming in self._names if draw.random() < 0.5]

    def _folders(self) -> Iterator[Folder]:
        seen: dict[int, Folder] = {}
        waiting = [self._root]
        named = [node for naming in self._names for _, _, node in (*naming.gone, *naming.come)]
        waiting += [node for node in named if isinstance(node, Folder)]
        while waiting:
            folder = waiting.pop()
            if id(folder) not in seen:
                seen[id(folder)] = folder
                below = (*folder.entries.values(), *folder.safe.values())
                waiting += [node for node in below if isinstance(node, Folder)]
        return iter(seen.values())


def _tree(
    folder: Folder, entries: Entries, data: Callable[[File], bytes], path: str = ""
) -> Iterator[tuple[str, bytes | None]]:
    for name, node in sorted(entries(folder).items()):
        if isinstance(node, File):
            yield path + name, data(node)
        else:
            yield path + name, None
            yield from _tree(node, entries, data, f"{path}{name}/")


def _data_after(file: File, loss: str, draw: random.Random) -> bytes:
    if loss in (LOSSES[0], LOSSES[1]):
        return bytes(file.safe)
    if loss in (LOSSES[2], LOSSES[3]):
        return bytes(file.data)
    found = bytearray(file.safe)
    for piece in file.pending:
        if isinstance(piece, int):
            if draw.random() < 0.5:
                _apply(found, piece)
            continue
        start, data = piece
        for at in range(0, len(data), SECTOR):
            if draw.random() < 0.5:
                _apply(found, (start + at, data[at : at + SECTOR]))
    return bytes(found)


def _apply(data: bytearray, piece: tuple[int, bytes] | int) -> None:
    if isinstance(piece, int):
        del data[piece:]
        data.extend(bytes(piece - len(data)))
    else:
        start, new = piece
        data.extend(bytes(max(0, start - len(data))))
        data[start : start + len(new)] = new


def write_tree(tree: Mapping[str, bytes | None], folder: Path) -> None:
    """Write found files into a folder."""
    folder.mkdir(parents=True)
    for path, data in tree.items():
        if data is None:
            (folder / path).mkdir()
        else:
            (folder / path).write_bytes(data)


def read_tree(folder: Path) -> dict[str, bytes | None]:
    """Return every path in a folder with its data (None means a folder)."""
    return {
        str(path.relative_to(folder)): None if path.is_dir() else path.read_bytes()
        for path in sorted(folder.rglob("*"))
    }
