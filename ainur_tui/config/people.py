"""Who is told, who answers, and by when: alerts and incidents."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ainur_tui.config.common import SecretSource
from ainur_tui.model.alert import RuleChange, Severity


class Notify(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who is called when an alert fires."""

    send_to: Annotated[SecretSource, Meta(description="an address apprise knows: mailto://, …")]
    severities: Annotated[list[Severity], Meta(description="those it is told of")] = msgspec.field(
        default_factory=lambda: ["P1", "P2"]
    )
    resolved: Annotated[bool, Meta(description="told when it is over, too")] = True


class Alerts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Your own alert rules, changes of ours, and who is told."""

    rules: Annotated[
        list[str], Meta(description="files of rules: ours (.toml) or Prometheus' (.yml, .yaml)")
    ] = []
    disabled: Annotated[list[str], Meta(description="names of rules that are not judged")] = []
    change: Annotated[dict[str, RuleChange], Meta(description="by the rule's name")] = {}
    severity: Annotated[
        dict[str, Severity], Meta(description="what a severity label of others means here")
    ] = {}
    response: Annotated[
        dict[Severity, float], Meta(description="seconds until somebody answers, by severity")
    ] = {}
    update: Annotated[
        dict[Severity, float],
        Meta(description="seconds between two messages to users, by severity"),
    ] = {}
    notify: Annotated[dict[str, Notify], Meta(description="who is called, by a name")] = {}


class Incidents(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How incidents are handled; how fast by severity is a matter of ``alerts``."""

    postmortem: Annotated[
        list[Severity], Meta(description="severities that get a post-mortem within 24 hours")
    ] = msgspec.field(default_factory=lambda: ["P1", "P2"])
    bell: Annotated[
        bool, Meta(description="ring the terminal when a P1 or P2 fires without an incident")
    ] = False
    desktop: Annotated[
        Literal["off", "osc9", "osc777", "osc99"],
        Meta(description="notify the desktop when a P1 or P2 fires, the way your terminal knows"),
    ] = "off"


class OnCall(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is on call: one after the other, in turns of equal length."""

    people: Annotated[list[str], Meta(min_length=1, description="in the order of their turns")]
    start: Annotated[
        str,
        Meta(
            pattern=r"^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(Z|\+00:00)?)?$",
            description="when the first one's first turn began, UTC",
        ),
    ]
    days: Annotated[float, Meta(gt=0, description="how long a turn is")] = 7.0
