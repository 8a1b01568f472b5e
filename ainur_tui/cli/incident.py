"""``ainur-tui incident …``: declare incidents, tell what happens, write what others are to read."""

from __future__ import annotations

import argparse
import asyncio
import sys
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ainur_tui.cli import errors
from ainur_tui.cli.invocation import Invocation, operator
from ainur_tui.cli.output import columns
from ainur_tui.cli.parser import Naming, add_json
from ainur_tui.model import incident as words
from ainur_tui.model.incident import ROLES, SECTIONS, STATUSES, Change, Incident
from ainur_tui.model.incidentcalls import (
    ChangeIncident,
    IncidentFile,
    IncidentQuery,
    IncidentsQuery,
    KeepEvidence,
    OpenIncident,
    SendUpdate,
)

SEVERITIES = ("P1", "P2", "P3", "P4")
WHICH = "which one; may also stand first (default: the newest open one, else the newest)"


def options(parser: argparse.ArgumentParser) -> None:
    """The words of this command."""
    verbs = parser.add_subparsers(dest="verb", required=True, parser_class=Naming, metavar="VERB")

    def verb(name: str, about: str, *, one: bool = True) -> argparse.ArgumentParser:
        made = verbs.add_parser(name, help=about, description=about)
        if one:
            made.add_argument("--id", default="", help=WHICH)
        add_json(made)
        return made

    opened = verb("open", "declare one", one=False)
    opened.add_argument("title", nargs="?", default="", help="what is wrong (default: the alert)")
    opened.add_argument("--target", default="", help="which service: api, db, node …")
    opened.add_argument("--severity", choices=SEVERITIES, help="default: the alert's, else P3")
    opened.add_argument("--alert", metavar="RULE", help="the alert that leads to it")
    opened.add_argument("--services", default="", help="who suffers, with commas")
    verb("list", "all of them, the open ones first", one=False)
    verb("show", "one with its timeline")
    verb("note", "write something down").add_argument("text")
    changed = verb("status", "what is known by now")
    changed.add_argument("status", choices=STATUSES)
    changed.add_argument("text", nargs="?", default="", help="the cause, or what was done")
    graded = verb("severity", "grade it anew")
    graded.add_argument("severity", choices=SEVERITIES)
    graded.add_argument("text", nargs="?", default="", help="why")
    given = verb("role", "ask somebody to take a role")
    given.add_argument("role", choices=list(ROLES))
    given.add_argument("who", nargs="?", default="", help="default: you")
    given.add_argument("--domain", default="", help="an expert's: database, blockchain …")
    verb("accept", "take the role you were asked to").add_argument("role", choices=list(ROLES))
    told = verb("update", "the next message to others: print it, or say that it was sent")
    told.add_argument("--file", metavar="FILE", help="the text as you changed it; - is stdin")
    told.add_argument("--sent", metavar="HOW", help="record that it was sent, and how")
    told.add_argument("--send", action="store_true", help="send it by every notifier")
    item = verb("item", "something to do afterwards")
    item.add_argument("text", nargs="?", default="")
    item.add_argument("--owner", default="")
    item.add_argument("--due", metavar="DAY", help="2026-12-01")
    item.add_argument("--done", metavar="ITEM", help="this one is done")
    edited = verb("edit", "write a section of the post-mortem")
    edited.add_argument("section", choices=list(SECTIONS))
    edited.add_argument("text")
    kept = verb("keep", "keep a file as evidence")
    kept.add_argument("file", type=Path)
    kept.add_argument("--about", required=True, help="what it shows")
    verb("close", "end it; it has to be resolved").add_argument("text", nargs="?", default="")
    written = verb("postmortem", "the document, as Markdown")
    written.add_argument("--output", type=Path, metavar="FILE", help="a new file for it")
    written.add_argument("--published", action="store_true", help="record that it is out")
    verb("capsule", "all evidence in one archive, with hashes")


def run(call: Invocation, args: argparse.Namespace) -> int:
    """Do it; exit code 0 when it is on the record."""
    match args.verb:
        case "list":
            return _list(call, as_json=args.json)
        case "show":
            return _show(call, args.id, as_json=args.json)
        case "update" if not (args.sent or args.send):
            return _draft(call, args, "message")
        case "postmortem" if not args.published:
            return _draft(call, args, "postmortem")
        case "capsule":
            found = asyncio.run(_process(call, "incident.capsule", IncidentQuery(id=args.id)))
            if args.json:
                import msgspec

                call.output.json({"version": 1, "capsule": msgspec.to_builtins(found)})
            else:
                call.output.line(f"{found.path}  {found.size:,} bytes  sha256 {found.sha256}")
            return errors.OK
    method, params = _change(args)
    found = asyncio.run(_process(call, method, params))
    from ainur_tui.cli import shape_incident

    if args.json:
        call.output.json({"version": 1, "incident": shape_incident.incident(found)})
    else:
        call.output.line(f"{found.id}  {found.severity}  {found.status.upper()}  {found.title}")
    return errors.OK


