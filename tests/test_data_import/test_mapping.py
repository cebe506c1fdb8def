"""Headings find the columns that they mean, or the file's owner is told why not."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ErrorCode
from features.data_import.exceptions import ImportFileError
from features.data_import.targets import TARGETS
from features.data_import.utils.declaring import Target, TargetColumn
from features.data_import.utils.mapping import bare, check_mapping, map_headings
from features.data_import.utils.types import ColumnType

_ORDERS = TARGETS["orders"]
_PARTS = Target(
    "parts",
    "Parts",
    "parts",
    (
        TargetColumn("number", "Part no.", ColumnType.TEXT, required=True, key=True),
        TargetColumn(
            "price", "Price", ColumnType.DECIMAL, aliases=("unit price", "单价")
        ),
    ),
)


def _mapped(
    headings: list[str], *mapping: tuple[str, str], target: Target = _ORDERS
) -> dict[str, str]:
    found = map_headings(target, headings, mapping)
    assert [each.heading for each in found] == [
        headings[each.position - 1] for each in found
    ]
    return {each.heading: each.column.name for each in found}


_TAOBAO = {
    "订单编号": "order_number",
    "总金额": "amount",
    "买家实际支付金额": None,
    "收货地址 ": "province",
    "订单创建时间": "created_at",
    "订单付款时间 ": "paid_at",
    "退款金额": None,
}
_JD = {
    "订单号": "order_number",
    "商品ID": None,
    "商品名称": "product",
    "订购数量": "quantity",
    "下单时间": "created_at",
    "京东价": "unit_price",
    "订单金额": "amount",
    "订单状态": "status",
    "下单帐号": "buyer_hash",
    "付款确认时间": "paid_at",
    "店铺名称": "shop",
    "商家SKUID": "sku",
}
_PINDUODUO = {
    "商品": "product",
    "订单号": "order_number",
    "订单状态": "status",
    "商品总价(元)": None,
    "用户实付金额（元）": "amount",
    "商品数量(件)": "quantity",
    "省": "province",
    "市": "city",
    "支付时间": "paid_at",
    "商家编码-规格维度": "sku",
}
_SHOPIFY = {
    "Name": "order_number",
    "Email": None,
    "Financial Status": "status",
    "Paid at": "paid_at",
    "Currency": "currency",
    "Subtotal": None,
    "Total": "amount",
    "Created at": "created_at",
    "Lineitem quantity": "quantity",
    "Lineitem name": "product",
    "Lineitem price": "unit_price",
    "Lineitem sku": "sku",
    "Shipping City": "city",
    "Shipping Province": "province",
    "Vendor": "shop",
    "Source": "platform",
}
_AMAZON = {
    "amazon-order-id": "order_number",
    "purchase-date": "created_at",
    "order-status": "status",
    "sales-channel": "platform",
    "product-name": "product",
    "sku": "sku",
    "asin": None,
    "item-status": None,
    "quantity": "quantity",
    "currency": "currency",
    "item-price": "unit_price",
    "item-tax": None,
    "ship-city": "city",
    "ship-state": "province",
}


@pytest.mark.parametrize(
    "expected",
    [_TAOBAO, _JD, _PINDUODUO, _SHOPIFY, _AMAZON],
    ids=["taobao", "jd", "pinduoduo", "shopify", "amazon"],
)
def test_exports_are_mapped_on_their_own(expected: dict[str, str | None]) -> None:
    """What shops export needs no mapping."""
    mapped = _mapped(list(expected))
    assert mapped == {head: name for head, name in expected.items() if name}


@pytest.mark.parametrize(
    "heading",
    [
        "\ufeffUnit-Price",
        " UNIT_PRICE ",
        "unit  price",
        "ＵＮＩＴ　ＰＲＩＣＥ",
        "Unit price:",
        "单 价",
        "单价（元）",
    ],
)
def test_how_a_heading_is_written_does_not_matter(heading: str) -> None:
    """Case, spaces, marks, full-width forms, a BOM and a unit are no difference."""
    assert _mapped(["number", heading], target=_PARTS)[heading] == "price"


def test_the_exact_name_wins_over_an_alias_and_then_the_first() -> None:
    """One column has one heading."""
    assert _mapped(["number", "unit price", "单价"], target=_PARTS) == {
        "number": "number",
        "unit price": "price",
    }
    assert _mapped(["number", "unit price", "Price"], target=_PARTS) == {
        "number": "number",
        "Price": "price",
    }
    assert _mapped(["Part no", "Number"], target=_PARTS) == {"Number": "number"}


def test_a_mapping_goes_before_names() -> None:
    """What a mapping names, names do not take away; the rest is mapped by name."""
    headings = ["order_id", "order_no", "total", "unit_price", "customer_id"]
    assert _mapped(
        headings,
        ("order_no", "order_number"),
        (" Total", "amount"),
        ("customer_id", "buyer_hash"),
    ) == {
        "order_no": "order_number",
        "total": "amount",
        "unit_price": "unit_price",
        "customer_id": "buyer_hash",
    }
    assert _mapped(["number", "price"], ("price", "number"), target=_PARTS) == {
        "price": "number"
    }


def test_a_heading_is_left_out_by_an_empty_column() -> None:
    headings = ["order_number", "Total", "Amount", "SKU"]
    assert _mapped(headings, ("Amount", "")) == {
        "order_number": "order_number",
        "Total": "amount",
        "SKU": "sku",
    }
    assert _mapped(headings, ("Amount", ""), ("Total", ""), ("SKU", "")) == {
        "order_number": "order_number"
    }
    with pytest.raises(ImportFileError) as caught:
        _mapped(headings, ("order_number", ""))
    assert "No heading of the file is mapped to order_number" in caught.value.message


def test_a_second_column_of_a_name_is_not_taken_for_a_unit() -> None:
    """Columns that were numbered apart stay apart."""
    assert _mapped(["number", "单价 (2)"], target=_PARTS) == {"number": "number"}


@pytest.mark.parametrize(
    ("headings", "mapping", "message"),
    [
        (
            ["a"],
            [("a", "weight")],
            "Parts has no column weight. It has number, price.",
        ),
        (
            ["a", "b"],
            [("a", "price"), ("b", "price")],
            "“a” and “b” are both mapped to price. Map one of them.",
        ),
        (
            ["a", "b"],
            [("a", "number"), ("a", "price")],
            "“a” is mapped to both number and price. Map it to one of them.",
        ),
        (
            ["A", "b"],
            [("A", "number"), ("a ", "price")],
            "“a ” is mapped to both number and price. Map it to one of them.",
        ),
        (
            ["a", "b"],
            [("c", "number")],
            "The file has no heading “c” to be mapped. The headings are “a”, “b”.",
        ),
        (
            ["a-b", "a b"],
            [("A_B", "number")],
            "“A_B” may mean “a-b” and “a b”. Map one of these.",
        ),
        (
            ["price", "a"],
            [],
            "No heading of the file is mapped to number, which Parts cannot do without. "
            "Map the heading that has it. The headings are “price”, “a”.",
        ),
    ],
    ids=["column", "twice", "both", "alike", "heading", "unclear", "required"],
)
def test_what_cannot_be_meant_is_told(
    headings: list[str], mapping: list[tuple[str, str]], message: str
) -> None:
    """The whole import fails, clearly, and the message crosses a process border."""
    with pytest.raises(ImportFileError) as caught:
        map_headings(_PARTS, headings, mapping)
    assert caught.value.message == message
    assert caught.value.code is ErrorCode.INVALID
    assert caught.value.field == ("input", "mapping")
    assert pickle.loads(pickle.dumps(caught.value)).message == message


def test_many_headings_are_not_all_told() -> None:
    """A message stays one that is read."""
    with pytest.raises(ImportFileError) as caught:
        map_headings(_PARTS, [f"h{n}" for n in range(60)], [])
    assert caught.value.message.endswith("“h48”, “h49” and 10 more.")


def test_a_preview_may_leave_a_required_column_open() -> None:
    """Who is still choosing the mapping gets no error."""
    assert map_headings(_PARTS, ["a"], [], whole=False) == []


def test_a_mapping_is_checked_without_a_file() -> None:
    """The gateway can refuse what no file would make right."""
    check_mapping(_PARTS, [("any", "price")])
    with pytest.raises(ImportFileError):
        check_mapping(_PARTS, [("any", "weight")])


@given(st.lists(st.text(max_size=8), max_size=8))
def test_no_column_has_two_headings(headings: list[str]) -> None:
    """Whatever stands in a header, each column gets one of its headings at most."""
    found = map_headings(_ORDERS, ["Order number", *headings], [])
    names = [each.column.name for each in found]
    assert len(set(names)) == len(names)
    assert [each.position for each in found] == sorted({e.position for e in found})


@given(st.text(max_size=12))
def test_names_are_compared_the_same_both_ways(text: str) -> None:
    """What a name is compared by compares as itself."""
    assert bare(bare(text)) == bare(text)
