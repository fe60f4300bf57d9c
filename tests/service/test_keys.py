"""A file of keys lets in whoever it names, follows its changes, and is refused by its line where it is wrong."""

import os
import time
from pathlib import Path

import pytest

from service import keys
from service.keys import SETTLE_SECONDS, Keys, KeysError

ALICE, ALICE_LINE = keys.make("alice")
BOB, BOB_LINE = keys.make("bob")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "keys"


def replace(file: Path, content: str) -> None:
    file.with_suffix(".new").write_text(content)
    file.with_suffix(".new").replace(file)


def owners(known: Keys) -> list[str | None]:
    return [known.owner(key) for key in (ALICE, BOB, ALICE_LINE, "")]


def test_a_key_has_the_owner_that_the_file_names(file: Path) -> None:
    file.write_text(f"# who may ask\n\n  {ALICE_LINE}\n{BOB_LINE}\n")
    assert owners(Keys(file)) == ["alice", "bob", None, None]


def test_keys_are_added_and_withdrawn_when_the_file_changes(file: Path) -> None:
    file.write_text(ALICE_LINE)
    known = Keys(file)
    replace(file, BOB_LINE)
    assert owners(known) == [None, "bob", None, None]


@pytest.mark.parametrize("content", ["nonsense", None], ids=["wrong", "missing"])
def test_the_keys_last_read_hold_while_the_file_is(file: Path, content: str | None) -> None:
    file.write_text(ALICE_LINE)
    known = Keys(file)
    file.unlink()
    if content is not None:
        file.write_text(content)
    assert owners(known) == ["alice", None, None, None]
    replace(file, BOB_LINE)
    assert owners(known) == [None, "bob", None, None]


def test_a_file_that_never_was_right_lets_nobody_in(file: Path) -> None:
    file.write_text(f"{ALICE_LINE}\nnonsense")
    assert owners(Keys(file)) == [None] * 4


@pytest.mark.parametrize("content", ["alice", "alice:secret", "al ice:" + "0" * 64, "alice:" + "G" * 64])
def test_a_line_that_is_no_key_is_named(file: Path, content: str) -> None:
    file.write_text(f"{ALICE_LINE}\n{content}\n")
    with pytest.raises(KeysError, match="line 2"):
        keys.read(file)


def test_a_key_is_only_its_own() -> None:
    made = {keys.make("x") for _ in range(100)}
    assert len(made) == 100
    assert all(key not in line for key, line in made)


def test_a_file_that_is_written_in_place_is_read_once_it_is_left_alone(file: Path) -> None:
    file.write_text(f"{ALICE_LINE}\n{BOB_LINE}\n")
    known = Keys(file)
    for content in ("", f"{BOB_LINE}\n", f"{BOB_LINE}\nali"):  # emptied, then cut off at a line and within one
        file.write_text(content)
        assert owners(known) == ["alice", "bob", None, None]
    file.write_text(BOB_LINE)
    os.utime(file, ns=(0, time.time_ns() - int(2e9 * SETTLE_SECONDS)))
    assert owners(known) == [None, "bob", None, None]


def test_an_emptied_file_leaves_the_keys_before_it(file: Path) -> None:
    file.write_text(ALICE_LINE)
    known = Keys(file)
    replace(file, "")
    assert owners(known) == ["alice", None, None, None]


def test_a_file_from_the_future_is_read_all_the_same(file: Path) -> None:
    file.write_text(ALICE_LINE)
    known = Keys(file)
    file.write_text(BOB_LINE)
    os.utime(file, ns=(0, time.time_ns() + 3600 * 10**9))
    assert owners(known) == [None, "bob", None, None]