def _change(args: argparse.Namespace) -> tuple[str, Any]:
    """The call that a verb stands for."""
    key = uuid.uuid4().hex
    match args.verb:
        case "open":
            services = [part.strip() for part in args.services.split(",") if part.strip()]
            return "incident.open", OpenIncident(
                key=key, target=args.target, title=args.title, severity=args.severity,
                alert=args.alert, services=services,
            )  # fmt: skip
        case "keep":
            text = _read(str(args.file))
            return "incident.keep", KeepEvidence(
                id=args.id, data=text, about=args.about, name="file.txt"
            )
        case "update" if args.send:
            return "incident.send", SendUpdate(id=args.id, text=_read(args.file or "-"))
    return "incident.change", ChangeIncident(id=args.id, key=key, what=_CHANGES[args.verb](args))


_CHANGES: dict[str, Callable[[argparse.Namespace], Change]] = {
    "note": lambda args: words.Noted(text=args.text),
    "status": lambda args: words.StatusSet(status=args.status, text=args.text),
    "severity": lambda args: words.SeveritySet(severity=args.severity, reason=args.text),
    "role": lambda args: words.RoleGiven(
        role=args.role, who=args.who or operator(), domain=args.domain
    ),
    "accept": lambda args: words.RoleAccepted(role=args.role, who=operator()),
    "update": lambda args: words.UpdateSent(text=_read(args.file or "-"), via=[args.sent]),
    "item": lambda args: _item(args),  # noqa: PLW0108 - it stands further down
    "edit": lambda args: words.Edited(section=args.section, text=args.text),
    "close": lambda args: words.Closed(text=args.text),
    "postmortem": lambda _: words.Published(),
}


def _item(args: argparse.Namespace) -> Change:
    if bool(args.text) == bool(args.done):
        raise errors.usage("incident item wants its words, or --done with the id of one")
    if args.done:
        return words.ItemDone(id=args.done)
    due = None
    if args.due:
        try:
            due = datetime.strptime(args.due, "%Y-%m-%d").replace(tzinfo=UTC).timestamp()
        except ValueError:
            raise errors.usage(f"--due {args.due!r} is no day like 2026-12-01") from None
    return words.ItemAdded(id=uuid.uuid4().hex[:4], text=args.text, owner=args.owner, due=due)


def _read(name: str) -> str:
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise errors.Stop(f"{name} cannot be read: {error}", errors.BAD_DATA) from None
    return text


async def _process(call: Invocation, method: str, params: Any) -> Any:
    """By the engine process: only it keeps the record."""
    from ainur_tui.cli import common

    if call.access == "read":
        raise errors.Stop("this session is read-only; it changes nothing", errors.PERMISSION)
    async with await common.process(call) as engine:
        return await engine.call(method, params)


def _list(call: Invocation, *, as_json: bool) -> int:
    from ainur_tui.cli import common, shape_incident
    from ainur_tui.model.units import clock

    found: list[Incident] = asyncio.run(common.ask(call, "incidents", IncidentsQuery()))
    if as_json:
        call.output.json(shape_incident.listed(found))
        return errors.OK
    for line in columns([
        [one.id, one.severity, "closed" if one.closed_at else one.status.upper(),
         clock(one.opened_at, date=True)[:16], ", ".join(one.services), one.title]
        for one in found
    ]):  # fmt: skip
        call.output.line(line)
    if not found:
        call.output.tell("no incident yet; declare one with: ainur-tui incident open")
    return errors.OK


def _show(call: Invocation, id: str, *, as_json: bool) -> int:
    from ainur_tui.cli import common, shape_incident
    from ainur_tui.model.incidentwords import CLOCKS, kind, left
    from ainur_tui.model.incidentwords import words as said
    from ainur_tui.model.units import moment

    file: IncidentFile = asyncio.run(common.ask(call, "incident.show", IncidentQuery(id=id)))
    if as_json:
        call.output.json(shape_incident.whole(file))
        return errors.OK
    one, now = file.incident, datetime.now(UTC).timestamp()
    tell = call.output.line
    tell(f"{one.id}  {one.severity}  {one.status.upper()}  {one.title}")
    tell(
        f"services: {', '.join(one.services) or 'not told'}   on call: {file.on_call or 'not told'}"
    )
    tell("   ".join(f"{CLOCKS[clock.name]}: {left(clock, now)}" for clock in one.clocks))
    for held in one.roles:
        waits = "" if held.accepted_at is not None else " (asked, not accepted)"
        tell(f"{ROLES[held.role]}: {held.who}{waits}{f', {held.domain}' if held.domain else ''}")
    for item in one.items:
        tell(f"[{'x' if item.done_at else ' '}] {item.id}  {item.text}  {item.owner}")
    tell()
    for line in columns([[moment(e.at, now), kind(e), said(e), e.operator] for e in file.entries]):
        tell(line)
    return errors.OK


def _draft(call: Invocation, args: argparse.Namespace, part: str) -> int:
    from ainur_tui.cli import common
    from ainur_tui.cli.journal import write_new

    drafts = asyncio.run(common.ask(call, "incident.draft", IncidentQuery(id=args.id)))
    text: str = getattr(drafts, part)
    if args.json:
        call.output.json({"version": 1, part: text})
    elif getattr(args, "output", None) is not None:
        write_new(args.output, text.encode())
        call.output.tell(f"{args.output}: {len(text):,} characters; only you can read it")
    else:
        call.output.line(text.rstrip("\n"))
    return errors.OK
