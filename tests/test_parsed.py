"""What stays parsed: files are parsed again only where there is no room for what is used."""

from __future__ import annotations

from bnlint.engine.parsed import Parsed
from bnlint.semantics.syntax.module import Module, parse


class Files:
    """Made-up files of 100 characters each, kept as far as ``room`` allows."""

    def __init__(self, room: int) -> None:
        self.parsed = Parsed(room)
        self.log: list[str] = []

    def get(self, file: str, text: str = "x = 1") -> Module:
        whole = text.ljust(100, "#")

        def made(before: Module | None) -> Module:
            self.log.append(file)
            return parse(file, whole)

        return self.parsed.get(file, file, whole, made)


def test_what_is_kept_is_not_parsed_again() -> None:
    files = Files(room=300)
    assert files.get("a") is files.get("a")
    assert files.log == ["a"]


def test_what_changed_is_parsed_again() -> None:
    files = Files(room=300)
    before = files.get("a")
    assert files.get("a", "x = 2") is not before
    assert files.log == ["a", "a"]


def test_what_was_used_longest_ago_goes() -> None:
    files = Files(room=300)
    for file in ("a", "b", "c", "a", "d", "a", "c", "b"):
        files.get(file)
    assert files.log == ["a", "b", "c", "d", "b"]


def test_a_file_larger_than_the_room_is_kept_until_the_next() -> None:
    files = Files(room=50)
    assert files.get("a") is files.get("a")
    files.get("b")
    files.get("a")
    assert files.log == ["a", "b", "a"]


def test_what_all_others_need_is_parsed_a_few_times_only() -> None:
    files = Files(room=300)
    for n in range(60):
        for file in (f"layer{n}", f"block{n}", f"model{n}", "base"):
            files.get(file)
    assert files.log.count("base") < 10


def test_what_changes_often_takes_the_room_of_one() -> None:
    files = Files(room=200)
    for n in range(5):
        files.get("a", f"x = {n}")
    for file in ("b", "a", "b"):
        files.get(file, "x = 4")
    assert files.log == ["a"] * 5 + ["b"]


def test_what_is_asked_for_does_not_go_for_what_is_passed_over() -> None:
    files = Files(room=50)
    for file in ("a", "b", "a", "c", "c"):
        files.get(file)
    assert files.log == ["a", "b", "a", "c"]


def test_a_file_of_another_path_is_parsed_again() -> None:
    parsed = Parsed()
    for path in ("a.py", "../a.py"):
        module = parsed.get("a", path, "x = 1", lambda _, path=path: parse(path, "x = 1"))
        assert module.path == path


def test_what_is_used_up_is_what_changed_since() -> None:
    """And nothing that somebody may still go by, as while a file is fixed in rounds."""
    given: list[str | None] = []

    def parsed_anew(text: str) -> Module:
        def made(before: Module | None) -> Module:
            given.append(before.text if before is not None else None)
            return parse("a", text)

        return parsed.get("a", "a", text, made)

    parsed = Parsed()
    parsed_anew("x = 1")
    parsed_anew("x = 2")
    parsed.revise("a")
    parsed_anew("x = 3")
    parsed_anew("x = 4")
    parsed.revise("a")
    parsed_anew("x = 4")
    parsed_anew("x = 5")
    assert given == [None, None, "x = 2", None, None]
