"""Reading data from files, and each way in which a file can be wrong."""

from __future__ import annotations

import numpy as np
import pytest

from epochreel.nn.csv_data import read_csv
from epochreel.nn.datasets import make_dataset
from epochreel.nn.errors import InvalidInputError

GOOD = "height,width,kind\n1.5,2,oak\n-3e2,4,elm\n5,6.25,oak\n"


@pytest.fixture
def write(tmp_path):
    def write(text: str | bytes, name: str = "trees.csv") -> str:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    return write


def test_header_and_words(write):
    table = read_csv(write(GOOD))
    np.testing.assert_array_equal(table.x, [[1.5, 2], [-300, 4], [5, 6.25]])
    np.testing.assert_array_equal(table.y, [1, 0, 1])
    assert table.feature_names == ("height", "width")
    assert table.class_names == ("elm", "oak")
    assert table.name == "trees"


@pytest.mark.parametrize("label", ["kind", None])
def test_the_label_may_stand_anywhere(write, label):
    text = "kind,height,width\noak,1.5,2\nelm,-3e2,4\noak,5,6.25\n"
    if label is None:
        with pytest.raises(InvalidInputError):
            read_csv(write(text))
    else:
        table = read_csv(write(text), label=label)
        np.testing.assert_array_equal(table.x, read_csv(write(GOOD)).x)
        assert table.feature_names == ("height", "width")


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace(",", ";"),
        lambda text: text.replace(",", "\t"),
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\r"),
        lambda text: "\ufeff" + text,
        lambda text: text.replace(",", " , "),
        lambda text: "\n\n" + text.replace("\n", "\n\n,,\n"),
        lambda text: text.rstrip("\n"),
        lambda text: text.replace("oak", '"oak"').replace("height", '"height"'),
    ],
    ids=["semicolons", "tabs", "dos", "mac", "mark", "spaces", "blanks", "no-end", "quotes"],
)
def test_dialects(write, change):
    expected, table = read_csv(write(GOOD)), read_csv(write(change(GOOD), "b.csv"))
    np.testing.assert_array_equal(table.x, expected.x)
    np.testing.assert_array_equal(table.y, expected.y)
    assert table[3:] == expected[3:]


def test_numbers_as_labels_are_sorted_as_numbers(write):
    table = read_csv(write("1,2,10\n3,4,9\n5,6,9.0\n"))
    np.testing.assert_array_equal(table.y, [1, 0, 0])
    assert table.class_names == ("class 9", "class 10")
    assert table.feature_names is None


def test_a_file_without_header_is_told_by_its_first_row(write):
    assert len(read_csv(write("1,2,a\n3,4,b\n")).x) == 2
    assert len(read_csv(write("1,2,a\n3,4,b\n"), header=False).x) == 2
    assert len(read_csv(write("1,2,3\n3,4,a\n5,6,b\n"), header=True).x) == 2


def test_a_comma_in_quotes_is_no_separator(write):
    assert read_csv(write('a;b;"c,d"\n1;2;"x,y"\n3;4;z\n')).class_names == ("x,y", "z")


def test_only_line_ends_end_lines(write):
    table = read_csv(write("a,b,c\n1,2,\u2028x\x0by\n3,4,z\n"))
    assert table.class_names == ("x\x0by", "z")


def test_make_dataset_names_everything_after_the_file(write):
    data = make_dataset("csv", path=write(GOOD), test_fraction=0)
    assert (data.name, data.feature_names) == ("trees", ("height", "width"))
    assert data.class_names == ("elm", "oak")
    assert data.viewport.x_min < -300
    assert data.viewport.y_max > 6.25
    plain = make_dataset("csv", path=write("1,2,0\n3,4,1\n"), test_fraction=0)
    assert plain.feature_names == ("X₁", "X₂")
    assert plain.class_names == ("class 0", "class 1")


