"""The stand-ins for ``systemctl`` and ``journalctl``, written as scripts into DIR/bin.

A script needs nothing but the interpreter: it sends its words to the units process and copies
what comes back. The first lines are shell and Python at once, since a path to an interpreter may
be too long, or hold a space, for the kernel's ``#!``.
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

TOOLS = ("systemctl", "journalctl")

SCRIPT = """#!/bin/sh
\'\'\'exec\' {python} -S -E "$0" "$@"
\' \'\'\'
import json, os, signal, socket, sys

signal.signal(signal.SIGINT, signal.SIG_DFL)
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
try:
    link = socket.create_connection(("127.0.0.1", {port}))
except OSError as error:
    sys.exit(f"Failed to connect to bus: {{os.strerror(error.errno or 0)}}")
words = json.dumps({{"tool": {tool!r}, "argv": sys.argv[1:]}})
link.sendall(words.encode() + b"\\n")
for line in link.makefile("rb"):
    where, what = json.loads(line)
    if where == "exit":
        sys.exit(what)
    stream = sys.stdout if where == "out" else sys.stderr
    stream.buffer.write(what.encode("utf-8", "surrogatepass"))
    stream.flush()
sys.exit("Connection to bus closed")
"""


def write_scripts(folder: Path, port: int) -> None:
    """Write the executable stand-ins."""
    folder.mkdir(parents=True, exist_ok=True)
    for tool in TOOLS:
        text = SCRIPT.format(python=shlex.quote(sys.executable), port=port, tool=tool)
        fresh = folder / f".{tool}"
        fresh.write_text(text)
        fresh.chmod(0o755)
        fresh.replace(folder / tool)
