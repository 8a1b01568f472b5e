"""Secrets never show themselves (S-11)."""

from __future__ import annotations

import pickle

import pytest

from ainur_tui.model.secret import MASK, Redactor, Secret

CANARY = "canary-7f3a9b"


def test_a_secret_is_masked_in_every_form() -> None:
    secret = Secret(CANARY)
    for shown in (repr(secret), str(secret), f"{secret}", f"{secret!r:>40}", f"{[secret]}"):
        assert CANARY not in shown
    assert secret.reveal() == CANARY
    with pytest.raises(TypeError):
        pickle.dumps(secret)


@pytest.mark.parametrize(
    "text",
    [
        f"failed with {CANARY} in it",
        "postgresql://ops:hunter2hunter2@db/ainur refused",
        'headers {"Authorization": "Bearer abcdef123456"}',
        "password=hunter2hunter2 host=db",
        "R2 secret_access_key: 'AbCdEf123456'",
    ],
)
def test_the_filter_masks(text: str) -> None:
    shown = Redactor([Secret(CANARY)])(text)
    assert MASK in shown
    for value in (CANARY, "hunter2hunter2", "abcdef123456", "AbCdEf123456"):
        assert value not in shown


def test_the_filter_leaves_ordinary_text_alone() -> None:
    text = "GET /api/v1/agents 200 in 12 ms: tokens spent 12"
    assert Redactor([Secret("a")])(text) == text
