"""What targets declare holds together, and is found by itself."""

import re
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from features.data_import import targets
from features.data_import.targets import TARGETS
from features.data_import.utils.declaring import Target, TargetColumn, names
from features.data_import.utils.mapping import bare
from features.data_import.utils.types import ColumnType

_COLUMNS = [
    pytest.param(target, column, id=f"{target.name}.{column.name}")
    for target in TARGETS.values()
    for column in target.columns
]


def test_each_module_is_a_target() -> None:
    """A target is one file."""
    folder = Path(targets.__file__).parent
    modules = sorted(path.stem for path in folder.glob("[!_]*.py"))
    assert modules == list(TARGETS) == ["orders"]


def test_a_second_target_of_a_name_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files that are added are found, and must not hide each other."""
    (tmp_path / "again.py").write_text(
        "from features.data_import.targets.orders import TARGET\n"
    )
    monkeypatch.setattr(targets, "__path__", [*targets.__path__, str(tmp_path)])
    with pytest.raises(ValueError, match="two import targets are named orders"):
        targets._declared()
    sys.modules.pop("features.data_import.targets.again")


def test_orders_are_as_the_contract_says() -> None:
    """The columns that issue and design name, in order."""
    orders = TARGETS["orders"]
    assert orders.key == ("order_number", "platform", "sku")
    assert [column.name for column in orders.columns if column.required] == [
        "order_number"
    ]
    assert [column.name for column in orders.columns] == [
        "order_number",
        "platform",
        "sku",
        "shop",
        "product",
        "quantity",
        "unit_price",
        "amount",
        "currency",
        "status",
        "paid_at",
        "created_at",
        "province",
        "city",
        "buyer_hash",
    ]
    price = orders.column("unit_price")
    assert price is not None
    assert (price.minimum, price.scale) == (0, 4)
    assert price.maximum == Decimal("99999999999999.9999")
    assert orders.column("nothing") is None
    assert [column.name for column in orders.pick(["sku", "shop"])] == ["sku", "shop"]


@pytest.mark.parametrize(("target", "column"), _COLUMNS)
def test_a_column_declares_what_can_be(target: Target, column: TargetColumn) -> None:
    """Rules fit the type, and examples and choices are let in by their own rules."""
    is_text = column.type is ColumnType.TEXT
    is_number = column.type in (ColumnType.INTEGER, ColumnType.DECIMAL)
    assert is_text or not (column.key or column.pattern or column.choices)
    assert is_text or not (column.max_length or column.upper or column.identifier)
    assert is_number or (column.minimum, column.maximum) == (None, None)
    assert (column.scale is not None) == (column.type is ColumnType.DECIMAL)
    if column.pattern:
        assert column.example and re.fullmatch(column.pattern, column.example)
    assert all(null.strip() == null for null in column.null_values)


@pytest.mark.parametrize("target", TARGETS.values(), ids=list(TARGETS))
def test_no_name_means_two_columns(target: Target) -> None:
    """Names, titles and aliases are compared alike, and each has one column."""
    meanings: dict[str, set[str]] = {}
    for column in target.columns:
        for name in (column.name, column.title, *column.aliases):
            meanings.setdefault(bare(name), set()).add(column.name)
    assert {name: found for name, found in meanings.items() if len(found) > 1} == {}


def test_names_stand_between_bars() -> None:
    """A line has several names."""
    assert names("a b | c", "d") == ("a b", "c", "d")
