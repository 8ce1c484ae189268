"""What this process is allowed to do."""

from pathlib import Path

SYS_NICE, SYS_TIME = ("CAP_SYS_NICE", 23), ("CAP_SYS_TIME", 25)
SYS_ADMIN, NET_ADMIN = ("CAP_SYS_ADMIN", 21), ("CAP_NET_ADMIN", 12)


def lacks(*capabilities: tuple[str, int]) -> str:
    """Return the name of the first capability that this process has not, empty where it has all."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    effective = int(next(line.split()[1] for line in lines if line.startswith("CapEff:")), 16)
    return next((name for name, number in capabilities if not effective >> number & 1), "")
