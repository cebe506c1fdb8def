"""Names of exported files: readable, unpackable anywhere, no two the same."""

import zipfile
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.psd.utils.exporting import file_names, safe_part
from features.psd.utils.exporting.naming import MAX_PART, scale_suffix

NAMES = st.text(max_size=120) | st.sampled_from(
    ["a", "A", "a.png", "a@2x", "a (2)", "con", "..", "ä", "a\u0308", " ", "x" * 200]
)
PATHS = st.lists(st.lists(NAMES, min_size=1, max_size=5), min_size=1, max_size=12)
SCALES = st.lists(
    st.sampled_from([1.0, 2.0, 3.0, 0.5, 1.25]), min_size=1, max_size=3, unique=True
)
FORBIDDEN = set('/\\:*?"<>|') | {chr(code) for code in range(32)}


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("Logo", "Logo"),
        ("背景 ✓", "背景 ✓"),
        ("a\u0308", "ä"),
        ("a/b\\c:d", "a_b_c_d"),
        ("tab\there\0", "tab_here_"),
        ("\u202egnp.exe", "_gnp.exe"),
        ("\ud800", "_"),
        ("..", "_"),
        ("", "_"),
        ("  wide  ", "wide"),
        ("ends. . ", "ends"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("lpt¹", "_lpt¹"),
        ("console", "console"),
        ("x" * 200, "x" * MAX_PART),
        ("背" * 80, "背" * 53),
    ],
)
def test_a_part_of_a_path_can_be_held_anywhere(name: str, part: str) -> None:
    assert safe_part(name) == part


@pytest.mark.parametrize(
    ("scale", "suffix"),
    [(1.0, ""), (2.0, "@2x"), (3.0, "@3x"), (0.5, "@0.5x"), (1.2345, "@1.2345x")],
)
def test_a_scale_is_told_as_photoshop_does(scale: float, suffix: str) -> None:
    assert scale_suffix(scale) == suffix


def test_groups_are_folders_and_the_same_names_are_numbered() -> None:
    paths = [["Header", "Logo"], ["Header", "logo"], ["Logo"], ["Header"]]
    assert file_names(paths, [1.0, 2.0], ".png") == [
        ("Header/Logo.png", "Header/Logo@2x.png"),
        ("Header/logo (2).png", "Header/logo (2)@2x.png"),
        ("Logo.png", "Logo@2x.png"),
        ("Header.png", "Header@2x.png"),
    ]


def test_a_name_that_looks_like_another_scale_is_numbered() -> None:
    assert file_names([["a@2x"], ["a"]], [1.0, 2.0], ".png") == [
        ("a@2x.png", "a@2x@2x.png"),
        ("a (2).png", "a (2)@2x.png"),
    ]


def test_a_file_never_takes_a_folders_name() -> None:
    names = file_names([["a.png", "inside"], ["a"]], [1.0], ".png")
    assert names == [("a.png/inside.png",), ("a (2).png",)]


def test_of_a_long_path_the_outer_groups_are_left_out() -> None:
    [(name,)] = file_names([["group"] * 60 + ["layer"]], [1.0], ".png")
    assert name == "/".join(["group"] * 29 + ["layer"]) + ".png"


@given(PATHS, SCALES)
def test_names_are_safe_and_differ_whatever_the_layers_are_called(
    paths: list[list[str]], scales: list[float]
) -> None:
    named = file_names(paths, scales, ".webp")
    assert [len(own) for own in named] == [len(scales)] * len(paths)
    names = [name.casefold() for own in named for name in own]
    assert len(set(names)) == len(names)
    folders = {str(parent) for name in names for parent in PurePosixPath(name).parents}
    assert folders.isdisjoint(names)
    for name in (name for own in named for name in own):
        assert zipfile.ZipInfo(name).filename == name
        for part in name.split("/"):
            assert part and not set(part) & FORBIDDEN
            assert part == part.strip() and not part.endswith(".")
            assert not PureWindowsPath(part).is_reserved()
            assert len(part.encode()) <= 255
