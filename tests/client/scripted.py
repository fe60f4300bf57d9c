"""Small real servers on loopback that answer as they are told to: what a service does when it fails."""

from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

Answer = tuple[int, dict[str, str], bytes]
"""Status, headers and body. With a Content-Length longer than the body, the connection breaks in its middle."""


class Scripted(ThreadingHTTPServer):
    """Gives its answers one after the other, the last one for good; None hangs up without an answer."""

    def __init__(self, *answers: Answer | None) -> None:
        self.answers = list(answers)
        self.requests: list[tuple[str, str]] = []
        self.headers: list[Message] = []
        self.connections = 0
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Scripted

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.requests.append((f"{self.command} {self.path}", body.decode()))
        self.server.headers.append(self.headers)
        answer = self.server.answers.pop(0) if len(self.server.answers) > 1 else self.server.answers[0]
        if answer is None:
            self.close_connection = True
            return
        status, headers, content = answer
        self.send_response(status)
        headers = {"Content-Length": str(len(content)), **headers}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
        self.close_connection = headers["Content-Length"] != str(len(content))

    do_POST = do_GET  # noqa: N815 (http.server's name)

    def log_message(self, *args: object) -> None: ...


@contextmanager
def scripted(*answers: Answer | None) -> Iterator[Scripted]:
    with Scripted(*answers) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
