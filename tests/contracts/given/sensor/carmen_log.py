"""A recording for the contract test of the sensors."""


def settings(folder):
    scans = [
        f"FLASER 3 1.0 {k} 0 0 0 0 0 0 0 {100 + 0.1 * k:.1f} robot {0.1 * k:.1f}" for k in range(3)
    ]
    (folder / "robot.clf").write_text("\n".join(scans))
    return {"path": "robot.clf"}
