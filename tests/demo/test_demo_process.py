"""`xinxin demo` as a process: whoever ends it ends its server too."""

import socket
import subprocess
import sys

from app.demo.play import wait_ready


def is_free(port):
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def test_nothing_goes_on_serving(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    database = f"sqlite:///{tmp_path}/demo.db"
    command = [sys.executable, "-m", "app", "demo", "--port", str(port), "--database", database]
    demo = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_ready(demo, f"http://127.0.0.1:{port}")
    demo.terminate()
    demo.wait(20)
    assert is_free(port)
