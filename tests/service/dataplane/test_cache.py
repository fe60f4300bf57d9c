"""The cache keeps what was asked for last, within its bytes."""

from service.dataplane.cache import ResponseCache


def test_what_was_not_asked_for_longest_makes_room() -> None:
    cache = ResponseCache(800)
    for tag in "abcdefghij":
        cache.put(tag, [b"x" * 60, b"y" * 40])
        assert cache.get("a") is not None  # asked for again and again, so it stays
    assert [tag for tag in "abcdefghij" if cache.get(tag) is not None] == [*"adefghij"]


def test_a_body_is_kept_in_one_piece() -> None:
    cache = ResponseCache(800)
    cache.put("a", [b"x" * 60, b"y" * 40])
    assert cache.get("a") == [b"x" * 60 + b"y" * 40]


def test_a_body_larger_than_an_eighth_is_not_kept_and_drives_nothing_out() -> None:
    cache = ResponseCache(800)
    cache.put("small", [b"x"])
    cache.put("large", [b"x" * 101])
    assert (cache.get("small"), cache.get("large")) == ([b"x"], None)


def test_without_room_nothing_is_kept() -> None:
    cache = ResponseCache(0)
    cache.put("a", [b"x"])
    assert cache.get("a") is None
