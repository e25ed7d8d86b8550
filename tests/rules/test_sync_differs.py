"""BN601: layers that take the statistics of their own device, where the reference takes all."""

from __future__ import annotations

import pytest
from pairs import run_pair

REFERENCE = """
    from torch import nn

    norm = nn.SyncBatchNorm(8)
    """

PORTS = {
    "a plain layer of the framework of the reference": ("nn.BatchNorm2d(8)", [3]),
    "a layer that is synchronised too": ("nn.SyncBatchNorm(8)", []),
    "one that is converted": (
        "nn.SyncBatchNorm.convert_sync_batchnorm(nn.Sequential(nn.BatchNorm2d(8)))",
        [],
    ),
}


@pytest.mark.parametrize(("norm", "rows"), PORTS.values(), ids=PORTS)
def test_a_named_reference(norm: str, rows: list[int]) -> None:
    """Its framework may be that of the port, whose plain layers are then no choice beside it."""
    port = f"""
    from torch import nn

    norm = {norm}
    """
    assert [finding.span.row for finding in run_pair("BN601", REFERENCE, port)] == rows
