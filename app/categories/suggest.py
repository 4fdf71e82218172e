"""A category from a description: keywords, and counts of a district's own closed cases.

Multinomial naive Bayes over pairs of characters (Manning, Raghavan, Schütze: Introduction to
Information Retrieval, 13.2) with Dirichlet smoothing towards the words of all cases, so that a
category without cases is neither favoured nor shut out. It proposes and never decides.
"""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from math import exp, log
from typing import Any, NamedTuple

from app.kit import bigrams

MOST_WORDS = 5000
MOST_SUGGESTIONS = 3
MOST_REASONS = 5
# Below this a suggestion would only distract.
LEAST_CONFIDENCE = 0.15
# A word of a single case may be somebody's name; it tells nothing about the next case either.
LEAST_CASES = 2
# How many words of smoothing each category gets.
SMOOTHING = 10.0
# Pairs of characters overlap, so they count for less than independent words would.
TEMPER = 0.6
Model = Mapping[str, Any]


class Keyword(NamedTuple):
    """A word that speaks for a category before anything was learnt; the weight adds to log odds."""

    word: str
    code: str
    weight: float


class Suggestion(NamedTuple):
    """A proposed category; `confidence` 0..1, `why` the words of the text that speak for it."""

    code: str
    confidence: float
    why: list[str]


def learn(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The counts of (text, category) pairs, as JSON can hold them.

    {"cases": {code: n}, "totals": {code: words}, "words": {word: {code: n}}}, with at most
    MOST_WORDS words: those that tell most about the category. Digits are left out, for they are
    phone numbers and plates.
    """
    cases: Counter[str] = Counter()
    words: dict[str, Counter[str]] = defaultdict(Counter)
    for text, code in pairs:
        cases[code] += 1
        for word in _words(text):
            words[word][code] += 1
    telling = {
        word: told
        for word, counts in words.items()
        if counts.total() >= LEAST_CASES and (told := tells(counts, cases)) > log(len(cases))
    }
    # By the word where they tell as much: the same cases make the same model on every run.
    kept = sorted(telling, key=lambda word: (-telling[word], word))[:MOST_WORDS]
    totals: Counter[str] = Counter()
    for word in kept:
        totals.update(words[word])
    return {
        "cases": dict(cases), "totals": dict(totals),
        "words": {word: dict(words[word]) for word in kept},
    }  # fmt: skip


def tells(counts: Mapping[str, int], cases: Mapping[str, int]) -> float:
    """How surely a word belongs to its most frequent category, in nats.

    The log likelihood ratio of its share there against that category's share of all cases
    (Dunning, Accurate Methods for the Statistics of Surprise and Coincidence, 1993). A word that
    is used of everything reaches log(number of categories) by chance.
    """
    every, here = sum(cases.values()), sum(counts.values())
    code = max(sorted(counts), key=lambda code: counts[code] / cases[code])
    share, prior = counts[code] / here, cases[code] / every
    if share <= prior:
        return 0.0
    inside = share * log(share / prior)
    outside = (1 - share) * log((1 - share) / (1 - prior)) if share < 1 else 0.0
    return here * (inside + outside)


def suggest(
    text: str,
    model: Model | None,
    keywords: Sequence[Keyword],
    *,
    among: Collection[str] | None = None,
) -> list[Suggestion]:
    """At most three categories, the likeliest first; none for a text that tells nothing.

    The confidence is the posterior among all candidates and "none of them", times how much the
    text tells at all. `among` limits the candidates to categories in use.
    """
    votes, evidence = _votes(text, model, keywords)
    codes = {code for code in votes if among is None or code in among}
    if not codes or evidence <= 0:
        return []
    cases: Mapping[str, int] = model["cases"] if model else {}
    whole = sum(cases.values()) + len(codes) + 1
    odds = {c: log((cases.get(c, 0) + 1) / whole) + sum(votes[c].values()) for c in codes}
    none = log(1 / whole)
    # A long text would be too much for `exp`; the greatest is taken off all.
    top = max(none, *odds.values())
    weights = {code: exp(value - top) for code, value in odds.items()}
    told = (1 - exp(-evidence)) / (sum(weights.values()) + exp(none - top))
    best = sorted(codes, key=lambda code: (-weights[code], code))[:MOST_SUGGESTIONS]
    found = [Suggestion(c, round(weights[c] * told, 3), _why(votes[c])) for c in best]
    return [one for one in found if one.confidence >= LEAST_CONFIDENCE]


def _votes(
    text: str, model: Model | None, keywords: Sequence[Keyword]
) -> tuple[dict[str, dict[str, float]], float]:
    """For each candidate what each word adds to its log odds; and how much the text tells."""
    votes: dict[str, dict[str, float]] = defaultdict(dict)
    evidence = 0.0
    plain = _plain(text)
    for keyword in keywords:
        if _plain(keyword.word) in plain:
            votes[keyword.code][keyword.word] = keyword.weight
            evidence += keyword.weight
    if not model:
        return votes, evidence
    known: Mapping[str, Mapping[str, int]] = model["words"]
    totals, cases = model["totals"], model["cases"]
    every = sum(totals.values())
    for word in _words(text):
        counts = known.get(word)
        if not counts:
            continue
        # What chance alone would reach is taken off, so that greetings and places keep quiet.
        worth = max(0.0, 1 - log(len(cases)) / tells(counts, cases))
        evidence += worth
        share = sum(counts.values()) / every
        for code in cases:
            likely = (counts.get(code, 0) / share + SMOOTHING) / (totals.get(code, 0) + SMOOTHING)
            votes[code][word] = votes[code].get(word, 0.0) + TEMPER * worth * log(likely)
    return votes, evidence


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKD", text).casefold()


def _words(text: str) -> list[str]:
    # A lone character says little, and each run of text ends in one.
    return [w for w in bigrams.words(text) if len(w) > 1 and not any(c.isdigit() for c in w)]


def _why(votes: Mapping[str, float]) -> list[str]:
    speaking = [word for word, vote in votes.items() if vote > 0]
    return sorted(speaking, key=lambda word: (-votes[word], word))[:MOST_REASONS]
