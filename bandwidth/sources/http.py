"""One question to a web address or a unix socket, with its answer bounded."""

from urllib.parse import urlsplit

import httpx

from bandwidth.sources import Source, SourceProblem

# A node_exporter of a large machine answers with some 200 kB.
MOST = 4 << 20


class Asked:
    """Asks one server again and again over one connection.

    ``address``: http://host:port, https://host:port/path or unix:///path/of.sock.
    """

    def __init__(self, address: str, timeout: float) -> None:
        try:
            parts = urlsplit(address)
            parts.port  # noqa: B018 raises where it is none
        except ValueError as error:
            raise SourceProblem(f"{address!r} is no address: {error}") from error
        if parts.scheme not in ("http", "https", "unix"):
            raise SourceProblem(
                f"{address!r} begins with none of http://, https://, unix://"
            )
        transport = None
        base = address
        if parts.scheme == "unix":
            transport = httpx.AsyncHTTPTransport(uds=parts.path)
            base = "http://localhost"
        self.address = address
        self._client = httpx.AsyncClient(
            base_url=base,
            transport=transport,
            timeout=timeout,
            trust_env=False,
            # Certificates take 20 ms to load; only https has any.
            verify=parts.scheme == "https",
        )

    async def text(self, path: str = "", **query: str) -> str:
        """Return the body of a 200. Raises SourceProblem."""
        try:
            async with self._client.stream("GET", path, params=query) as answer:
                body = bytearray()
                async for piece in answer.aiter_bytes():
                    body += piece
                    if len(body) > MOST:
                        raise SourceProblem(f"{self.address} answers over {MOST} bytes")
        except httpx.TimeoutException as error:
            raise SourceProblem(f"{self.address} does not answer in time") from error
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            why = str(error) or type(error).__name__
            raise SourceProblem(f"{self.address} can't be asked: {why}") from error
        text = body.decode("utf-8", "replace")
        if answer.status_code != 200:
            said = " ".join(text.split())[:100]
            raise SourceProblem(
                f"{self.address} answers with status {answer.status_code}: {said}"
            )
        return text

    async def close(self) -> None:
        await self._client.aclose()


class ServerSource(Source):
    """A source that asks a server."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked

    async def close(self) -> None:
        await self._asked.close()
