"""Tables of the ledger. Everything but balances, remainders, purses and states is append-only."""

from app.ledger.models.book import MOST_FEN, Account, Balance, Journal, Transfer
from app.ledger.models.money import (
    Backing,
    Contribution,
    ContributionReturn,
    Contributor,
    Fund,
    PaidPart,
    PoolPart,
)  # fmt: skip
from app.ledger.models.points import MOST_POINTS, Debt, DebtPayment, Lot, LotUse, Purse

__all__ = [
    "MOST_FEN",
    "MOST_POINTS",
    "Account",
    "Backing",
    "Balance",
    "Contribution",
    "ContributionReturn",
    "Contributor",
    "Debt",
    "DebtPayment",
    "Fund",
    "Journal",
    "Lot",
    "LotUse",
    "PaidPart",
    "PoolPart",
    "Purse",
    "Transfer",
]
