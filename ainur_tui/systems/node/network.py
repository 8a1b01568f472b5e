"""Whether the chain is well, by one rule in words; each ill by its name. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ainur_tui.model.table import Column, Row, Tone
from ainur_tui.model.units import duration, many
from ainur_tui.systems.node.branch import Crowd

STALLED = 3.0
"""Block times without a new block."""
BEHIND = 5
FINALITY = 10
SKEW = 2.0

COLUMNS = [
    Column(name="asked", title="Asked", limit=20),
    Column(name="seen", title="Seen", limit=64),
    Column(name="rule", title="Well when", rank=1, limit=40),
]


@dataclass(frozen=True)
class Other:
    """What a reference endpoint says: ``None`` where it does not tell; ``problem``: why."""

    name: str
    genesis: bool | None = None
    same: bool | None = None
    height: int | None = None
    """The height compared, final on both sides."""
    ahead: int | None = None
    runtimes: tuple[int | None, int | None] = (None, None)
    """Version of our runtime and of theirs, at the best block."""
    problem: str | None = None


@dataclass(frozen=True)
class Seen:
    """All that is known of the chain at one moment; ``None``: not known. Times in seconds."""

    block_time: float
    block_age: float | None = None
    stalled: bool = False
    peers: int | None = None
    needs_peers: bool = True
    crowd: Crowd | None = None
    behind: int | None = None
    unfinalized: int | None = None
    skew: float | None = None
    chain_ahead: float | None = None
    """How far the best block's own time is ahead of our clock."""
    genesis: bool | None = None
    """Whether it is the configured one."""
    others: Sequence[Other] = field(default_factory=tuple)


@dataclass(frozen=True)
class Check:
    """One part of the rule: what was asked, seen, and when that is well. ``ill`` names trouble."""

    asked: str
    well: bool | None
    seen: str
    rule: str
    ill: str

    @property
    def words(self) -> str:
        """The ill by its name, with what was seen."""
        return f"{self.ill}: {self.seen}"


def checks(seen: Seen) -> list[Check]:
    """The whole rule, worst ills first."""
    return [
        _genesis(seen), _peers(seen), _chain(seen), _clock(seen), _import(seen), _target(seen),
        _finality(seen),
    ]  # fmt: skip


def verdict(found: Sequence[Check]) -> bool | None:
    """Well where nothing known is ill and block import is known; ``None`` where it is not."""
    if any(check.well is False for check in found):
        return False
    known = {check.asked for check in found if check.well}
    return True if "Block import" in known else None


def rule(found: Sequence[Check]) -> str:
    """The rule in one sentence."""
    return "well when " + ", ".join(check.rule for check in found)


def rows(found: Sequence[Check], others: Sequence[Other]) -> list[Row]:
    """The rule as a table, and a row for each reference."""
    told = [
        Row(
            key=check.asked,
            cells=[check.asked, check.words if check.well is False else check.seen, check.rule],
            tone="quiet" if check.well is None else "ok" if check.well else "fail",
        )
        for check in found
    ]
    return told + [_reference(other) for other in others]


def _reference(other: Other) -> Row:
    wrong = other.genesis is False or other.same is False
    if other.problem:
        words = other.problem
    elif other.genesis is False:
        words = "another genesis"
    elif other.same is None:
        words = "no block to compare yet"
    else:
        words = f"{'the same' if other.same else 'another'} block at #{other.height:,}"
    ours, theirs = other.runtimes
    if None not in other.runtimes and ours != theirs:
        words += f", runtime {theirs} where ours is {ours}"
    tone: Tone = "quiet" if other.problem else "fail" if wrong else "ok"
    return Row(key=other.name, cells=["Reference", f"{other.name}: {words}", ""], tone=tone)


def _most(wrong: int, all: int) -> bool:
    """More than half: one reference that is itself astray does not condemn the node."""
    return all > 0 and 2 * wrong > all


def _genesis(seen: Seen) -> Check:
    told = [other for other in seen.others if other.genesis is not None]
    differ = [other for other in told if other.genesis is False]
    words, well = "not known: neither node.genesis nor node.references is set", None
    if seen.genesis is not None:
        well = seen.genesis
        words = "as configured" if well else "not the configured one"
    elif seen.others and not told:
        words = "no reference answers"
    if told and well is not False:
        well = not _most(len(differ), len(told))
        words = f"{len(told) - len(differ)} of {len(told)} references have the same"
    return Check("Genesis", well, words, "genesis right", "wrong genesis")


def _peers(seen: Seen) -> Check:
    words, well = "not known", None
    if seen.peers is not None:
        well = seen.peers > 0 or not seen.needs_peers
        words = f"{seen.peers} peers" if seen.peers != 1 else "1 peer"
        if not seen.peers and not seen.needs_peers:
            words = "none, and the node says it needs none"
    return Check("Peers", well, words, "at least 1 peer", "no peers")


def _chain(seen: Seen) -> Check:
    told = [o for o in seen.others if o.same is not None]
    astray = [o for o in told if o.same is False]
    crowd, parts, well = seen.crowd, [], None
    if crowd is not None and crowd.ours + crowd.other:
        well = not crowd.eclipsed
        parts.append(f"{crowd.ours} of {crowd.all} peers known on our chain")
        if crowd.other:
            parts.append(f"{crowd.other} on another")
    elif crowd is not None and crowd.all:
        parts.append("where its peers stand is not known yet")
    if told:
        if _most(len(astray), len(told)):
            well = False
            parts.append(f"another block than {astray[0].name} at #{astray[0].height:,}")
        else:
            well = True if well is None else well
            parts.append(f"same block as {len(told) - len(astray)} of {len(told)} references")
    words = ", ".join(parts) or "peers are hidden and node.references is not set"
    return Check("On our chain", well, words, "peers on our chain", "eclipse")


def _clock(seen: Seen) -> Check:
    ahead, well, words = seen.skew, None, "not told"
    if ahead is not None:
        well = abs(ahead) <= SKEW
        side = "ahead of" if ahead > 0 else "behind"
        words = f"{duration(abs(ahead))} {side} ours at least" if ahead else "as ours"
    future = seen.chain_ahead
    if well is not False and future is not None and future > SKEW:
        well, words = False, f"the newest block is {duration(future)} ahead of our clock"
    return Check("Clock", well, words, f"clock within {SKEW:.0f} s", "clock skew")


def _import(seen: Seen) -> Check:
    limit = STALLED * seen.block_time
    well, words = None, "not known"
    if seen.block_age is not None:
        well = not seen.stalled and seen.block_age <= limit
        words = f"last block {duration(seen.block_age)} ago"
    rule = f"import within {duration(limit)}"
    return Check("Block import", well, words, rule, "stalled import")


def _target(seen: Seen) -> Check:
    ahead = [other.ahead for other in seen.others if other.ahead is not None]
    known = [*([] if seen.behind is None else [seen.behind]), *ahead]
    if not known:
        return Check("Sync", None, "it knows no target", f"at most {BEHIND} behind", "behind")
    most = max(0, *known)
    words = f"{many(most, 'block')} behind"
    return Check("Sync", most <= BEHIND, words, f"at most {BEHIND} behind", "behind")


def _finality(seen: Seen) -> Check:
    lag, well, words = seen.unfinalized, None, "a chain without finality, or not told"
    if lag is not None:
        well, words = lag <= FINALITY, f"{lag:,} blocks not final"
    return Check("Finality", well, words, f"finality lag at most {FINALITY}", "lagging finality")
