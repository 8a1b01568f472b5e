"""What to do next about a trouble: the name of an action with its target, or a sentence."""

from __future__ import annotations

from ainur_tui.model.failure import FailureKind

ACCESS: dict[FailureKind, str] = {
    "auth": "renew the credentials in the configuration; `config check` names the key",
    "forbidden": "grant the credentials the permission named",
    "rate limited": "wait: polling resumes by itself; lengthen `interval` if it comes back",
    "dns": "check the name in the configuration and this machine's resolver",
    "internal": "look into the engine's log and restart the engine",
    "missing": "check the name in the configuration; `doctor` shows what is there",
    "tls": "look at the certificate; it may have expired or name another host",
    "bad answer": "look at what answers there: a proxy's page is not the service",
    "too large": "look at what answers there: it sends more than a status",
}
"""By the kind of failure, where it tells more than the signal does."""

SIGNALS: dict[str, str] = {
    "api.up": "restart api",
    "api.machines.healthy": "restart {part}",
    "api.machines.failing": "restart {part}",
    "machine.up": "restart {target}",
    "api.latency.p95": "look at slow statements and locks in Database; then scale api",
    "api.errors.ratio": "read the errors in Logs, then restart api or roll it back",
    "api.debug.exposed": "close /debug to the world: serve it on an inner port alone",
    "api.maintenance": "maintenance mode=off when the work is done (key m)",
    "api.queue": "scale api, if the connection budget allows it",
    "api.certificate.days": "have the platform check its host names again (table certificates)",
    "api.logs.rate": "find the class that repeats in Logs and its cause",
    "api.logs.storage": "read the failures in Logs; check the key's permission and the bucket",
    "api.logs.auth": "see in Logs who fails, and whether a key was changed or is being tried",
    "api.logs.hostile": "look at the lines in Logs; they are shown harmless here, not in a shell",
    "db.up": "restart db",
    "db.latency": "look at locks and running statements in Database",
    "db.connections.ratio": "see who holds the connections in Database; cancel idle sessions",
    "db.idle_in_transaction": "cancel the oldest idle session in Database",
    "db.idle_in_transaction.oldest": "cancel the oldest idle session in Database",
    "db.locks.waiting": "cancel the root blocker shown in the lock tree",
    "db.locks.oldest": "cancel the root blocker shown in the lock tree",
    "db.slots.retained": "start what reads the slot, or drop-slot db; Database shows which",
    "db.rows.lost": "stop what deletes them; then recover db (key R in Backups)",
    "db.elsewhere": "let postgres.dsn name the database the API uses, then restart the engine",
    "db.transaction.oldest": "look at the oldest transaction in Database",
    "node.up": "restart node",
    "node.network": "see the rule that is broken in Node, table network",
    "node.chain": "stop believing it: check its chain spec and its bootnodes",
    "node.unit": "restart node",
    "node.lag": "wait if it is importing; else check peers, then restart node",
    "node.block.age": "restart node",
    "node.finality.lag": "check peers and validators; finality follows them",
    "node.peers": "check the node's p2p port and network, then restart node",
    "storage.up": "check the store's endpoint and status page",
    "storage.sync.exposed": "sync storage",
    "storage.write": "check the key's permission and the bucket's quota",
    "frontend.up": "check the frontend's last deployment",
    "frontend.certificate.days": "renew the certificate",
    "host.disk": "free space on the disk named; backups and logs grow first",
    "host.memory": "see which process grew on this machine",
}
"""By signal. ``{part}`` is the first part in trouble, ``{target}`` the target itself."""


def hint(
    target: str,
    *,
    signal: str | None = None,
    failure: FailureKind | None = None,
    part: str | None = None,
) -> str | None:
    """The next thing to do about a trouble of ``target``, or ``None`` when nothing is known."""
    if failure in ACCESS:
        return ACCESS[failure]
    if failure == "exhausted":
        return SIGNALS["db.connections.ratio"]
    if signal is None:
        return None
    sentence = SIGNALS.get(signal) or SIGNALS.get(f"api.{signal.partition('.')[2]}")
    return sentence.format(target=target, part=part or target) if sentence else None
