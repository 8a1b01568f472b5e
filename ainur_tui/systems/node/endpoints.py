"""Which addresses a configured RPC endpoint stands for. Pure.

Since version 0.9.43 one port (9944) serves both HTTP and WebSocket; older nodes serve HTTP on 9933
and WebSocket on 9944, and the guide's own flags still name both.
"""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

PORTS = ("9944", "9933")
"""The node's own default first."""
_SOCKETS = {"http": "ws", "https": "wss"}


def urls_of(endpoint: str) -> list[str]:
    """The addresses to try, most likely first: as configured, then at the node's other port. One
    that names neither port nor path, without TLS, may be at either port or at the scheme's own."""
    parts = urlsplit(endpoint)
    host, mark, port = parts.netloc.rpartition(":")
    if mark and port in PORTS:
        return [parts.geturl(), *(_at(parts, host, other) for other in PORTS if other != port)]
    bare = not parts.path.strip("/") and parts.scheme in _SOCKETS | {"ws": ""}
    if bare and parts.scheme != "https" and _portless(parts):
        return [*(_at(parts, parts.netloc, other) for other in PORTS), parts.geturl()]
    return [parts.geturl()]


def socket_urls(endpoints: list[str]) -> list[str]:
    """The same places by WebSocket, which alone has subscriptions."""
    urls = [urlsplit(url) for endpoint in endpoints for url in urls_of(endpoint)]
    return list(
        dict.fromkeys(
            url._replace(scheme=_SOCKETS.get(url.scheme, url.scheme)).geturl() for url in urls
        )
    )


def _portless(parts: SplitResult) -> bool:
    try:
        return bool(parts.hostname) and parts.port is None
    except ValueError:
        return False


def _at(parts: SplitResult, host: str, port: str) -> str:
    return parts._replace(netloc=f"{host}:{port}").geturl()
