"""A request is answered, whatever becomes of counting it."""

import errno

import pytest

from service.request_record import RequestRecorder


@pytest.mark.parametrize("shortage", [OSError(errno.ENOMEM, "Cannot allocate memory"), MemoryError()])
def test_what_cannot_be_counted_is_answered_and_refused_all_the_same(
    monkeypatch: pytest.MonkeyPatch, shortage: Exception
) -> None:
    seen: list[tuple[str, ...]] = []

    def fail(*labels: str) -> None:
        seen.append(labels)
        raise shortage

    monkeypatch.setattr("service.request_record.requests_of", fail)
    recorder = RequestRecorder(None)
    headers = recorder.end(recorder.begin("mine-1"), "api.post_predict", "POST", "/predict", "200")
    assert ("X-Request-ID", "mine-1") in headers
    recorder.count_refusal(503)
    assert seen == [("api.post_predict", "", "", "200"), ("none", "", "", "503")]
