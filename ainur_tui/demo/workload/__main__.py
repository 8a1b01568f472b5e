"""``python -m ainur_tui.demo.workload --dir DIR --api URL --seed S``: what the miniature is for.

Users ask the API over HTTP; a background worker bids, awards and pays in the database.
"""

from __future__ import annotations

import asyncio
import random
import sys

from ainur_tui.demo.service import arguments, run, until_stopped
from ainur_tui.demo.workload.users import Users
from ainur_tui.demo.workload.worker import Worker


async def main(argv: list[str] | None = None) -> int:
    """Run users and worker until told to stop."""
    options = arguments(
        "ainur_tui.demo.workload",
        ("--api", {"required": True, "help": "the public base URL"}),
        ("--database-port", {"type": int, "required": True}),
        ("--seed", {"type": int, "default": 1}),
        argv=argv,
    )
    users = Users(options.api, random.Random(options.seed))
    worker = Worker(options.dir, options.database_port, random.Random(options.seed + 1))
    stopped = asyncio.create_task(until_stopped())
    work = [asyncio.create_task(users.run()), asyncio.create_task(worker.run())]
    await asyncio.wait([stopped, *work], return_when=asyncio.FIRST_COMPLETED)
    for task in work:
        task.cancel()
    results = await asyncio.gather(*work, return_exceptions=True)
    failed = [each for each in results if isinstance(each, Exception)]
    if failed:
        raise failed[0]
    return 0


if __name__ == "__main__":
    sys.exit(run(main()))
