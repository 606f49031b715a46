# SPDX-License-Identifier: Apache-2.0
"""A web server on the host's loopback interface, for guests that fetch something."""
import contextlib
import functools
import http.server
import threading


class Handler(http.server.SimpleHTTPRequestHandler):
    # Nothing of this host and no date: what a guest receives is the same in every run.
    server_version = sys_version = ""

    def date_time_string(self, timestamp=None):
        return "Sat, 31 Jan 2026 12:00:00 GMT"

    def log_message(self, *args):
        pass


@contextlib.contextmanager
def served(folder):
    """The port where the files of a folder are, as long as the context lasts."""
    handler = functools.partial(Handler, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
