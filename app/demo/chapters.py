"""What came of the story: a household, a counter without network, a refund, papers of a month."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from typing_extensions import override

from app.demo import past, sample
from app.demo.story import Story
from app.demo.teller import StoryFailed
from app.kit import clock


class WholeStory(Story):
    """The story of record with its later chapters."""

    @property
    @override
    def steps(self) -> list[Callable[[], None]]:
        return [
            *super().steps, self.fang_joins_the_household, self.the_counter_loses_its_network,
            self.the_soap_comes_back, self.the_station_is_paid, self.the_month_is_published,
        ]  # fmt: skip

    def fang_joins_the_household(self) -> None:
        """妻子小芳加入他的家庭（户），积分一家人共用。 His wife joins, and they share points."""
        code = self.wechat.issue_code(f"fang-{self.run_id.hex[:12]}")
        self.memory["fang"] = self.post("/v1/auth/wechat", {"code": code})["access_token"]
        me = {"name": "小芳", "occupation": "resident"}
        fang = self.send("PUT", "/v1/me", me, who="fang", key="fang")
        self.post("/v1/household", {"name": "刘波一家"}, who="liu", key="home")
        path = "/v1/household/invitations"
        asked = self.post(path, {"member_no": fang["member_no"]}, who="liu", key="invite")
        home = self.post(f"{path}/{asked['id']}/accept", {}, who="fang", key="join")
        names = "、".join(member["name"] for member in home["members"])
        self.tell(f"    {home['name']}：{names}，共用 shared {self._of_household(5)} 积分")

    def the_counter_loses_its_network(self) -> None:
        """小芳兑换香皂；驿站断网，凭离线名单核对，之后补报。 A counter without network."""
        held = self.redeem("fang", "soap", key="offline")
        self.memory["soap"] = held["id"]
        station = f"/v1/stations/{sample.STATION}"
        # The counter took its list while there was a network; what is held is in it as a hash.
        listed = self.get(f"{station}/offline-list", who="li")
        code, salt = held["code"].replace("-", "").encode(), bytes.fromhex(listed["salt"])
        known = hashlib.pbkdf2_hmac("sha256", code, salt, listed["rounds"]).hex()
        if known not in {item["code_hash"] for item in listed["items"]}:
            raise StoryFailed("the counter's list does not know the code")
        number = f"{self.run_id.hex[:12]}-1"
        accepted = {"acceptance": number, "code": held["code"]}
        accepted["accepted_at"] = clock.now().isoformat()
        report = self.post(
            f"{station}/acceptances", {"acceptances": [accepted]}, who="li", key="report-offline"
        )
        if report["fulfilled"] != 1:
            raise StoryFailed("what was handed out without network was not posted")
        self.tell(f"    离线名单 {len(listed['items'])} 件，补报 posted {report['fulfilled']} 件")

    def the_soap_comes_back(self) -> None:
        """香皂受潮退货：马经办提出，吴审批同意，积分退回。 A refund, by two persons."""
        self.staff_signs_in("wu")
        draft = {"kind": "refund", "source": self.memory["soap"], "restock": False}
        draft["cause"] = "香皂受潮"
        proposed = self.post("/v1/corrections", draft, who="ma", key="refund")
        path = f"/v1/corrections/{proposed['id']}/approve"
        done = self.post(path, {"decision": "情况属实"}, who="wu", key="approve-refund")
        self.tell(f"    {done['state']}：一家人又有 the household has {self._of_household(5)} 积分")

    def the_station_is_paid(self) -> None:
        """上月商户结算：马经办出单，吴审批同意，付款。 Last month's statement is paid."""
        first, last = past.last_month()
        path = "/v1/settlements"
        period = {"first_day": first.isoformat(), "last_day": last.isoformat()}
        found = self.get(f"{path}?merchant={sample.STATION}", who="ma")["items"]
        # A month is settled once, however often the story is told.
        statement = next((s for s in found if s["last_day"] == period["last_day"]), None)
        if statement is None:
            draft = {"merchant": sample.STATION, **period}
            drawn = self.post(path, draft, who="ma", key="settle")["id"]
            self.post(f"{path}/{drawn}/approve", {}, who="wu", key="approve-settlement")
            paid = {"payment_ref": f"BANK-{self.run_id.hex[:8]}"}
            statement = self.post(f"{path}/{drawn}/pay", paid, who="ma", key="pay")
        file = f"{path}/{statement['id']}/file?format=csv"
        sheet = self.http.get(file, headers=self._headers("li"))
        sheet.raise_for_status()
        self.tell(
            f"    结算单 {statement['number']}：{statement['merchant_name']}"
            f" {statement['fen'] / 100:.2f} 元，{statement['state']}；"
            f"店主下载明细 the keeper's file has {len(sheet.text.splitlines())} 行"
        )

    def the_month_is_published(self) -> None:
        """何管理公示上月积分；快递员小陈离线验证自己的一笔。 A notice and a proof."""
        self.staff_signs_in("he")
        period = f"{past.last_month()[0]:%Y-%m}"
        notices = "/v1/points/notices"
        if all(notice["period"] != period for notice in self.get(notices)["items"]):
            self.post(notices, {"period": period}, who="he", key="notice")
        signed = self.post("/v1/auth/development", {"member": past.COURIER})
        self.memory["chen"] = signed["access_token"]
        entry = self.get("/v1/points/entries", who="chen")["items"][0]
        proof = self.get(f"/v1/points/entries/{entry['id']}/proof", who="chen")
        root = self.get(f"{notices}/{proof['period']}")["root"]
        checker = self.http.get(f"{notices}/checker").content
        self.tell(f"    {proof['period']} 公示的根 root {root[:16]}…，小陈的 {entry['kind']}：")
        for line in check(checker, proof, root):
            self.tell(f"      {line}")

    def _of_household(self, expected: int) -> int:
        spendable: int = self.get("/v1/points", who="fang")["spendable"]
        if spendable != expected:
            raise StoryFailed(f"the household has {spendable} points, not {expected}")
        return spendable


def check(checker: bytes, proof: dict[str, Any], root: str) -> list[str]:
    """What the published program says of a proof, alone in a process. Raises StoryFailed."""
    with TemporaryDirectory() as folder:
        program, file = Path(folder) / "checker.py", Path(folder) / "proof.json"
        program.write_bytes(checker)
        file.write_text(json.dumps(proof), encoding="utf-8")
        command = [sys.executable, "-I", str(program), str(file), root]
        told = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if told.returncode:
        raise StoryFailed(f"the checker refuses the proof: {told.stdout}{told.stderr}")
    return told.stdout.splitlines()
