"""What is in each real file, as a person who has looked at it would say."""

from typing import Final, NamedTuple

from tests.integration.independent import Notation

_TEXTS: Final = ("utf-8", ",")
_SHORT: Final = {
    "T": "TEXT",
    "I": "INTEGER",
    "N": "DECIMAL",
    "B": "BOOLEAN",
    "D": "DATE",
    "M": "TIMESTAMP",
}


class RealFile(NamedTuple):
    """A file, or one of its sheets, and what a dataset made of it is to have.

    `columns` names each column behind the letter of its type; `rejected` has the code
    of each row that the file's errors keep out. No `sheet`: the one found by itself.
    """

    name: str
    rows: int
    columns: str
    sheet: str | None = None
    header: int = 1
    text: tuple[str, str] | None = None
    notation: Notation = Notation()
    rejected: dict[int, str] = {}
    chosen: str | None = None

    @property
    def types(self) -> list[tuple[str, str]]:
        """Its columns' names and types."""
        return [(one[2:], _SHORT[one[0]]) for one in self.columns.strip("|").split("|")]

    @property
    def id(self) -> str:
        """What a test of it is called."""
        return f"{self.name}-{self.sheet}" if self.sheet else self.name


_SUPERSTORE: Final = (
    "I Row ID|T Order ID|D Order Date|D Ship Date|T Ship Mode|T Customer ID|"
    "T Customer Name|T Segment|T Country/Region|T City|T State/Province|T Postal Code|"
    "T Region|T Product ID|T Category|T Sub-Category|T Product Name|N Sales|I Quantity|"
    "N Discount|N Profit"
)
_MEALS: Final = (
    "I detail_id|I order_id|I dishes_id|T logicprn_name|T parent_class_name|"
    "T dishes_name|I itemis_add|I counts|I amounts|T cost|M place_order_time|"
    "T discount_amt|T discount_reason|T kick_back|I add_inprice|T add_info|T bar_code|"
    "T picture_file|I emp_id"
)
# A board of small tables side by side, whose headings stand in the third row.
_ANALYST: Final = (
    "I  DAY|N Total|T Column D|T Sum of TOTAL BUYING VALUE|"
    "N Sum of TOTAL SELLING VALUE|T month|I Sum of TOTAL BUYING VALUE (2)|"
    "N Sum of TOTAL SELLING VALUE (2)|T Month|N Sales|N Profit |N Profit %|T Product01|"
    "T Kg|N 9764.72|I 94|I 19|T Product01 (2)|T Kg (2)|N 9764.72 (2)|I 94 (2)|"
    "T Product01 (3)|N 9764.72 (3)|T CATEGORY|N TOTAL|I Column AH|T Column AI|"
    "N Column AJ|T SALE TYPE|N TOTAL (2)|T PAYMENT MODE|N TOTAL (3)"
)
FILES: Final = (
    RealFile(
        "uci_online_retail_40k.xlsx",
        40_000,
        "T InvoiceNo|T StockCode|T Description|I Quantity|M InvoiceDate|N UnitPrice|"
        "I CustomerID|T Country",
        chosen="Sheet1",
    ),
    RealFile("superstore.xls", 10_194, _SUPERSTORE, chosen="Orders"),
    RealFile("superstore.xls", 10_194, _SUPERSTORE, sheet="Orders"),
    RealFile("superstore.xls", 4, "T Regional Manager|T Region", sheet="People"),
    RealFile("superstore.xls", 800, "B Returned|T Order ID", sheet="Returns"),
    RealFile(
        "superstore_bom.csv",
        10_194,
        _SUPERSTORE,
        text=("utf-8-sig", ","),
        notation=Notation(dates="%d/%m/%y"),
    ),
    RealFile(
        "olist_order_reviews.csv",
        8_225,
        "T review_id|T order_id|I review_score|T review_comment_title|"
        "T review_comment_message|M review_creation_date|M review_answer_timestamp",
        text=_TEXTS,
    ),
    RealFile(
        "olist_order_items.csv",
        5_603,
        "T order_id|I order_item_id|T product_id|T seller_id|M shipping_limit_date|"
        "N price|N freight_value",
        text=_TEXTS,
        notation=Notation(moments="%m/%d/%Y %H:%M"),
    ),
    RealFile(
        "tmall_order_report.csv",
        28_010,
        "I 订单编号|N 总金额|N 买家实际支付金额|T 收货地址 |M 订单创建时间|"
        "M 订单付款时间 |N 退款金额",
        text=_TEXTS,
    ),
    # ERROR and UNKNOWN are in every column that could be anything else.
    RealFile(
        "dirty_cafe_sales.csv",
        10_000,
        "T Transaction ID|T Item|T Quantity|T Price Per Unit|T Total Spent|"
        "T Payment Method|T Location|T Transaction Date",
        text=_TEXTS,
    ),
    RealFile(
        "meal_order_detail_3sheets.xlsx", 2_779, _MEALS, chosen="meal_order_detail1"
    ),
    RealFile(
        "meal_order_detail_3sheets.xlsx", 3_647, _MEALS, sheet="meal_order_detail2"
    ),
    RealFile(
        "meal_order_detail_3sheets.xlsx", 3_611, _MEALS, sheet="meal_order_detail3"
    ),
    # 885.99 is no number where 655.982 has its point before thousands.
    RealFile(
        "cotizacion_es.csv",
        35,
        "T Nombre|N Final|N Máximo|N Mínimo|T Volumen|N Efectivo",
        text=("utf-8", ";"),
        notation=Notation(mark=","),
    ),
    # Dates in some cells, their serial numbers in others: neither is taken for the other.
    RealFile(
        "janitor_dirty_data.xlsx",
        12,
        "T First Name|T Last Name|T Employee Status|T Subject|T Hire Date|"
        "N % Allocated|B Full time?|T do not edit! --->|T Certification|"
        "T Certification (2)|B Active?",
        header=2,
        rejected={6: "CELL_ERROR", 13: "CELL_ERROR", 14: "CELL_ERROR"},
        chosen="Sheet1",
    ),
    RealFile(
        "adventureworks_address.tsv",
        19_614,
        "I Column A|T Column B|T Column C|T Column D|I Column E|T Column F|T Column G|"
        "T Column H|M Column I",
        header=0,
        text=("utf-8", "\t"),
        notation=Notation(moments="%Y-%m-%d %H:%M:%S.%f"),
    ),
    RealFile("sales_dashboard_formulas.xlsx", 43, _ANALYST, header=3, chosen="Analyst"),
    RealFile(
        "sales_dashboard_formulas.xlsx",
        527,
        "D DATE|T PRODUCT ID|I QUANTITY|T SALE TYPE|T PAYMENT MODE|I DISCOUNT %|"
        "T PRODUCT|T CATEGORY|T UOM|I BUYING PRIZE|N SELLING PRICE|"
        "I TOTAL BUYING VALUE|N TOTAL SELLING VALUE|I DAY|T MONTH |I YEA",
        sheet="Input Data",
    ),
    RealFile(
        "sales_dashboard_formulas.xlsx",
        45,
        "T PRODUCT ID|T PRODUCT|T CATEGORY|T UOM|I BUYING PRIZE|N SELLING PRICE",
        sheet="Master Data",
    ),
    RealFile(
        "financial_sample.xlsx",
        700,
        "T Segment|T Country|T Product|T Discount Band|N Units Sold|"
        "I Manufacturing Price|I Sale Price|N Gross Sales|N Discounts|N  Sales|N COGS|"
        "N Profit|D Date|I Month Number|T Month Name|I Year",
        chosen="Sheet1",
    ),
    RealFile(
        "multi_platform_sales_gb18030.csv",
        20,
        "D 销售日期|T 销售信息|T 品牌|I 售价|I 销售数量|I 销售额",
        text=("gb18030", ","),
    ),
)
