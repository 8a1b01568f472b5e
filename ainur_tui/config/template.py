"""The commented file that ``config init`` writes."""

from __future__ import annotations

TEMPLATE = """\
# Ainur Console. One table [environment.NAME] for each environment you look after.
# Take the "#" from the sections you have: a section that is absent is simply not watched.
# See what is wrong with this file:   ainur-tui config check
# See what is reachable with it:      ainur-tui doctor
#
# Secrets are references, never values:
#   { env = "NAME" }   { file = "/path/of/a/0600/file" }   { command = ["pass", "show", "entry"] }
# Paths are relative to this file. Every section may set:
#   interval = 5.0    seconds between the runs of its probes
#   timeout = 5.0     seconds one run may take in all

version = 1
#default_environment = "production"

[environment.production]
#color = "red"            # red, yellow, green, cyan, blue, magenta: always on screen
#access = "operate"       # "read": nothing can be changed from here
#state_dir = "state"      # history and journal; usually $XDG_STATE_HOME/ainur-tui/NAME
#anchor_dir = "/mnt/other/ainur"  # second place for the journal's newest hash: a cut is seen
#resolvers = ["1.1.1.1", "8.8.8.8"]  # asked by doctor and recover where the public names lead
#outside = "ops@vps"      # a machine elsewhere, by ssh: doctor sees from there which ports answer
#playbooks = "playbooks"  # a folder of your own; the same name replaces one that comes with us
#runtime_dir = "run"      # the engine's socket; usually $XDG_RUNTIME_DIR/ainur-tui/NAME

# The API service, as its users reach it.
#[environment.production.api]
#url = "https://zerostate-api.fly.dev"
#ca_file = "ca.pem"       # a private authority: trusted here alone, and nobody else is
#pool_size = 25           # database connections one machine may open
#pprof = "http://127.0.0.1:8080"   # Go's profiler, after `fly proxy 8080`: action profile

# The Fly Machines platform: machines, restarts, scaling, logs.
#[environment.production.fly]
#app = "zerostate-api"
#database_app = "ainur-db"
#token = { env = "FLY_API_TOKEN" }
#url = "https://api.machines.dev"
#web_url = "https://api.fly.io"
#prometheus_url = "https://api.fly.io/prometheus/your-org/api/v1"    # cpu and memory of machines
#flags = ["ENABLE_AUCTION_SYSTEM", "MAINTENANCE_MODE"]             # secrets that are true or false

# PostgreSQL. Give the role pg_monitor; the DSN is postgresql://user:password@host:5432/database
#[environment.production.postgres]
#dsn = { env = "DATABASE_URL" }
#admin = { env = "ADMIN_URL" }       # a role that may vacuum, reindex, set and restore
#log_file = "/var/log/postgresql/postgresql.log"
#memory = 4      # GiB of memory of its machine: settings are advised by it
#cores = 2
#disk = 40      # GiB of its volume: `report capacity` tells when it is full

# The Substrate node and its systemd unit.
#[environment.production.node]
#rpc = ["http://127.0.0.1:9944"]     # or ws://; tried in order, without a port 9944 and 9933
#metrics = "http://127.0.0.1:9615/metrics"
#unit = "ainur-node"
#block_time = 6.0
#genesis = "0x…"          # refuse to believe a node of another chain
#public_rpc = []          # the RPC as the world reaches it: must refuse unsafe methods
#base_path = "/var/lib/ainur"         # the database's size and growth
#references = []          # RPC of other nodes of the chain: is ours on the same one?

# The S3-compatible object store.
#[environment.production.storage]
#endpoint = "https://0123456789abcdef.r2.cloudflarestorage.com"
#access_key_id = { env = "R2_ACCESS_KEY_ID" }
#secret_access_key = { env = "R2_SECRET_ACCESS_KEY" }
#region = "auto"
#patience = 60.0          # seconds an outage may last before a backup on its way is given up
#buckets = ["ainur-backups", "ainur-agents-prod"]
#probe_bucket = "ainur-backups"      # a small object is written here to see that writing works
#sync = { "ainur-agents-prod" = "ainur-agents-backup" }   # copied by `run sync storage`

# The frontend, as its users reach it.
#[environment.production.frontend]
#url = "https://app.ainur.network"
#ca_file = "ca.pem"       # a private authority: trusted here alone, and nobody else is
#maintenance_marker = "maintenance"  # words of the page shown during maintenance

# The machine the engine runs on.
#[environment.production.host]
#disks = ["/"]

# Log files to follow, as many as you like; any form of line. Over SSH: by key, from a known host.
#[[environment.production.logs.files]]
#name = "nginx"
#path = "/var/log/nginx/error.log"
#target = "frontend"      # api, db, node, storage, frontend or host
#ssh = "web1.example.net" # where it is; without it: on this machine

# A Loki that has logs of ours: each stream is a source of lines, chosen by LogQL.
#[environment.production.loki]
#url = "https://logs.example.net"
#user = "12345"           # with a user the token is its password, without one a bearer's
#token = { env = "LOKI_TOKEN" }
#tenant = "ainur"         # X-Scope-OrgID, where it has tenants
#[[environment.production.loki.streams]]
#name = "edge"
#query = '{app="edge"}'
#target = "frontend"      # api, db, node, storage, frontend or host

# Where database backups go: a directory, a bucket of the store, or both.
#[environment.production.backup]
#directory = "/backups/ainur"
#bucket = "ainur-backups"
#prefix = "database/"
#scratch = { env = "SCRATCH_URL" }   # where verify may create a database; else it starts one
#recipients = ["age1..."]            # age public keys every backup is encrypted to
#identity = { env = "AGE_IDENTITY" } # opens them, for verify and restore; create never needs it
#schedule = { backup = "01:00", verify = "sat 04:30", prune = false }   # UTC, by a staying engine
#application = { env = "APP_URL" }   # the DSN that the API uses, for `recover` and the way back
#vault = { command = ["pass", "show", "ainur/{name}"] }   # values of the app's secrets, by name
#admin = { env = "RESTORE_URL" }     # creates the database of `backup restore`; else postgres.admin
#keep_days = 30           # `backup prune` removes what is older, but never
#keep_count = 7           # one of the newest, nor the newest that was restored and counted

# Folders searched before PATH for pg_dump, systemctl and journalctl.
#[environment.production.tools]
#path = ["/usr/lib/postgresql/16/bin"]

# Incidents; how fast they are answered, by severity, is told with the alert rules.
#[environment.production.incidents]
#postmortem = ["P1", "P2"]
#bell = true              # ring the terminal when a P1 or P2 fires without an incident
#desktop = "osc9"         # notify the desktop too: osc9, osc777 or osc99 (kitty), by the terminal

# Who is on call, one after the other.
#[environment.production.oncall]
#people = ["mira", "jon", "ada"]
#start = "2026-11-23T09:00Z"
#days = 7

# Who needs whom, where yours differs from: frontend needs api; api needs db, storage, node.
# What is edited in the console (Services, key e) is kept beside the journal, and wins.
#[environment.production.needs]
#frontend = ["api"]
#api = ["db", "storage", "node"]

# A Prometheus: its rules and alerts are shown, and it judges the rule files named below.
#[environment.production.grafana]        # its dashboards' addresses, in the command palette
#url = "https://grafana.example.net"
#[environment.production.prometheus]
#url = "https://prometheus.example.net"
#user = "mira"            # with a user the token is its password, without one a bearer's
#token = { env = "PROMETHEUS_TOKEN" }
#ca_file = "ca.pem"       # the authority that signed its certificate, where it is your own
#[environment.production.prometheus.queries.disk-free]      # ainur-tui alerts query disk-free
#expr = "min by (instance) (node_filesystem_avail_bytes)"
#title = "Free disk"
#unit = "B"               # B, ratio, s, ms, /s, B/s, count, days

# An Alertmanager: its alerts are shown, and ours are sent to it.
#[environment.production.alertmanager]
#url = "https://alertmanager.example.net"
#send = true

# Alert rules: yours beside ours, changes of ours, and what severities of others mean here.
#[environment.production.alerts]
#rules = ["rules.toml", "api-alerts.yml"]     # ours, or Prometheus' own form
#disabled = ["FewAgents"]
#change.HighResponseTime = { threshold = 0.2, clear = 0.18, hold = 600, keep_firing = 60 }
#severity = { warning = "P3", critical = "P2" }
#response = { P4 = 86400 }            # seconds until somebody answers
#update = { P3 = 14400 }              # seconds between two messages to users
#[environment.production.alerts.notify.oncall]      # needs: pip install "ainur-tui[notify]"
#send_to = { env = "ONCALL_URL" }     # an address apprise knows; it may hold a secret
#severities = ["P1", "P2"]
#resolved = true          # told when it is over, too
#hours = "Mon-Fri 08:00-20:00"        # the rest of the week only what stands in always is told;
#zone = "Europe/Berlin"               # what fires then and still does, when the hours begin
#always = ["P1"]

# Your own thresholds for a signal, in its unit; `ainur-tui check --json` lists the signals.
#[environment.production.thresholds."api.latency.p95"]
#warn = 0.1
#fail = 0.5
"""
