"""The story of record over HTTP: each step is a request with its own key, told as it happens."""

import base64
import io
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import httpx
from PIL import Image, ImageDraw, ImageOps

from app.demo import sample
from app.demo.teller import StoryFailed, Teller, checked
from app.grids.gcj02 import to_gcj02


class Story(Teller):
    """One run of the story."""

    @property
    def steps(self) -> list[Callable[[], None]]:
        return [
            self.liu_bo_signs_in, self.he_photographs_the_cover, self.he_reports_it,
            self.it_reaches_its_grid, self.wang_files_it, self.wang_takes_it_on,
            self.wang_repairs_it, self.sun_checks_and_closes, self.liu_bo_is_told,
            self.he_swaps_points, self.li_hands_the_soap_out, self.the_till_asks,
            self.the_giver_looks,
        ]  # fmt: skip

    def play(self) -> None:
        """Plays every step. Raises StoryFailed, httpx.HTTPError."""
        for number, step in enumerate(self.steps, start=1):
            self.tell(f"\n【{number}】{(step.__doc__ or '').strip()}")
            step()

    def liu_bo_signs_in(self) -> None:
        """骑手刘波打开小程序，微信登录。 Rider Liu Bo opens the mini-program and signs in."""
        code = self.wechat.issue_code(f"liu-bo-{self.run_id.hex[:12]}")
        signed = self.post("/v1/auth/wechat", {"code": code})
        self.memory["liu"] = signed["access_token"]
        me = {"name": "刘波", "occupation": "rider", "employer": "美味外卖"}
        person = self.send("PUT", "/v1/me", me, who="liu", key="me")
        self.memory["member_no"] = person["member_no"]
        self.tell(f"    会员号 member {person['member_no']}，id {person['id']}")

    def he_photographs_the_cover(self) -> None:
        """送餐路上，他拍下破损的井盖（示例照片其实只是街道）。 He photographs a damaged cover."""
        data = (files("app.demo") / "data" / "street.jpg").read_bytes()
        photo = self.upload(data, who="liu", key="before")
        self.memory["before"] = photo["id"]
        self.tell(
            f"    照片 photo {photo['id']}，{photo['width']}x{photo['height']}，已转正并去除定位"
        )
        if self.http.get(photo["urls"]["thumb"]).status_code != httpx.codes.OK:
            raise StoryFailed("the thumbnail cannot be fetched")

    def he_reports_it(self) -> None:
        """他写一句话，带上微信给的位置（GCJ-02），提交。 He reports it with WeChat's place."""
        lat, lng = to_gcj02(*sample.SPOT)
        report = self.post(
            "/v1/reports",
            {
                "description": "人行道上的井盖破损，一踩就晃，很危险",
                "category": "manhole",
                "photo_ids": [self.memory["before"]],
                "place": {"lat": lat, "lng": lng, "crs": "gcj02", "accuracy_m": 20},
            },
            who="liu",
            key="report",
        )
        self.memory["report"] = report["id"]
        self.tell(f"    上报 report {report['id']}：{report['status']}")

    def it_reaches_its_grid(self) -> None:
        """系统找到管这块地的网格，生成案件。 It is routed to the grid that owns the spot."""
        path = f"/v1/reports/{self.memory['report']}"
        report = self.until(path, "liu", lambda r: r["case_number"] is not None)
        self.memory["number"] = report["case_number"]
        self.tell(f"    案件 case {report['case_number']} → {report['grid_name']}")

    def wang_files_it(self) -> None:
        """网格员小王收到案件：井盖属紧急类，直接立案。 Wang files it at once: a hazard."""
        self.staff_signs_in("wang")
        cases = self.get("/v1/cases?limit=100", who="wang")["items"]
        case = next(c for c in cases if c["number"] == self.memory["number"])
        self.memory["case"] = case["id"]
        self.tell(f"    可做 moves: {'、'.join(m['label'] for m in case['moves']) or '—'}")
        self.move("wang", "file", category_code="C0101", note="现场核实，井盖破损")
        points = self.get("/v1/points", who="liu")
        self.tell(f"    刘波的积分：在途 {points['on_the_way']}，可用 {points['spendable']}")

    def wang_takes_it_on(self) -> None:
        """派给自己、签收，先围挡防护；24 小时时限开始。 He takes it on, guards the spot."""
        who = self.get("/v1/me", who="wang")["id"]
        case = self.move("wang", "dispatch", assignee_id=who, public_note="正在安排更换")
        self.tell(f"    处置时限 due {case['handle_due_at']}")
        self.move("wang", "accept")
        self.move("wang", "make_safe", note="已放置围挡和警示牌", public_note="现场已围挡")

    def wang_repairs_it(self) -> None:
        """换上新井盖，拍照为证。 A new cover is put in; a photo proves it."""
        photo = self.upload(after_photo(), who="wang", key="after")
        self.move("wang", "resolve", photo_ids=[photo["id"]], note="已更换新井盖")

    def sun_checks_and_closes(self) -> None:
        """核查员老孙（不是处置人）核查，结案。 Sun, who did not handle it, checks and closes."""
        self.staff_signs_in("sun")
        case = self.move("sun", "close", outcome="fixed", public_note="新井盖已装好，请放心通行。")
        self.tell(f"    结案 {case['status']}：{case['outcome']}，第 {case['version']} 版")

    def liu_bo_is_told(self) -> None:
        """刘波收到结案通知和积分。 Liu Bo is told, and the points are his."""
        inbox = self.until(
            "/v1/inbox", "liu", lambda box: any(m["kind"] == "report.closed" for m in box["items"])
        )
        closed = next(m for m in inbox["items"] if m["kind"] == "report.closed")
        self.tell(f"    “{closed['text']}”")
        points = self.get("/v1/points", who="liu")
        self.tell(f"    可用积分 spendable {points['spendable']}")

    def he_swaps_points(self) -> None:
        """他到外滩商圈暖新驿站，用 5 积分换一块香皂。 He swaps 5 points for soap."""
        held = self.redeem("liu", "soap", key="redeem")
        self.memory["code"] = held["code"]
        self.tell(f"    兑换 redemption {held['id']}，兑换码 code {held['code']}")

    def redeem(self, who: str, code: str, *, key: str) -> dict[str, Any]:
        """Holds one piece of these goods at the story's station."""
        items = self.get(f"/v1/items?station={sample.STATION}")["items"]
        item = next(item for item in items if item["code"] == code)
        lines = [{"item_id": item["id"], "quantity": 1}]
        body = {"station_id": sample.STATION, "lines": lines}
        return self.post("/v1/redemptions", body, who=who, key=key)

    def li_hands_the_soap_out(self) -> None:
        """店主老李核销兑换码，递上香皂。 Li checks the code and hands the soap over."""
        self.staff_signs_in("li")
        body = {"code": self.memory["code"]}
        done = self.post("/v1/redemptions/fulfil", body, who="li", key="fulfil")
        self.tell(
            f"    {done['state']}：{done['lines'][0]['name']} x{done['lines'][0]['quantity']}"
        )

    def the_till_asks(self) -> None:
        """积分超市的收银台查余额。 The store's till asks for his balance."""
        basic = base64.b64encode(f"{sample.TILL}:{sample.TILL_SECRET}".encode()).decode()
        answer = self.http.post(
            "/v1/auth/token",
            data={"grant_type": "client_credentials", "scope": "points:read"},
            headers={"Authorization": f"Basic {basic}"},
        )
        self.memory["till"] = checked(answer)["access_token"]
        points = self.get(f"/v1/members/{self.memory['member_no']}/points", who="till")
        self.tell(f"    会员 {points['member_no']} 可用 {points['spendable']}")
        if points["spendable"] != 5:  # noqa: PLR2004 - ten earned, five spent
            raise StoryFailed("ten points earned and five spent leave five")

    def the_giver_looks(self) -> None:
        """出资方查看：每一分钱在哪里。 Those who gave see where each fen is."""
        self.staff_signs_in("ma")
        for fund in self.get("/v1/funds", who="ma")["items"]:
            self.tell(
                f"    {fund['name']}：共 {fund['contributed_fen'] / 100:.2f} 元 ="
                f" 可用 {fund['available_fen'] / 100:.2f} + 在积分后面"
                f" {fund['reserved_fen'] / 100:.2f} + 已付商品 {fund['paid_fen'] / 100:.2f}"
            )
        self.get("/v1/me/summary", who="liu")


def after_photo() -> bytes:
    """The street with a new cover drawn on it: the closing photo must not be the opening one."""
    street = io.BytesIO((files("app.demo") / "data" / "street.jpg").read_bytes())
    picture = ImageOps.exif_transpose(Image.open(street)).convert("RGB")
    width, height = picture.size
    spot = (width * 0.35, height * 0.72, width * 0.65, height * 0.86)
    ImageDraw.Draw(picture).ellipse(spot, fill=(70, 72, 75), outline=(30, 30, 30), width=6)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=88)
    return out.getvalue()
