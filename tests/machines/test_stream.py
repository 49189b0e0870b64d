"""The engine's multiplexed stream, taken apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.machines.stream import STDERR, STDOUT, Demultiplexer, StreamError


def _block(stream: int, data: bytes) -> bytes:
    return bytes([stream, 0, 0, 0]) + len(data).to_bytes(4, "big") + data


@given(
    st.lists(st.tuples(st.sampled_from([STDOUT, STDERR]), st.binary(max_size=40)), max_size=8),
    st.lists(st.integers(1, 50), min_size=1, max_size=40),
)
def test_pieces_may_be_cut_anywhere(blocks: list[tuple[int, bytes]], cuts: list[int]) -> None:
    raw = b"".join(_block(stream, data) for stream, data in blocks)
    demultiplexer = Demultiplexer()
    got = {STDOUT: b"", STDERR: b""}
    position = 0
    while position < len(raw):
        size = cuts[position % len(cuts)]
        for stream, piece in demultiplexer.feed(raw[position : position + size]):
            got[stream] += piece
        position += size
    for number in (STDOUT, STDERR):
        assert got[number] == b"".join(data for stream, data in blocks if stream == number)


@pytest.mark.parametrize(
    "header", [b"HTTP/1.1", b"\x01\x01\0\0\0\0\0\x01", b"\x07\0\0\0\0\0\0\x01"]
)
def test_what_is_no_block_is_refused(header: bytes) -> None:
    with pytest.raises(StreamError):
        Demultiplexer().feed(header)
