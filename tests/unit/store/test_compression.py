"""What is stored of a delivery is read as it came."""

import pytest

from workers.model.changes import Delivery
from workers.store.compression import Packer, parted, unpacked


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": "application/json", "x-topic": 'a\n"b"\\ é漢😀\u2028\x00\xff'},
        {":version": "half \ud800 of a pair"},
    ],
)
def test_headers_and_body_are_read_as_they_came(headers):
    packed = Packer().pack(
        Delivery(source="erp", token="1", events=(), body=b'{"a":\n"b"}\xff', headers=headers)
    )
    plain = unpacked(packed.data, unpacked(packed.fresh, b""))
    assert parted(plain) == (headers, b'{"a":\n"b"}\xff')
