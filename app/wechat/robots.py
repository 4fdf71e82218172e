"""The port to the robots of WeCom groups (企业微信群机器人): one message, one errcode back.

Source: WeCom, "群机器人配置说明": 20 messages a minute a robot; text up to 2,048 bytes,
markdown up to 4,096. The key in the address is all that it takes to speak in a group, so it is
opened here, at the last moment, and no log line, error or `repr` ever holds it.
"""

from typing import Any

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from app.kit.errors import Words
from app.kit.logs import hush_httpx
from app.kit.seal import Seal
from app.wechat import tls
from app.wechat.errors import RobotUnavailable

TIMEOUT_S = 5.0
PATH = "/cgi-bin/webhook/send"
BUSY = -1
KEY_INVALID = 93000
TOO_OFTEN = 45009
MOST_TEXT_BYTES = 2048
MOST_MARKDOWN_BYTES = 4096

# The key stands in the query.
hush_httpx()


class _Answer(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    errcode: int


class Robots:
    """Speaks to robots by their sealed keys; safe for threads, closed at the end."""

    def __init__(self, seal: Seal, base_url: str = "https://qyapi.weixin.qq.com") -> None:
        self._seal = seal
        # Nobody may send the key elsewhere: no redirect is followed, no proxy is taken over.
        self._http = httpx.Client(
            base_url=base_url, timeout=TIMEOUT_S, verify=tls.trusted(), follow_redirects=False,
            trust_env=False,
        )  # fmt: skip

    def close(self) -> None:
        self._http.close()

    def mark(self, sealed_key: str) -> str:
        """A name for the robot, the same in every group that it speaks in. Raises SealBroken."""
        return self._seal.mark(sealed_key)

    def say_text(self, sealed_key: str, text: str) -> int:
        """Sends plain text of at most 2,048 bytes; gives WeCom's errcode, 0 when it was taken.

        Raises RobotUnavailable (no answer, or busy: try again later) and SealBroken.
        """
        return self._send(sealed_key, {"msgtype": "text", "text": {"content": text}})

    def say_markdown(self, sealed_key: str, text: str) -> int:
        """Sends markdown of at most 4,096 bytes; otherwise as `say_text`."""
        return self._send(sealed_key, {"msgtype": "markdown", "markdown": {"content": text}})

    def _send(self, sealed_key: str, message: dict[str, Any]) -> int:
        key = self._seal.open(sealed_key)
        try:
            response = self._http.post(PATH, params={"key": key}, json=message)
            # A redirect is no answer either.
            errcode = _Answer.model_validate_json(response.content).errcode
            trouble = None if response.is_success and errcode != BUSY else "busy"
        except (httpx.HTTPError, ValidationError) as error:
            trouble = type(error).__name__
        # Raised out here: as their `__context__`, errors with the address would travel into logs.
        if trouble is not None:
            raise RobotUnavailable(Words(trouble, trouble))
        return errcode
