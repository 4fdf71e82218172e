# ruff: noqa: INP001 - a script, not a package
"""Runs a command against the real server on the sample district, and stops the server always.

`python serve.py npm test`: the command finds the address in XINXIN_URL, and codes of `wx.login` for
five WeChat users in WX_CODES.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from app.demo import play
from app.demo.wechat_server import FakeWechat

USERS = 5
# A machine that compiles and serves at once takes its time to start.
play.START_S = 120.0


def main(command: list[str]) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    fake = FakeWechat(play.APPID, play.SECRET)
    with tempfile.TemporaryDirectory() as folder, play.wechat(fake) as wechat_url:
        database = f"sqlite:///{folder}/xinxin.db"
        play.prepare(database)
        environment = {
            "XINXIN_ENVIRONMENT": "development", "XINXIN_DATABASE_URL": database,
            "XINXIN_DATA_DIR": folder, "XINXIN_LOG_LEVEL": "WARNING",
            "XINXIN_WECHAT_APPID": play.APPID, "XINXIN_WECHAT_SECRET": play.SECRET,
            "XINXIN_WECHAT_URL": wechat_url,
        }  # fmt: skip
        with play.server(_free_port(), environment) as (_, url):
            codes = ",".join(fake.issue_code(f"openid-{user}") for user in range(USERS))
            given = {**os.environ, "XINXIN_URL": url, "WX_CODES": codes}  # noqa: TID251 - a child needs ours
            return subprocess.run(command, env=given, check=False).returncode  # noqa: S603


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


if __name__ == "__main__":
    os.chdir(Path(__file__).parents[1])
    sys.exit(main(sys.argv[1:]))
