"""What the server and its worker work with: made from the settings, found by `FromApp`."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

import anyio
import anyio.to_thread
from fastapi import FastAPI
from sqlalchemy.orm import Session

from app.cases import deeds
from app.conduct.rules import Caps
from app.grids.service import GridCache
from app.identity.access import CONSENT
from app.identity.steps import StaffRules
from app.identity.tokens import TokenKeys, key_id
from app.kit.db import Database, make_database, work
from app.kit.idempotency import InFlight
from app.kit.seal import Seal
from app.ledger.codes import TraceCodes
from app.media.bucket import Bucket, LocalBucket
from app.media.decoder import Decoder
from app.media.remote import Place, RemoteBucket, place_of
from app.media.views import Signer
from app.mini.tokens import SharedShelf
from app.notify import channels
from app.privacy import service as privacy_service
from app.safety.asking import Asker
from app.settings import Settings
from app.store.codes import Codes
from app.till.codes import MemberCodes
from app.uploads import policies
from app.webhooks.carrier import Carrier
from app.webhooks.rules import Reach
from app.wechat.client import WechatClient
from app.wechat.errands import Errands
from app.wechat.pushes import Postbox
from app.wechat.robots import Robots
from app.worker import Tools

T = TypeVar("T")
# What a new report and its photos are until somebody looked at them.
FIRST_VERDICT = {"off": "passed", "manual": "held", "wechat": "waiting"}


def furnish(app: FastAPI, settings: Settings) -> None:
    """Puts what endpoints take by `FromApp` on the application's state."""
    state = app.state
    state.settings = settings
    state.strict = False
    state.db = make_database(settings.database_url, pool_size=settings.pool_size)
    # As many threads as connections: a thread that waits for one would stall its holder's commit.
    state.threads = anyio.CapacityLimiter(settings.pool_size)
    state.hashing = anyio.CapacityLimiter(2)
    state.printing = anyio.CapacityLimiter(1)
    state.in_flight = InFlight()
    state.token_keys = TokenKeys(_token_secrets(settings))
    state.bucket = bucket_of(settings)
    place = place_of_photos(settings)
    # Where no form can be signed, photos go through the server.
    state.upload_place = place if place is not None and policies.can_sign(place) else None
    state.decoder = Decoder(settings.decoders)
    # Staff cover one photo at a time. Uploads never meet OpenCV: it sees our derivatives only.
    state.coverer = Decoder(1, faces=True) if settings.faces == "cover" else state.decoder
    state.signer = signer_of(settings)
    state.grids = GridCache()
    code_secret = settings.code_secret.get_secret_value().encode()
    state.codes = Codes(
        code_secret,
        timedelta(minutes=settings.redemption_minutes),
        timedelta(minutes=settings.offline_minutes),
    )
    state.member_codes = MemberCodes(code_secret)
    state.trace_codes = TraceCodes(code_secret)
    state.seal = Seal(*settings.seal_secrets)
    state.staff_rules = StaffRules(settings.staff_totp, settings.password_profile)
    state.wechat_appid = settings.wechat_appid
    state.wechat = wechat_of(settings, state.seal, state.db)
    # The worker's thread has no event loop, and a client belongs to one.
    state.errands = Errands(lambda: wechat_of(settings, state.seal, state.db))
    state.first_verdict = FIRST_VERDICT[settings.content_safety]
    state.asker = asker_of(settings, state.errands)
    open_channels(state.db, settings)
    if settings.consent_required:
        state.db.info[CONSENT] = privacy_service.require_consent
    state.postbox = Postbox(
        settings.wechat_appid,
        settings.wechat_push_token.get_secret_value(),
        settings.wechat_push_aes_key.get_secret_value(),
    )
    state.webhook_reach = reach_of(settings)
    state.carrier = Carrier(state.seal, state.webhook_reach)
    state.robots = Robots(state.seal, settings.wecom_url)
    state.caps = Caps(*settings.day_caps)
    # Previews of rules stand below the cases that tell what was done.
    state.deeds = deeds.deeds
    set_windows(state, settings)


def set_windows(state: Any, settings: Settings) -> None:
    """How long things may be asked for, wait or last."""
    state.objection = timedelta(hours=settings.objection_hours)
    state.reopen_window = timedelta(days=settings.reopen_days)
    state.appeal_window = timedelta(days=settings.appeal_days)
    state.rating_window = timedelta(days=settings.rating_days)
    state.refund_grace = timedelta(days=settings.refund_grace_days)


def place_of_photos(settings: Settings) -> Place | None:
    """The object store that photos are kept in, if one is set; raises ValueError."""
    if not settings.bucket_url:
        return None
    secret = settings.bucket_secret.get_secret_value()
    return place_of(settings.bucket_url, settings.bucket_key, secret)


def bucket_of(settings: Settings) -> Bucket:
    """Where photos are kept: an object store if one is set, else a folder."""
    place = place_of_photos(settings)
    if place is None:
        return LocalBucket(settings.data_dir)
    return RemoteBucket(place, direct_reads=settings.bucket_direct_reads)


def wechat_of(settings: Settings, seal: Seal, db: Database) -> WechatClient:
    """A client of WeChat's for one event loop; all share the token that the database keeps."""

    def run(function: Callable[[Session], T], *, write: bool) -> T:
        with work(db, write=write) as tx:
            return function(tx)

    shelf = SharedShelf(settings.wechat_appid, seal, run)
    secret = settings.wechat_secret.get_secret_value()
    return WechatClient(settings.wechat_appid, secret, settings.wechat_url, shelf=shelf)


def open_channels(db: Database, settings: Settings) -> None:
    """Tells every unit which messages WeChat may bring a copy of; raises ValueError."""
    db.info[channels.INFO] = channels.Templates.read(
        settings.wechat_appid, settings.wechat_templates
    )


def signer_of(settings: Settings) -> Signer:
    """Who signs the addresses of photos."""
    secret = settings.media_secret.get_secret_value().encode()
    return Signer(secret, timedelta(minutes=settings.media_url_minutes))


def asker_of(settings: Settings, errands: Errands) -> Asker | None:
    """Who asks WeChat about contents; nobody where people or nobody look."""
    if settings.content_safety != "wechat":
        return None
    return Asker(errands, settings.wechat_appid, settings.public_url, signer_of(settings))


def reach_of(settings: Settings) -> Reach:
    """Whom webhooks may reach here: over https and in the open, unless this is development."""
    return Reach(plain=settings.in_development, private=settings.webhook_private_allowed)


def _token_secrets(settings: Settings) -> dict[str, str]:
    keys = [settings.token_secret, settings.token_secret_previous]
    values = [key.get_secret_value() for key in keys if key is not None]
    # The key id names the secret without giving it away, so either order of rotation works.
    return {key_id(value): value for value in values}


def tools_of(state: Any) -> Tools:
    """What the worker beside this server works with."""
    return Tools(
        state.db, state.bucket, state.grids, state.robots, carrier=state.carrier,
        objection=state.objection, trace_codes=state.trace_codes, errands=state.errands,
        asker=state.asker, seal=state.seal,
    )  # fmt: skip
