"""The node's flags against the operations guide: which differ, were removed, or are risky. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from ainur_tui.model.table import Column, Row, Tone

GUIDE: dict[str, str] = {
    "--base-path": "/var/lib/ainur", "--chain": "ainur-testnet-raw.json", "--validator": "set",
    "--port": "30333", "--rpc-port": "9933", "--ws-port": "9944", "--rpc-cors": "all",
    "--rpc-methods": "Safe", "--ws-max-connections": "1000", "--in-peers": "50",
    "--out-peers": "50", "--db-cache": "1024", "--wasm-execution": "Compiled",
    "--execution": "wasm", "--pruning": "1000", "--database": "RocksDb",
}  # fmt: skip
"""What the guide starts the node with."""
REMOVED: dict[str, str] = {
    "--ws-port": "removed in Substrate 0.9.43: --rpc-port serves WebSocket too",
    "--ws-max-connections": "removed in Substrate 0.9.43: now --rpc-max-connections",
    "--ws-external": "removed in Substrate 0.9.43: now --rpc-external",
    "--unsafe-ws-external": "removed in Substrate 0.9.43: now --unsafe-rpc-external",
}
LEGACY = {"--execution", "--wasm-execution"}
SET = "set"
_SAME = {"-d": "--base-path", "--state-pruning": "--pruning"}

COLUMNS = [
    Column(name="flag", title="Flag", limit=24),
    Column(name="value", title="Here", limit=30),
    Column(name="guide", title="Guide", rank=1, limit=24),
    Column(name="note", title="What of it", limit=70),
]


def parsed(flags: Sequence[str]) -> dict[str, str]:
    """Flags by name, as :func:`~ainur_tui.systems.node.flags.flags_of` lists them; a name the
    guide has another word for goes by the guide's. The last of several wins."""
    found: dict[str, str] = {}
    for flag in flags:
        if flag.startswith("-"):
            name, equals, value = flag.partition("=" if "=" in flag.partition(" ")[0] else " ")
            found[_SAME.get(name, name)] = value if equals else SET
    return found


def rows(flags: Sequence[str]) -> list[Row]:
    """The guide's flags in its order, then others of the unit that deserve a word."""
    here = parsed(flags)
    told = [_row(name, here, value) for name, value in GUIDE.items()]
    others = [name for name in here if name not in GUIDE]
    return told + [row for name in others if (row := _row(name, here, "")).tone != "none"]


def _row(name: str, here: dict[str, str], guide: str) -> Row:
    value = here.get(name)
    tone, note = _judged(name, value, guide, here)
    return Row(key=name, cells=[name, value or "not set", guide or "not there", note], tone=tone)


def _judged(name: str, value: str | None, guide: str, here: dict[str, str]) -> tuple[Tone, str]:
    validator = "--validator" in here
    if name in REMOVED:
        return ("quiet", f"rightly: {REMOVED[name]}") if value is None else ("fail", REMOVED[name])
    if value is None:
        return "quiet", "legacy: no effect on newer nodes" if name in LEGACY else ""
    match name:
        case "--rpc-cors" if value == "all" and validator:
            return "warn", "any web page may talk to a validator's RPC; name the origins"
        case "--rpc-methods" if value.lower() == "unsafe":
            return "fail", "whoever reaches the RPC may change the node"
        case "--unsafe-rpc-external":
            return "fail", "the RPC answers the whole network, unsafe methods too if so set"
        case "--rpc-external" if validator:
            return "warn", "a validator's RPC answers the whole network"
        case "--dev" | "--alice" | "--bob" | "--charlie" | "--dave" | "--eve" | "--ferdie":
            return "fail", "development keys are public: anyone can sign for this node"
        case "--pruning" if value.isdigit():
            return "quiet", f"keeps the state of {value} blocks: that is no archive node"
        case "--rpc-port" if value == "9933":
            return "quiet", "newer nodes' default is 9944; both are tried"
        case _ if name in LEGACY:
            return "warn", "legacy: no effect on newer nodes"
    return ("none", "") if value.lower() == guide.lower() or not guide else ("none", "differs")
