"""The page's types are those of the server's messages."""

from __future__ import annotations

import re
from importlib.resources import files

import msgspec

from autograder.desk import messages
from autograder.gradebook.handmarks import GradebookMark, RubricStep

TYPES = files("autograder.desk").joinpath("static", "types.js").read_text(encoding="utf-8")


def fields_in_page() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for part in TYPES.split("@typedef {object} ")[1:]:
        name = part.split()[0]
        found[name] = re.findall(r"@property \{.*\} \[?(\w+)\]?$", part, re.MULTILINE)
    return found


def fields_of_server() -> dict[str, list[str]]:
    structs: list[type[msgspec.Struct]] = [
        each
        for each in vars(messages).values()
        if isinstance(each, type) and issubclass(each, msgspec.Struct)
    ]
    structs = [each for each in structs if each.__module__ == messages.__name__]
    structs.append(RubricStep)
    found = {each.__name__: list(each.__struct_fields__) for each in structs}
    found["GradebookMark"] = list(GradebookMark.__dataclass_fields__)
    return found


def test_page_and_server_name_the_same_fields() -> None:
    assert fields_in_page() == fields_of_server()
