"""Whether the service keeps what its document says: schemathesis, all checks, every operation.

    python bench/fuzz.py                                # a reporter, an administrator, a dispatcher
    python bench/fuzz.py --engine postgresql --examples 20
    python bench/fuzz.py --role he --only put_item

A fresh database with the demo's last month, a real server in development (no rate limits) with the
fake WeChat beside it, and for each role the phases examples, coverage and fuzzing over openapi.yaml
with `--examples` cases an operation in the last. What the tool cannot know is told apart by
`fuzzed.noise`, with its reason, and counted. Exit code 1: a failure, or the time cut a role off.
"""

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
from fuzzed import Found, read
from rigs import Rig, postgresql_rig, sqlite_rig
from servers import ROOT, fresh_folder

from app.demo import play
from app.demo.sample import PASSWORD
from app.demo.wechat_server import FakeWechat

ENGINES = {"sqlite": sqlite_rig, "postgresql": postgresql_rig}
ROLES = ("liu-bo", "he", "qian")
# They end the caller's own session, or that of whoever the tool has found in a list, the caller
# too: from then on every answer would be 401 and nothing else would be tried. Each is tried by
# itself afterwards in a session of its own: the first three by somebody new, the others by `he`.
ENDINGS = (
    "sign_out", "end_me", "revoke_session", "change_password", "revoke_role", "disable_staff",
    "reset_password", "reset_totp", "revoke_staff_sessions",
)  # fmt: skip
OWN = 3


def sign_in(base: str, who: str) -> dict[str, str]:
    """A new session of a member of staff, or of a courier."""
    way, words = ("password", {"username": who, "password": PASSWORD})
    if who not in ROLES or who == ROLES[0]:
        way, words = ("development", {"member": who})
    answer = httpx.post(f"{base}/v1/auth/{way}", json=words, trust_env=False).raise_for_status()
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def run(plan: argparse.Namespace, rig: Rig, who: str, chosen: list[str], found: Found) -> None:
    """One run of the tool as one person; adds what it found."""
    base, name = rig.bases[0], f"{who}-{chosen[1]}"
    session, events = sign_in(base, who), rig.folder / f"{name}.ndjson"
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "run", str(ROOT / "openapi.yaml"),
        "--url", base, "--checks", "all", "--phases", "examples,coverage,fuzzing",
        "--max-examples", str(plan.examples), "--seed", str(plan.seed), "--continue-on-failure",
        "--generation-database", "none", "--request-timeout", "20", "--no-shrink",
        "--report", "ndjson", "--report-ndjson-path", str(events), "--no-color", *chosen,
        "--header", f"Authorization: {session['Authorization']}",
    ]  # fmt: skip
    with (rig.folder / f"{name}.log").open("w") as log:
        tool = subprocess.Popen(command, cwd=rig.folder, stdout=log, stderr=log)
        try:
            tool.wait(plan.seconds)
        except subprocess.TimeoutExpired:
            tool.send_signal(signal.SIGINT)
            tool.wait(60)
            found.failures["time", who, ""] = f"cut off after {plan.seconds} s"
    if not events.exists():
        found.failures["tool", who, ""] = (rig.folder / f"{name}.log").read_text()[-800:]
        return
    read(events, found)
    ended = chosen[0] == "--include-operation-id" and chosen[1] in ENDINGS
    still = httpx.get(f"{base}/v1/me", headers=session, trust_env=False)
    if not ended and not still.is_success:
        found.failures["session", who, ""] = "the session ended on the way: nothing was tried since"


def runs(plan: argparse.Namespace) -> Iterator[tuple[str, list[str]]]:
    """Who asks for what: each role for all but the endings, somebody new for each of those."""
    if plan.only:
        only = [word for name in plan.only for word in ("--include-operation-id", name)]
        yield from ((who, only) for who in plan.role or ROLES)
        return
    if not plan.endings:
        yield from _all_but_endings(plan)
    for n, name in enumerate(ENDINGS if not plan.role else ()):
        yield f"ending-{n}" if n < OWN else "he", ["--include-operation-id", name]


def _all_but_endings(plan: argparse.Namespace) -> Iterator[tuple[str, list[str]]]:
    left = [word for name in ENDINGS for word in ("--exclude-operation-id", name)]
    yield from ((who, left) for who in plan.role or ROLES)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--engine", choices=sorted(ENGINES), default="sqlite")
    parser.add_argument("--examples", type=int, default=5, help="cases an operation")
    parser.add_argument("--seconds", type=float, default=900, help="no role longer than this")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--role", choices=ROLES, action="append")
    parser.add_argument("--endings", action="store_true", help="nothing but what ends sessions")
    parser.add_argument("--only", action="append", help="an operation's id")
    plan = parser.parse_args()
    folder, wrong = fresh_folder(f"fuzz-{plan.engine}"), 0
    fake = FakeWechat(play.APPID, play.SECRET)
    with play.wechat(fake) as url, ENGINES[plan.engine](folder, settings(url)) as rig:
        play.prepare(rig.url)
        rig.add_server("server")
        rig.await_up()
        for who, chosen in runs(plan):
            found, began = Found(), time.monotonic()
            run(plan, rig, who, chosen, found)
            wrong += len(found.failures)
            tell(f"{plan.engine} {who}", found, time.monotonic() - began)
        fell = sum(mortal.fell for mortal in rig.mortals)
    if fell:
        print(f"FAILED the server ended by itself {fell} times; see {folder}")
    return int(wrong + fell > 0)


def tell(what: str, found: Found, seconds: float) -> None:
    print(
        f"{what}: {len(found.operations)} operations, {found.requests} requests, "
        f"{len(found.failures)} failures, {seconds:.0f} s",
        flush=True,
    )
    for why, number in found.noise.items():
        print(f"  {number} not counted: {why}")
    for (check, label, status), told in found.failures.items():
        print(f"  FAILED {check} {label} -> {status}: {told}", flush=True)


def settings(wechat_url: str) -> dict[str, str]:
    return {
        "XINXIN_ENVIRONMENT": "development", "XINXIN_WECHAT_APPID": play.APPID,
        "XINXIN_WECHAT_SECRET": play.SECRET, "XINXIN_WECHAT_URL": wechat_url,
        "XINXIN_LOG_LEVEL": "WARNING", "XINXIN_DECODERS": "1", "XINXIN_WORKER": "none",
    }  # fmt: skip


if __name__ == "__main__":
    # The process that forks finds what it imports in the same places.
    os.environ["PYTHONPATH"] = os.pathsep.join(sys.path)  # noqa: TID251
    sys.exit(main())
