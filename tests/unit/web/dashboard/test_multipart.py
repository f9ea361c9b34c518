"""Forms with files in them are read as browsers write them, and nothing else is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.errors import InputError
from counterfoil.web.dashboard.multipart import Upload, read

TYPE = "multipart/form-data; boundary=----WebKitFormBoundaryX"
MARK = b"------WebKitFormBoundaryX"


def body(*parts: tuple[str, bytes]) -> bytes:
    """Returns a form of parts: what stands behind `form-data; `, and the content."""
    made = b"".join(
        MARK + b"\r\nContent-Disposition: form-data; " + head.encode() + b"\r\n\r\n" + content + b"\r\n"
        for head, content in parts
    )
    return made + MARK + b"--\r\n"


def test_fields_and_files_are_told_apart_and_kept_in_order() -> None:
    fields, files = read(
        TYPE,
        body(
            ('name="a"', b"1"),
            ('name="a"', "zwölf\r\n".encode()),
            ('name="f"; filename="x.bin"', b"\0\r\n--\xff"),
        ),
    )
    assert fields == {"a": ["1", "zwölf\r\n"]}
    assert files == {"f": [Upload("x.bin", b"\0\r\n--\xff")]}


def test_a_file_has_no_folders_in_its_name() -> None:
    names = ["../../etc/passwd", "C:\\fakepath\\x.png", "a%22b.txt", ""]
    _, files = read(TYPE, body(*[(f'name="f"; filename="{name}"', b"") for name in names]))
    assert [upload.name for upload in files["f"]] == ["passwd", "x.png", 'a"b.txt', ""]


def test_a_boundary_may_stand_in_quotes() -> None:
    assert read('multipart/form-data; boundary="----WebKitFormBoundaryX"; charset=utf-8', body())[0] == {}


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("multipart/form-data", body()),
        ("multipart/form-data; boundary=", body()),
        (TYPE, b""),
        (TYPE, body()[:-4]),
        (TYPE, b"preamble" + body()),
        (TYPE, MARK + b"\r\n\r\nno name\r\n" + MARK + b"--"),
        (TYPE, body(('name="a"', b"\xff"))),
        (TYPE, body(*[('name="a"', b"")] * 300)),
        (TYPE, body(('name="' + "a" * 3000 + '"', b""))),
    ],
)
def test_what_no_browser_writes_is_refused(kind: str, data: bytes) -> None:
    with pytest.raises(InputError) as refused:
        read(kind, data)
    assert refused.value.code == "invalid_request"


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.binary(max_size=40).filter(lambda data: MARK not in data)),
        max_size=5,
    )
)
def test_every_file_comes_back_byte_for_byte(parts: list[tuple[str, bytes]]) -> None:
    _, files = read(TYPE, body(*[(f'name="{name}"; filename="x"', data) for name, data in parts]))
    found = {name: [data for each, data in parts if each == name] for name, _ in parts}
    assert {name: [upload.data for upload in uploads] for name, uploads in files.items()} == found


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        read(TYPE, data)
    except InputError:
        return
    assert data.rstrip().endswith(MARK + b"--") or MARK + b"--" in data
