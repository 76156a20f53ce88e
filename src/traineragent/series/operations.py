"""What the Data agent may do with series: gather, bridge, leave out; each is a line in the report of what was done."""

from __future__ import annotations

from collections.abc import Mapping

from ..ports import OperationSpec

CATALOGUE: Mapping[str, OperationSpec] = {
    "gather": OperationSpec({"how": "string"}, "makes one value, the mean or the sum, of rows that fall on one step"),
    "set_season": OperationSpec({"steps": "integer"}, "says after how many steps values repeat; 1 for never"),
    "bridge_gaps": OperationSpec({}, "fills missing values between known ones, by a line or the season before"),
    "keep_newest": OperationSpec({"steps": "integer"}, "learns from the newest steps alone"),
    "leave_known_ahead": OperationSpec({}, "uses the values of the past alone, and no column that is known ahead"),
    "drop_short_series": OperationSpec({"fewest": "integer"}, "leaves out series with fewer known values"),
}
