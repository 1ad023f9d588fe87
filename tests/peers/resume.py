"""Kills a fetch when a gateway has sent so many bytes, lets another one go on, and counts what had to
be sent twice. The gateway is a small one in Python, which knows what it sent."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import content

PIECE = 64 * 1024


class CountingGateway:
    """Serves blocks one by one; counts bytes sent; calls `at_limit` when so many have been."""

    def __init__(self, store):
        self.sent, self.limit, self.at_limit = 0, None, None
        self.lock = threading.Lock()
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self):
                gateway.answer(self, store)

            def log_message(self, *unused):
                pass

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *unused):
                pass  # whom we serve is killed again and again

        self.server = Quiet(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, handler, store):
        block = content.block_file(store, handler.path.split("/")[2].split("?")[0]).read_bytes()
        handler.send_response(200)
        handler.send_header("Content-Type", "application/vnd.ipld.raw")
        handler.send_header("Content-Length", str(len(block)))
        handler.end_headers()
        for at in range(0, len(block), PIECE):
            piece = block[at:at + PIECE]
            handler.wfile.write(piece)
            self.count(len(piece))

    def count(self, size):
        with self.lock:
            self.sent += size
            if self.limit is not None and self.sent >= self.limit:
                self.limit = None
                self.at_limit()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def kill_and_resume(image, gateway, store, kill_after):
    """Returns the bytes that were sent twice. Fails if the fetch was over before the kill."""
    gateway.sent, due = 0, threading.Event()
    gateway.at_limit = due.set
    gateway.limit = kill_after
    with content.start_fetch(image, store, gateway.url) as process:
        if not due.wait(60):
            raise RuntimeError(f"{gateway.sent} bytes were sent, {kill_after} awaited")
        process.kill()
        process.communicate()
    if process.returncode != -9:
        raise RuntimeError(f"the fetch ended with {process.returncode}, before it was killed")
    content.fetch(image, store, gateway.url)
    once = sum(path.stat().st_size for path in image.store.glob("blocks/*/*.data"))
    return gateway.sent - once
