"""A row of every newer table whose rows are facts or frozen, after a legal history."""

from datetime import timedelta

from cast import DISTRICT, STATION
from ledger.build import earn, fulfil, hold
from sqlalchemy import select

from app.corrections.models import Correction
from app.households.models import Household, HouseholdInvitation, HouseholdMember
from app.identity.models import ApiClient
from app.kit import clock
from app.kit.ids import new_id
from app.ledger import book, funds, reversing, sharing
from app.ledger.models import Account, Contribution, ContributionReturn, Journal, Transfer
from app.proofs.models import Notice, NoticeEntry, Seal
from app.rewards.models import Award, Campaign, Objection
from app.settlements.models import MerchantLine, MerchantStatement
from app.store.models import CounterException, Redemption, StockTake
from app.till.models import TillHold

MERCHANT = "TN001"


def live_together(tx, shop):
    """Two share a purse, an award is reversed and its debt repaid, goods come back, money goes."""
    by = book.Hands(shop.ma.id, shop.wu.id)
    home = new_id()
    for person in (shop.zhou, shop.wang):
        earn(tx, shop.fund, person, 8, days=30)
        sharing.join(tx, source=f"stay-{person.id}", person_id=person.id, household_id=home)
    sharing.leave(
        tx, source=f"stay-{shop.wang.id}", person_id=shop.wang.id, household_id=home,
        split="equal", members=2,
    )  # fmt: skip
    award = earn(tx, shop.fund, shop.li, 6)
    fulfil(tx, hold(tx, shop.li, 4), 300)
    reversing.reverse(tx, source=award, reason="false", by=by)
    earn(tx, shop.fund, shop.li, 3)
    back = hold(tx, shop.zhou, 2)
    fulfil(tx, back, 150)
    reversing.refund(tx, source=back, merchant=MERCHANT, reason="broken", grace=timedelta(), by=by)
    reversing.pay_out(
        tx, source="statement-1", merchant=MERCHANT, fen=200, reason="statement", by=by
    )
    shop.fund.shards = 2
    tx.flush()
    funds.rebalance(tx, shop.fund.id, "1")


def add_rows(tx, shop):
    """What other features write, as bare rows."""
    now, li, wang = clock.now(), shop.li.id, shop.wang.id
    home = Household(
        id=new_id(), name="李家", split="equal", head_id=li, state="active", created_at=now
    )
    client = ApiClient(
        id="till", name="外部超市", secret_hash="x", scopes=[], region_code=DISTRICT,
        state="active", development=False, created_at=now,
    )  # fmt: skip
    journal = tx.scalar(select(Journal.id).limit(1))
    notice = Notice(
        id=new_id(), period="2026-10", first_position=1, last_position=1, root="0" * 64,
        chain="0" * 64, earned=1, redeemed=1, members=1, blocks=[], published_at=now,
    )  # fmt: skip
    statement = MerchantStatement(
        id=new_id(), number="JS-1", merchant=MERCHANT, region_code=DISTRICT,
        first_day="2026-10-01", last_day="2026-10-31", fen=1, state="drawn", drawn_by=li,
        drawn_at=now,
    )  # fmt: skip
    tx.add_all([home, client, notice, statement])
    tx.add(Seal(position=1, journal_id=journal, leaf="0" * 64, chain="0" * 64, sealed_at=now))
    tx.flush()
    award = tx.scalar(select(Award.id).limit(1))
    cancelled = select(Redemption.id).where(Redemption.state == "cancelled")
    account = tx.scalar(select(Account.id).where(Account.kind == "member").limit(1))
    given = tx.scalar(select(Contribution.id).limit(1))
    tx.add_all(
        [
            ContributionReturn(
                id=new_id(), contribution_id=given, fen=1, reason="x", state="proposed",
                proposed_by=li, proposed_at=now,
            ),
            HouseholdMember(id=new_id(), household_id=home.id, person_id=li, joined_at=now),
            HouseholdInvitation(
                id=new_id(), household_id=home.id, person_id=wang, asked_by=li, state="asked",
                created_at=now,
            ),
            NoticeEntry(
                id=new_id(), notice_id=notice.id, account_id=account, earned=1, redeemed=1,
                created_at=now,
            ),
            MerchantLine(
                statement_id=statement.id, transfer_id=merchant_transfer(tx), fen=1
            ),
            Objection(
                id=new_id(), award_id=award, raised_by=wang, reason="x", state="open",
                raised_at=now,
            ),
            Correction(
                id=new_id(), kind="award", person_id=shop.zhou.id, region_code=DISTRICT, points=5,
                event="manual.awarded", cause="x", state="proposed", proposed_by=li,
                proposed_at=now,
            ),
            Campaign(
                id=new_id(), code="autumn", name="秋", name_en="Autumn", event="report.filed",
                fund_id=shop.fund.id, percent=150, budget=100, used=0, begins_at=now,
                ends_at=now + timedelta(days=1), created_at=now,
            ),
            StockTake(
                id=new_id(), station_id=STATION, item_id=shop.soap.id, counted=10, expected=10,
                reason="x", actor_id=li, created_at=now,
            ),
            CounterException(
                id=new_id(), station_id=STATION, redemption_id=tx.scalar(cancelled),
                acceptance="a-1", why="cancelled", keeper_id=li, accepted_at=now, created_at=now,
            ),
            TillHold(
                id=new_id(), client_id="till", reference="r-1", person_id=li, points=1,
                cost_fen=1, state="held", created_at=now, expires_at=now,
            ),
        ]
    )  # fmt: skip
    tx.flush()


def merchant_transfer(tx):
    """A transfer on the merchant's account."""
    payable = book.account(tx, "CNY", "payable", MERCHANT)
    return tx.scalar(select(Transfer.id).where(Transfer.credit_account_id == payable).limit(1))
