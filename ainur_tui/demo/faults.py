"""The catalogue of faults: what can be broken in a miniature, one line each."""

from __future__ import annotations

FAULTS: dict[str, str] = {
    "api-machine-down": "one API machine is killed and kept from starting",
    "api-all-down": "every API machine is killed and kept from starting",
    "api-slow": "API requests take 0.6 to 1.2 s; health checks stay quick",
    "api-hung": "every API machine hangs, health checks included, until it is restarted",
    "api-overload": "API requests are slow while fewer than three machines share them",
    "api-5xx": "about three in ten API requests end in a 500",
    "api-bad-release": "a release is deployed that answers with 500s; the one before does not",
    "api-health-malformed": "/health answers 200 with half a JSON document",
    "api-silent": "API machines accept connections and never answer",
    "db-down": "PostgreSQL is stopped the hard way and stays down",
    "db-connections-exhausted": "every ordinary database connection is taken and held",
    "db-connections-leaked": "every connection is taken and held until the database restarts",
    "db-idle-in-transaction": "twelve sessions sit idle in a transaction",
    "db-pool-held": "seventy sessions sit idle in a transaction until they are ended",
    "db-lock-chain": "a forgotten transaction holds a row; a chain of sessions waits for it",
    "db-statement-slow": "a long statement holds the rows payments want, until it is ended",
    "corrupt-table": "a bad migration: prices of agents are gone, so are most reputation scores",
    "node-stalled": "the node answers, but its chain stands still",
    "node-hung": "the node's chain stands still until the node is restarted",
    "node-lagging": "the node is far behind its peers and imports slowly",
    "node-no-peers": "the node has lost all its peers",
    "node-eclipse": "all the node's peers stand on another chain; finality goes no further",
    "node-clock-skew": "the clock of the node's machine runs 45 s ahead",
    "node-wrong-genesis": "the node answers with the genesis of another chain",
    "node-new-rpc": "of the node's RPC only the newer family is left: the API, older, loses it",
    "node-finality-lag": "blocks come, but none is finalized any more",
    "storage-refuses-writes": "the object store answers reads and refuses writes",
    "frontend-certificate-ending": "the frontend's certificate ends in 4 days and is not renewed",
    "frontend-certificate-expired": "the frontend's certificate ended 2 days ago: browsers refuse",
    "frontend-certificate-host": "the frontend serves the certificate of another host name",
    "frontend-certificate-chain": "the frontend leaves out the certificate between it and its root",
    "logs-hostile": "API log lines carry terminal escapes, bidi overrides and broken UTF-8",
    "logs-flood": "the API writes more than 10,000 log lines a second",
    "fly-lease-held": "another deployment holds the lease of every API machine",
    "api-never-healthy": "an API machine that is started now never passes its health check",
    "fly-no-capacity": "the platform has no room: no machine can be created",
    "fly-answer-lost": "the platform does what it is told, and its answer is lost",
    "fly-rate-limited": "the platform turns three in four changes away (429, Retry-After)",
    "fly-token-expired": "the token ends with the next change: every later call gets a 401",
    "fly-external-change": "someone else adds an API machine and restarts another",
}
"""Name to summary. Where a fault bites, its component asks ``Switches.on(name)``."""
BAD_RELEASE = "1.5.0"
"""Tag of the image that ``api-bad-release`` deploys: it fails while the fault is on."""
