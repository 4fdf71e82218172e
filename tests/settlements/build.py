"""A station of one's own for each test, with buyers, and the words of settling over HTTP."""

import itertools
from datetime import timedelta

from cast import VILLAGE, actor
from ledger.build import earn
from store.build import hand_out, key

from app.corrections import service as corrections
from app.corrections.schemas import RefundDraft
from app.identity.models import Role
from app.kit import clock
from app.kit.db import work
from app.ledger.models import Fund
from app.store import service as store
from app.store import stock

URL = "/v1/settlements"
_number = itertools.count(1)


class Shop:
    """A station with a keeper, a hundred soaps, and whoever comes to buy one."""

    def __init__(self, client, db, cast, as_, newcomer, region=VILLAGE):
        self.client, self.db, self.cast, self._as, self._newcomer = client, db, cast, as_, newcomer
        self.id = f"S{next(_number):03}"
        self.keeper = newcomer((Role.KEEPER, region), name="店主")
        with work(db, write=True) as tx:
            store.add_station(
                tx, id=self.id, name=f"驿站{self.id}", kind="central", region_code=region, lat=30.2,
                lng=105.8, hours=["00:00-24:00"], services=[],
            )  # fmt: skip
            store.add_keeper(tx, self.id, self.keeper.id)
            row = (self.id, cast.soap.id)
            stock.restock(tx, row, 100, source=f"d-{self.id}", actor_id=self.keeper.id)

    def held(self, buyer=None, quantity=1, lots=(3, 997)):
        """A redemption of soaps; the buyer's points lie in several lots."""
        buyer = buyer or self._newcomer(name="不该出现的人")
        with work(self.db, write=True) as tx:
            for points in lots:
                earn(tx, tx.get_one(Fund, self.cast.fund.id), buyer, points)
        lines = [{"item_id": str(self.cast.soap.id), "quantity": quantity}]
        body, headers = {"station_id": self.id, "lines": lines}, {**key(), **self._as(buyer)}
        made = self.client.post("/v1/redemptions", json=body, headers=headers)
        assert made.status_code == 201, made.text
        return made.json()

    def sold(self, quantity=1, **how):
        """Soaps handed out; each costs 400 fen."""
        redemption = self.held(quantity=quantity, **how)
        done = hand_out(self.client, self._as(self.keeper), redemption["code"])
        assert done.status_code == 200, done.text
        return redemption["id"]

    def taken_back(self, redemption_id, restock=False, cause="破损"):
        """Goods that came back: one person said so, another approved it."""
        ma, wu = actor(self.cast.ma, Role.FUND_MANAGER), actor(self.cast.wu, Role.FUND_APPROVER)
        draft = RefundDraft(kind="refund", source=redemption_id, restock=restock, cause=cause)
        with work(self.db, write=True) as tx:
            asked = corrections.propose(tx, ma, draft)
            corrections.approve(tx, wu, asked.id, None, timedelta(days=30))


def days(first=0, last=0):
    """The days of a period, counted from today; yesterday is -1."""
    today = clock.business_day(clock.now())
    return {
        "first_day": str(today + timedelta(days=first)),
        "last_day": str(today + timedelta(days=last)),
    }


class Office:
    """The people who settle with merchants."""

    def __init__(self, client, as_, cast):
        self._client, self._as, self.cast = client, as_, cast

    @property
    def ma(self):
        return self._as(self.cast.ma)

    @property
    def wu(self):
        return self._as(self.cast.wu)

    def draw(self, merchant, first=-30, last=-1, by=None):
        body = {"merchant": merchant, **days(first, last)}
        return self._client.post(URL, json=body, headers=by or self.ma)

    def drawn(self, merchant, **how):
        answer = self.draw(merchant, **how)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def do(self, verb, statement, by=None, **body):
        url = f"{URL}/{statement['id']}/{verb}"
        sent = {"json": body} if body else {}
        return self._client.post(url, headers=by or self.wu, **sent)

    def done(self, verb, statement, **how):
        answer = self.do(verb, statement, **how)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def paid(self, merchant):
        statement = self.drawn(merchant)
        self.done("approve", statement)
        return self.done("pay", statement, payment_ref="B-20261122-7")

    def read(self, statement, by=None, path=""):
        return self._client.get(f"{URL}/{statement['id']}{path}", headers=by or self.ma)


def tomorrow():
    """The period of today is over."""
    clock.shift(timedelta(days=1))
