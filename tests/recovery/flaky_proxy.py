"""A way to a server that can be cut, or answer 503 for a while."""

import select
import socket
import threading

UNAVAILABLE = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class FlakyProxy:
    """Forwards bytes to an address; `mode` decides what becomes of new and of open connections."""

    def __init__(self, host: str, port: int) -> None:
        self.target = (host, port)
        self.mode = "forward"  # or "refuse": 503 for every second connection, and an end for the others
        self.refused = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client:
            if self.mode == "refuse":
                self._refuse(client)
                return
            with socket.create_connection(self.target) as server:
                self._forward(client, server)

    def _refuse(self, client: socket.socket) -> None:
        self.refused += 1
        if self.refused % 2:
            client.recv(65536)
            client.sendall(UNAVAILABLE)

    def _forward(self, client: socket.socket, server: socket.socket) -> None:
        other = {client: server, server: client}
        while self.mode == "forward":
            for ready in select.select([client, server], [], [], 0.2)[0]:
                try:
                    content = ready.recv(65536)
                    other[ready].sendall(content)
                except OSError:
                    return
                if not content:
                    return
