"""A TCP proxy on loopback that passes at most so many bytes a second back to the client, and counts
them and the HTTP requests that it passes on. One event loop for all proxies of a process."""

import asyncio
import threading
import time

PIECE = 32 * 1024
# What may be caught up on after the event loop slept for too long.
SLACK_S = 0.02

_loop = None


def _run(coroutine):
    """Runs it on the loop of the proxies; starts that first."""
    global _loop
    if _loop is None:
        _loop = asyncio.new_event_loop()
        threading.Thread(target=_loop.run_forever, daemon=True).start()
    return asyncio.run_coroutine_threadsafe(coroutine, _loop).result(30)


class Throttle:
    """`rate`: bytes a second over all connections; None: as fast as it goes. The port is known at
    once, so that who is behind it can be told; `target`, a port on loopback, may be set later."""

    def __init__(self, target=None, rate=None):
        self.target, self.rate = target, rate
        self.bytes = self.requests = 0
        self._free_at = 0.0
        self._server = _run(asyncio.start_server(self._connect, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def close(self):
        _loop.call_soon_threadsafe(self._server.close)

    async def _connect(self, reader, writer):
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.close()
            return
        await asyncio.gather(self._pump(reader, far_writer, self._count),
                             self._pump(far_reader, writer, self._wait), return_exceptions=True)

    @staticmethod
    async def _pump(reader, writer, before):
        try:
            while data := await reader.read(PIECE):
                await before(data)
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    async def _count(self, data):
        self.requests += data.count(b"GET /ipfs/")  # a head fits into a segment, on loopback

    async def _wait(self, data):
        self.bytes += len(data)
        if self.rate is None:
            return
        now = time.monotonic()
        self._free_at = max(self._free_at, now - SLACK_S) + len(data) / self.rate
        if self._free_at > now:
            await asyncio.sleep(self._free_at - now)