BAD = {
    "empty": ("", {}, "trees.csv: must have samples, got an empty file"),
    "blank": ("\n  \n", {}, "trees.csv: must have samples, got an empty file"),
    "only separators": (",,\n,,\n", {}, "trees.csv: must have samples, got an empty file"),
    "only a header": ("a,b,c\n", {}, "trees.csv: must have samples, got only a header"),
    "not text": (b"\xff\xfe\x00a", {}, "trees.csv: must be UTF-8 text"),
    "a column too many": (
        "a,b,c,label\n1,2,3,x\n", {}, "must have labels of 2 to 10 classes, got 1: 'x'"
    ),
    "a column too few": ("a,label\n1,x\n", {}, "at least 3 columns, .* got 2: 'a', 'label'"),
    "one column": ("1\n2\n", {}, "must have at least 3 columns, .* got 1: '1'"),
    "spaces between": ("1 2 0\n3 4 1\n", {}, "must have at least 3 columns, .* got 1: '1 2 0'"),
    "a short row": (GOOD + "1,2\n", {}, "trees.csv, row 5: must have 3 columns .* got 2"),
    "a long row": (GOOD + "1,2,3,4\n", {}, "trees.csv, row 5: must have 3 columns .* got 4"),
    "no number": (GOOD + "1,two,oak\n", {}, "row 5, width: must be a number, got 'two'"),
    "no number, no header": ("1,2,a\n1,x,b\n", {}, "row 2, column 2: must be a number, got 'x'"),
    "empty cell": (GOOD + "1,,oak\n", {}, "row 5, width: must be a number, got ''"),
    "decimal comma": ("a;b;c\n1,5;2;x\n", {}, "row 2, a: must be a number, got '1,5'"),
    "nan": (GOOD + "nan,1,oak\n", {}, "row 5, height: must be finite .* got 'nan'"),
    "infinite": (GOOD + "1,-inf,oak\n", {}, "row 5, width: must be finite .* got '-inf'"),
    "too great": (GOOD + "1,1e13,oak\n", {}, "row 5, width: .* at most 1e.12 in size, got '1e13'"),
    "no label": (GOOD + "1,2,\n", {}, "row 5: must have a label, got ''"),
    "nan as label": ("1,2,0\n3,4,nan\n", {}, "row 2: must have a label, got 'nan'"),
    "one class": ("1,2,a\n3,4,a\n", {}, "must have labels of 2 to 10 classes, got 1: 'a'"),
    "eleven classes": (
        "".join(f"1,2,{kind}\n" for kind in range(11)), {},
        "of 2 to 10 classes, got 11: 0.0, 1.0, 2.0, 3.0, 4.0, …",
    ),
    "half a header": ("a,2,label\n1,2,x\n", {}, "row 1: must be all names or all numbers"),
    "a name twice": ("a,a,c\n1,2,x\n", {}, "row 1: must name each column once, got 'a', 'a', 'c'"),
    "a column without name": ("a,,c\n1,2,x\n", {}, "row 1: must name each column once"),
    "unknown label": (GOOD, {"label": "kid"}, "label: .* got 'kid'; did you mean 'kind'"),
    "label of no header": (GOOD, {"label": "kind", "header": False}, "label: must not be given"),
    "header that is none": (GOOD, {"header": False}, "row 1, column 1: must be a number"),
    "open quote": ('a,b,c\n1,2,"x\n3,4,y\n', {"header": True}, "2 classes|must have|quote|EOF"),
    "zero byte": ("a,b,c\n1,2,x\n3,\0,y\n", {}, "trees.csv, row 3"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "options", "message"), BAD.values(), ids=BAD.keys())
def test_what_is_wrong_with_a_file(write, text, options, message):
    with pytest.raises(InvalidInputError, match=message) as caught:
        read_csv(write(text), **options)
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_folder(tmp_path):
    with pytest.raises(
        InvalidInputError, match=r"path: must be a file, got no such file '.*no.csv'"
    ):
        read_csv(str(tmp_path / "no.csv"))
    with pytest.raises(InvalidInputError, match="path: can't read"):
        read_csv(str(tmp_path))
    with pytest.raises(InvalidInputError, match="path: can't read"):
        read_csv("a\0b")


def test_a_huge_cell_is_refused(write):
    with pytest.raises(InvalidInputError, match="trees.csv, row 2: .*field"):
        read_csv(write("a,b,c\n1,2," + "x" * 200_000 + "\n"))


def test_too_few_samples_for_the_split(write):
    with pytest.raises(
        InvalidInputError, match="test_fraction: must leave training samples of each"
    ):
        make_dataset("csv", path=write("1,2,a\n3,4,b\n"))
