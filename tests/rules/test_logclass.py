"""The guide's four classes of errors."""

from __future__ import annotations

import pytest

from ainur_tui.rules.logs.classes import classify


@pytest.mark.parametrize(
    ("message", "fields", "wanted"),
    [
        ("database ping failed", {"error": "context deadline exceeded"}, "db-timeout"),
        ("failed to acquire connection from pool: timeout", {}, "db-timeout"),
        ("sorry, too many clients already", {}, "db-timeout"),
        ("canceling statement due to statement timeout", {}, "db-timeout"),
        ("dial tcp 10.0.0.3:5432: i/o timeout", {}, "db-timeout"),
        ("failed to upload WASM binary to R2", {"error": "AccessDenied"}, "storage-failure"),
        ("storage: PutObject ainur-agents-prod: 503 SlowDown", {}, "storage-failure"),
        ("upload failed", {"error": "S3: connection refused"}, "storage-failure"),
        ("wasm execution timed out after 30s", {"agent": "a1"}, "wasm-timeout"),
        ("agent execution failed", {"error": "wasm: deadline exceeded"}, "wasm-timeout"),
        ('password authentication failed for user "x"', {}, "auth-failure"),
        ("authentication failed: invalid token", {}, "auth-failure"),
        ("JWT token is expired", {}, "auth-failure"),
        ("GET /v1/agents 401 1ms", {"status": "401"}, "auth-failure"),
        ("cache miss", {}, None),
        ("connection reset by peer", {}, None),
        ("task failed", {"error": "no bids"}, None),
        ("", {}, None),
    ],
)
def test_a_message_is_of_the_guides_class_or_of_none(
    message: str, fields: dict[str, str], wanted: str | None
) -> None:
    assert classify(message, fields, "error") == wanted


def test_what_is_no_error_has_no_class() -> None:
    assert classify("database timeout is 5 s", {}, "info") is None
    assert classify("database timeout", {}, None) == "db-timeout"
    assert classify("database timeout") == "db-timeout"


def test_long_lines_are_looked_at_in_part() -> None:
    assert classify("time " * 100_000 + "database timeout", {}, "error") is None
