"""When backups are taken and proven: moments in UTC, for the engine and for cron or systemd."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ainur_tui.config.types import Schedule
from ainur_tui.model.failure import Refused
from ainur_tui.model.text import clean
from ainur_tui.systems.system import Routine

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MOMENT = re.compile(rf"(?:({'|'.join(DAYS)}) )?([01]\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True)
class Moment:
    """A time of day, UTC, on every day or on one of the week (0 is Monday)."""

    hour: int
    minute: int
    day: int | None = None

    def latest(self, now: float) -> float:
        """The newest such moment that is not after ``now`` (epoch seconds)."""
        at = datetime.fromtimestamp(now, UTC)
        found = at.replace(hour=self.hour, minute=self.minute, second=0, microsecond=0)
        if self.day is not None:
            found -= timedelta(days=(found.weekday() - self.day) % 7)
        if found > at:
            found -= timedelta(days=1 if self.day is None else 7)
        return found.timestamp()

    @property
    def cron(self) -> str:
        """The five fields of cron (0 is Sunday there)."""
        day = "*" if self.day is None else str((self.day + 1) % 7)
        return f"{self.minute} {self.hour} * * {day}"

    @property
    def calendar(self) -> str:
        """``OnCalendar`` of systemd."""
        day = "" if self.day is None else f"{DAYS[self.day].title()} "
        return f"{day}*-*-* {self.hour:02}:{self.minute:02}:00 UTC"


def moment(text: str) -> Moment:
    """``02:30`` or ``sun 04:30``. Raises ``Refused`` for anything else."""
    found = _MOMENT.fullmatch(text.strip().lower())
    if found is None:
        raise Refused(f"{clean(text, 30)!r} is no time: write 02:30 or sun 04:30, in UTC", 78)
    day = DAYS.index(found[1]) if found[1] else None
    return Moment(int(found[2]), int(found[3]), day)


def routines(schedule: Schedule) -> tuple[Routine, ...]:
    """What the engine does: a backup (and then, if it was verified, prunes), and a proof."""
    daily = [("backup", "db", dict[str, str]())]
    if schedule.prune:
        daily.append(("prune", "db", {}))
    found = [Routine("backup", moment(schedule.backup).latest, daily)]
    if schedule.verify:
        proof = [("verify", "db", {"id": "newest"})]
        found.append(Routine("verify", moment(schedule.verify).latest, proof))
    return tuple(found)


def cron(schedule: Schedule, command: Sequence[str]) -> str:
    """Lines for a crontab. The options a command needs are in ``command``."""
    lines = ["CRON_TZ=UTC"]
    for at, words in _commands(schedule):
        rest = " && ".join(shlex.join([*command, *one, "--yes"]) for one in words)
        lines.append(f"{at.cron} {rest}".replace("%", r"\%"))
    return "\n".join(lines)


def systemd(schedule: Schedule, command: Sequence[str]) -> str:
    """Unit files, each after a line with its name."""
    files = []
    for at, words in _commands(schedule):
        name = f"ainur-backup-{words[0][1]}"
        starts = "\n".join(
            "ExecStart=" + " ".join(_quoted(word) for word in [*command, *one, "--yes"])
            for one in words
        )
        files += [
            f"# /etc/systemd/system/{name}.service\n[Unit]\nDescription=Ainur: {words[0][1]} a"
            f" backup\nWants=network-online.target\nAfter=network-online.target\n\n[Service]\n"
            f"Type=oneshot\n{starts}\n",
            f"# /etc/systemd/system/{name}.timer\n[Unit]\nDescription=Ainur: when to"
            f" {words[0][1]} a backup\n\n[Timer]\nOnCalendar={at.calendar}\nPersistent=true\n\n"
            "[Install]\nWantedBy=timers.target\n",
        ]
    return "\n".join(files).rstrip()


def _commands(schedule: Schedule) -> list[tuple[Moment, list[list[str]]]]:
    daily = [["backup", "create"]]
    if schedule.prune:
        daily.append(["backup", "prune", "--confirm-name", "db"])
    found = [(moment(schedule.backup), daily)]
    if schedule.verify:
        found.append((moment(schedule.verify), [["backup", "verify", "newest"]]))
    return found


def _quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"' if re.search(r'[\s"\\;]', word) else escaped
