"""words of a category as data

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

from app.kit import columns

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# What was part of the service until now: category, weight, words.
SEED = """
C0101 2 井盖 窨井
C0102 2.5 污水井
C0103 2.5 雨水井
C0104 3 雨水箅子 雨箅子
C0105 2.5 电力井
C0106 2.5 路灯井
C0107 2.5 通信井 通讯井
C0111 2.5 燃气井
C0113 2 灭火器
C0113 3 消防栓
C0115 3 交接箱
C0116 2.5 配电箱 漏电
C0116 3 变压器 电线掉 裸露电线 电线裸露
C0117 2 电线杆
C0118 2 路灯 灯不亮
C0126 3 健身器材
C0203 1.5 公交站
C0203 2.5 候车亭
C0205 2 天桥
C0209 1.5 指示牌
C0209 2 标志牌
C0210 2.5 信号灯
C0210 3 红绿灯
C0214 1.5 栏杆
C0214 2 护栏
C0301 2 厕所
C0301 3 公厕
C0305 2 垃圾桶
C0305 2.5 垃圾箱
C0307 2 广告牌 招牌
C0402 1.5 大树
C0402 2 树枝
C0402 3 树倒 行道树
C0405 1.5 草坪 绿化带
E0101 2 搭棚
E0101 2.5 乱建 彩钢棚
E0101 3 私搭 违建
E0102 1.5 垃圾
E0103 2.5 渣土 建筑垃圾
E0104 2.5 路面脏
E0105 2 河面
E0105 2.5 水面漂
E0108 2 路坑 坑洞
E0108 2.5 路面坑 坑洼
E0108 3 路面破损
E0201 3 小广告 牛皮癣
E0204 2.5 传单
E0301 2.5 夜间施工
E0301 3 施工噪音
E0302 2.5 扬尘
E0305 2.5 撒漏
E0305 3 遗撒
E0401 2.5 地陷
E0401 3 塌陷
E0402 1.5 自来水
E0402 3 水管爆 爆管
E0403 2 天然气
E0403 2.5 煤气
E0403 3.5 燃气泄漏
E0404 2.5 下水道 污水外溢
E0406 2 被淹
E0406 2.5 积水
E0501 2.5 流动摊 小贩
E0501 3 游商
E0504 2.5 店外 占道经营
E0505 2 车乱停 堵消防通道
E0505 2.5 违停
E0506 1.5 电动车 自行车
E0506 2.5 共享单车
E0507 1.5 杂物
E0507 2 乱堆
E0507 2.5 堆料
E0601 1.5 玉米 油菜 柠檬树
E0601 2 水稻 庄稼
E0601 2.5 虫害 病虫
E0601 3 稻瘟 蝗虫
"""


def upgrade() -> None:
    words = op.create_table(
        "category_keywords",
        sa.Column("word", columns.CodeText, nullable=False),
        sa.Column("category_code", columns.CodeText, nullable=False),
        sa.Column("weight", columns.Number, nullable=False),
        sa.CheckConstraint("length(word) BETWEEN 1 AND 40", name=op.f("ck_category_keywords_word")),
        sa.CheckConstraint("weight > 0 AND weight <= 10", name=op.f("ck_category_keywords_weight")),
        sa.ForeignKeyConstraint(
            ["category_code"], ["categories.code"], name=op.f("fk_category_keywords_category_code")
        ),
        sa.PrimaryKeyConstraint("word", "category_code", name=op.f("pk_category_keywords")),
        sqlite_strict=True,
    )
    # A new installation has no categories yet: there they come with `import-seed`.
    known = set(op.get_bind().scalars(sa.text("SELECT code FROM categories")))
    lines = (line.split() for line in SEED.split("\n") if line)
    op.bulk_insert(
        words,
        [
            {"word": word, "category_code": code, "weight": float(weight)}
            for code, weight, *of_it in lines
            if code in known
            for word in of_it
        ],
    )


def downgrade() -> None:
    """Words that a district changed are lost: the version before knew only its own."""
    op.drop_table("category_keywords")
