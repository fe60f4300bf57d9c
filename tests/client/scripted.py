"""Small real servers on loopback with scripted responses, to fail as a service can fail."""

from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

ScriptedResponse = tuple[int, dict[str, str], bytes]
"""Status, headers and body. If Content-Length exceeds the body, the connection breaks after the body."""


class ScriptedServer(ThreadingHTTPServer):
    """Sends its responses one after the other, and repeats the last. None closes the connection without a response."""

    def __init__(self, *responses: ScriptedResponse | None) -> None:
        self.responses = list(responses)
        self.requests: list[tuple[str, str]] = []
        self.headers: list[Message] = []
        self.connections = 0
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ScriptedServer

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.requests.append((f"{self.command} {self.path}", body.decode(errors="replace")))
        self.server.headers.append(self.headers)
        responses = self.server.responses
        response = responses.pop(0) if len(responses) > 1 else responses[0]
        if response is None:
            self.close_connection = True
            return
        status, headers, content = response
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
def scripted(*responses: ScriptedResponse | None) -> Iterator[ScriptedServer]:
    with ScriptedServer(*responses) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
