"""Orders, one row for each article, as shops and marketplaces export them."""

from decimal import Decimal

from features.data_import.utils.declaring import Target, TargetColumn, names
from features.data_import.utils.types import ColumnType

# What exports write where they have nothing to tell.
_NOTHING = ("NULL", "null", "\\N", "N/A", "n/a", "#N/A")
_DASHES = ("-", "--", "—", "——", "/")
_NOTHING_TOLD = (*_NOTHING, *_DASHES, "无")
_NO_TIME = (*_NOTHING_TOLD, "0000-00-00 00:00:00", "0000-00-00", "未付款", "未支付")
_MOST_MONEY = Decimal("99999999999999.9999")

TARGET = Target(
    name="orders",
    title="Orders",
    table="orders",
    columns=(
        TargetColumn(
            "order_number",
            "Order number",
            ColumnType.TEXT,
            required=True,
            key=True,
            aliases=names(
                "order id | order no | order # | order | amazon order id | Name",
                "订单编号 | 订单号 | 订单号码 | 主订单编号 | 主订单号",
                "子订单编号 | 交易编号 | 平台订单号",
            ),
            max_length=64,
            null_values=_NOTHING,
            identifier=True,
        ),
        TargetColumn(
            "platform",
            "Platform",
            ColumnType.TEXT,
            key=True,
            aliases=names(
                "channel | sales channel | order channel | marketplace | source",
                "平台 | 平台名称 | 销售平台 | 来源平台 | 订单来源 | 渠道",
                "销售渠道",
            ),
            max_length=64,
            null_values=_NOTHING_TOLD,
        ),
        TargetColumn(
            "sku",
            "SKU",
            ColumnType.TEXT,
            key=True,
            aliases=names(
                "lineitem sku | variant sku | seller sku | item sku | sku id",
                "sku code | 商家编码 | 外部系统编号 | 商家SKUID",
                "商家编码-规格维度 | SKU编码 | 商品编码 | 货号",
            ),
            max_length=128,
            null_values=_NOTHING_TOLD,
            identifier=True,
        ),
        TargetColumn(
            "shop",
            "Shop",
            ColumnType.TEXT,
            aliases=names(
                "shop name | store | store name | vendor | 店铺 | 店铺名称",
                "店铺名 | 店名 | 商家名称",
            ),
            max_length=200,
            null_values=_NOTHING_TOLD,
        ),
        TargetColumn(
            "product",
            "Product",
            ColumnType.TEXT,
            aliases=names(
                "product name | product title | lineitem name | item name",
                "宝贝标题 | 标题 | 商品 | 商品名称 | 商品标题 | 选购商品",
                "产品名称",
            ),
            max_length=500,
            null_values=_NOTHING_TOLD,
        ),
        TargetColumn(
            "quantity",
            "Quantity",
            ColumnType.INTEGER,
            aliases=names(
                "qty | lineitem quantity | quantity purchased | units | 数量",
                "购买数量 | 订购数量 | 商品数量 | 商品数量(件) | 宝贝总数量",
                "宝贝数量 | 销售数量",
            ),
            minimum=-(2**31),
            maximum=2**31 - 1,
            null_values=_NOTHING_TOLD,
        ),
        TargetColumn(
            "unit_price",
            "Unit price",
            ColumnType.DECIMAL,
            aliases=names(
                "price | price per unit | lineitem price | item price | 单价",
                "价格 | 售价 | 商品单价 | 商品价格 | 宝贝单价 | 京东价",
            ),
            minimum=0,
            maximum=_MOST_MONEY,
            scale=4,
            null_values=_NOTHING_TOLD,
        ),
        TargetColumn(
            "amount",
            "Amount",
            ColumnType.DECIMAL,
            aliases=names(
                "total | total amount | order total | order amount | grand total",
                "sales | 总金额 | 订单金额 | 订单总额 | 订单总金额",
                "买家实际支付金额 | 买家实付金额 | 实付金额 | 用户实付金额(元)",
                "商家实收金额(元) | 订单应付金额 | 应付金额 | 结算金额 | 销售额",
                "金额",
            ),
            minimum=-_MOST_MONEY,
            maximum=_MOST_MONEY,
            scale=4,
            null_values=_NOTHING_TOLD,
        ),
        TargetColumn(
            "currency",
            "Currency",
            ColumnType.TEXT,
            aliases=names(
                "currency code | 币种 | 货币 | 币别 | 结算币种",
            ),
            pattern="[A-Z]{3}",
            example="CNY",
            null_values=_NOTHING_TOLD,
            upper=True,
        ),
        TargetColumn(
            "status",
            "Status",
            ColumnType.TEXT,
            aliases=names(
                "order status | financial status | item status | 订单状态",
                "交易状态 | 状态",
            ),
            max_length=64,
            null_values=_NOTHING_TOLD,
        ),
        TargetColumn(
            "paid_at",
            "Paid at",
            ColumnType.TIMESTAMP,
            aliases=names(
                "payment date | payments date | payment time | date paid",
                "订单付款时间 | 付款时间 | 支付时间 | 支付完成时间 | 付款确认时间",
                "买家付款时间",
            ),
            null_values=_NO_TIME,
        ),
        TargetColumn(
            "created_at",
            "Created at",
            ColumnType.TIMESTAMP,
            aliases=names(
                "order date | order time | purchase date | date created | created",
                "订单创建时间 | 创建时间 | 订单提交时间 | 下单时间 | 拍下时间",
                "订单日期 | 下单日期 | 销售日期",
            ),
            null_values=_NO_TIME,
        ),
        TargetColumn(
            "province",
            "Province",
            ColumnType.TEXT,
            aliases=names(
                "state | ship state | shipping state | shipping province",
                "shipping province name | state/province | 省 | 省份 | 收货省份",
                "收件省 | 收货人省份 | 收货地址",
            ),
            max_length=100,
            null_values=_NOTHING_TOLD,
        ),
        TargetColumn(
            "city",
            "City",
            ColumnType.TEXT,
            aliases=names(
                "ship city | shipping city | 市 | 城市 | 收货城市 | 收件市",
                "收货人城市",
            ),
            max_length=100,
            null_values=_NOTHING_TOLD,
        ),
        TargetColumn(
            "buyer_hash",
            "Buyer",
            ColumnType.TEXT,
            aliases=names(
                "buyer id | buyer | customer id | customer | 买家 | 买家ID",
                "买家会员名 | 买家昵称 | 下单帐号 | 下单账号",
            ),
            max_length=128,
            null_values=_NOTHING_TOLD,
        ),
    ),
)
