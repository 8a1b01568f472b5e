"""The way back when nothing is left: every step in words, those the guide leaves out marked. Pure.

``recover total`` does what of it this program can, and looks before each step whether it is done;
an operator with a fresh account and no engine reads it here, with this configuration's own names.
"""

from __future__ import annotations

from typing import NamedTuple

from ainur_tui.config.types import Environment
from ainur_tui.model.table import Column, Row, Table

TABLE = "recovery.loss"


class LossStep(NamedTuple):
    """What is to do, the command or action that does it, and whether the guide has it."""

    what: str
    how: str
    added: bool


def steps(environment: Environment) -> list[LossStep]:
    """The steps in their order, with this environment's own names."""
    fly, storage, node = environment.fly, environment.storage, environment.node
    app = fly.app if fly else "zerostate-api"
    database = (fly.database_app if fly else None) or "ainur-db"
    unit = (node.unit if node else None) or "ainur-node"
    source, copy = next(iter((storage.sync if storage else {}).items()), ("BUCKET", "ITS COPY"))
    return [
        LossStep(
            f"Create the app {app}-recovery (API back: 5 min by the guide)",
            f"ainur-tui run app-create api --param name={app}-recovery, or fly apps create. Is it"
            " there from an earlier try: use it; is the name taken by others: choose another",
            False,
        ),
        LossStep(
            f"Create the database app {database}-recovery (15 min by the guide)",
            f"fly postgres create --name {database}-recovery; size and region: config-backup has"
            " them",
            False,
        ),
        LossStep(
            "Point this configuration at them",
            "fly.app, fly.database_app, postgres.dsn, backup.admin, backup.application; then"
            " ainur-tui config check, and ainur-tui doctor",
            True,
        ),
        LossStep(
            "Restore the best backup",
            "ainur-tui recover list, then ainur-tui backup restore ID --into ainur. (The guide's"
            " pg_restore --data-only reads no plain SQL: an archive of its script goes in by"
            " gunzip -c FILE | psql -v ON_ERROR_STOP=1)",
            False,
        ),
        LossStep(
            "Count what was restored",
            "backup restore compares every table with the manifest and says what differs",
            True,
        ),
        LossStep(
            "Import the secrets, with the new DATABASE_URL in them",
            "ainur-tui run secret-import api --param file=PATH --param stage=true, or fly secrets"
            f" import --stage --app {app}-recovery < FILE. The names are in config-backup, the"
            " values in nothing but your own vault; where backup.vault tells it, `recover total`"
            " sets them from there",
            False,
        ),
        LossStep(
            "Attach the database",
            f"DATABASE_URL among those secrets names {database}-recovery; fly postgres attach"
            " would make an empty database",
            True,
        ),
        LossStep(
            "The object store answers, its buckets are there",
            f"ainur-tui check --target storage; is {source} lost, it comes back by ainur-tui run"
            f" sync storage --param source={copy} --param into={source}",
            True,
        ),
        LossStep(
            "Deploy the image that ran last",
            f"fly deploy --app {app}-recovery --image IMAGE; the image is in config-backup",
            False,
        ),
        LossStep("As many machines as before", "ainur-tui run scale api --param count=N", True),
        LossStep(
            "Certificates for the host names",
            f"fly certs add HOST --app {app}-recovery; ainur-tui run recheck api",
            True,
        ),
        LossStep(
            "DNS to the new app",
            "at the registrar; dig +short HOST @1.1.1.1, @8.8.8.8 and @9.9.9.9 agree, then"
            " ainur-tui check --target frontend",
            False,
        ),
        LossStep(
            "The frontend's variables (2 min by the guide)",
            "the API's address in the frontend's project; deploy it again",
            True,
        ),
        LossStep(
            "The node (30 min by the guide to resync)",
            f"ainur-tui run start node, or systemctl start {unit}; CHAIN_RPC_URL of the API names"
            " it; the Node tab shows how far it is",
            True,
        ),
        LossStep(
            "Background workers",
            "they need the new DATABASE_URL too; the Database tab shows who is connected",
            True,
        ),
        LossStep(
            "See that it is whole, and open",
            "ainur-tui check; ainur-tui run maintenance api --param mode=off; then ainur-tui backup"
            " create, and backup verify of it",
            True,
        ),
    ]


def table(environment: Environment, now: float) -> Table:
    """The steps as the console shows them."""
    return Table(
        name=TABLE, target="db", title="When nothing is left", observed_at=now, interval=3600.0,
        source="the guide's recovery of total loss, completed",
        columns=[
            Column(name="what", title="Step", limit=60),
            Column(name="how", title="How", limit=120),
            Column(name="origin", title="Origin", rank=1),
        ],
        rows=[
            Row(key=f"{number:02d}", cells=[one.what, one.how, "added" if one.added else "guide"])
            for number, one in enumerate(steps(environment), 1)
        ],
    )  # fmt: skip
