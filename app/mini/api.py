"""The address that WeChat pushes to, and the codes (小程序码) that it draws for staff.

Whatever is wrong with a push, the answer is the same.
"""

from typing import Annotated

from fastapi import Query as InQuery
from fastapi import Request, Response
from fastapi.responses import PlainTextResponse
from sqlalchemy.orm import Session

from app.identity.access import Actor, holding
from app.identity.errors import PersonOnly, RoleMissing
from app.identity.models import Role
from app.kit import filing
from app.kit.http import in_transaction
from app.kit.marks import Resolver
from app.kit.problems import raises
from app.kit.router import Router
from app.kit.unit import Prepared
from app.mini import service
from app.wechat.answers import PICTURES, media_type
from app.wechat.errors import (
    PushRefused,
    WechatMisconfigured,
    WechatOff,
    WechatPageUnknown,
    WechatQuotaSpent,
    WechatTooOften,
    WechatUnavailable,
)  # fmt: skip
from app.wechat.pushes import PUSHES, Push, Query

router = Router(prefix="/v1/wechat", tags=["wechat 微信"])
find_maker = holding(Role.ADMINISTRATOR, Role.KEEPER)
Maker = Annotated[Actor, Resolver(find_maker)]
# What WeChat takes ("getUnlimitedQRCode"): these signs, and a page without slash in front or query.
Scene = Annotated[
    str,
    InQuery(
        pattern=r"^[0-9A-Za-z!#$&'()*+,/:;=?@._~-]{1,32}$",
        description="What the page is told when the code is scanned",
        examples=["store=7"],
    ),
]
PagePath = Annotated[
    str,
    InQuery(
        pattern=r"^[0-9A-Za-z_-]+(/[0-9A-Za-z_-]+)*$",
        max_length=128,
        description="A page of the published mini program",
        examples=["pages/index/index"],
    ),
]
DRAWN = raises(
    PersonOnly, RoleMissing, WechatPageUnknown, WechatTooOften, WechatUnavailable,
    WechatMisconfigured, WechatQuotaSpent, WechatOff,
)  # fmt: skip
DRAWN[200] = {"description": "The picture", "content": {kind: {} for kind in PICTURES.values()}}


@router.get("/push", response_class=PlainTextResponse, responses=raises(PushRefused))
async def greet_wechat(
    request: Request,
    timestamp: str = "",
    nonce: str = "",
    signature: str = "",
    echostr: str = "",
) -> PlainTextResponse:
    """Gives `echostr` back when WeChat asks whether this address is ours."""
    query = Query(timestamp, nonce, signature)
    return PlainTextResponse(request.app.state.postbox.greet(query, echostr))


async def open_push(
    request: Request,
    timestamp: str = "",
    nonce: str = "",
    signature: str = "",
    msg_signature: str = "",
) -> Prepared:
    query = Query(timestamp, nonce, signature, msg_signature)
    return Prepared({"push": request.app.state.postbox.open(query, await request.body())})


@router.post("/push", response_class=PlainTextResponse, responses=raises(PushRefused))
@in_transaction(first=open_push)
def take_push(tx: Session, push: Push) -> PlainTextResponse:
    """Takes a push of WeChat's, sealed or plain, as XML or JSON; what it asks for is done later."""
    PUSHES.labels("taken" if service.take(tx, push) else "repeated").inc()
    return PlainTextResponse("success")


async def draw(request: Request, scene: Scene, page: PagePath) -> Prepared:
    # WeChat counts what it is asked, so nobody else may ask, and nothing is locked meanwhile.
    await filing.read_as(request, find_maker, lambda _tx, _actor: None)
    return Prepared({"image": await request.app.state.wechat.make_code(scene, page)})


@router.get("/code", responses=DRAWN, response_class=Response)
@in_transaction(first=draw)
def get_code(tx: Session, actor: Maker, image: bytes) -> Response:  # noqa: ARG001
    """A code of the mini program to print and put up; it opens a page and lasts for ever."""
    return Response(image, media_type=media_type(image))
