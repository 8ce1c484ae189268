"""A recording for the contract test of the sensors."""


def settings(folder):
    lines = [f"{70 + 400 * k},{k % 8},{k % 6},{k % 2}" for k in range(500)]
    (folder / "events.csv").write_text("\n".join(["t,x,y,p", *lines, ""]))
    return {"source": "events.csv", "width": 8, "height": 6}
