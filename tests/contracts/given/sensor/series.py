"""A table for the contract test of the sensors."""


def settings(folder):
    rows = "".join(f"{20 * k},{k},{k * k}\n" for k in range(20))
    (folder / "table.csv").write_text("t,a,b\n" + rows)
    return {"path": "table.csv", "time": "t", "time_unit": "ms"}
