"""Who is told, who answers, and by when: alerts and incidents."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ainur_tui.config.common import SecretSource
from ainur_tui.config.zones import zone
from ainur_tui.model.alert import RuleChange, Severity
from ainur_tui.model.hours import Hours


class Notify(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who is called when an alert fires."""

    send_to: Annotated[SecretSource, Meta(description="an address apprise knows: mailto://, …")]
    severities: Annotated[list[Severity], Meta(description="those it is told of")] = msgspec.field(
        default_factory=lambda: ["P1", "P2"]
    )
    resolved: Annotated[bool, Meta(description="told when it is over, too")] = True
    hours: Annotated[
        str | None,
        Meta(
            description="when it is told: Mon-Fri 08:00-20:00, Sat 10:00-14:00; what fires "
            "outside them and still does is told when they begin; none: always"
        ),
    ] = None
    zone: Annotated[str, Meta(description="time zone of the hours: UTC, Europe/Berlin")] = "UTC"
    always: Annotated[
        list[Severity], Meta(description="those it is told of outside the hours, too")
    ] = msgspec.field(default_factory=lambda: ["P1"])

    @property
    def told_in(self) -> Hours | None:
        """The hours, if there are some. Raises ``ValueError`` for what `config check` refuses."""
        return None if self.hours is None else Hours.parse(self.hours, zone(self.zone))


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
