"""A recording for the contract test of the sensors."""


def settings(folder):
    (folder / "scans.txt").write_text("0 1000 2000 0\n100000 1001 6000 4002\n")
    return {"path": "scans.txt"}
