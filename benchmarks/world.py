"""How fast a world is made, how much memory it takes, and what a pack finds in one; see docs/performance.md."""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from zelo.adapters.packs import open_pack
from zelo.simulate.figures import findings, rates
from zelo.simulate.making import Order, make_world

SIZES = ((100_000, 1_300, 50), (1_000_000, 11_000, 52), (10_000_000, 80_000, 71))
"""Events wanted, accounts and days that give them: accounts are most of the growth."""
DEMO = (2_000, 60)
REPOSITORY = Path(__file__).resolve().parent.parent
GIB = 1 << 20
"""In the units of `ru_maxrss`, which are KiB."""


def silent(what: str, done: int, total: int) -> None:
    """Tell nobody."""


def made_apart(accounts: int, days: int, seed: int) -> dict[str, float]:
    """Make a world in a process of its own; return events, seconds of the wall and of the processors, GiB at most."""
    command = [sys.executable, "-m", "benchmarks.world", "--one", str(accounts), str(days), str(seed)]
    told = subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, text=True)  # noqa: S603
    found: dict[str, float] = json.loads(told.stdout.strip().splitlines()[-1])
    return found


def one(accounts: int, days: int, seed: int) -> dict[str, float]:
    """Make one world here, and measure it."""
    folder = Path(tempfile.mkdtemp(prefix="zelo-world-"))
    started = time.perf_counter()
    try:
        made = make_world(Order(accounts, days, seed, folder / "w"), silent)
        seconds = time.perf_counter() - started
        size = sum(path.stat().st_size for path in folder.rglob("*.parquet"))
    finally:
        shutil.rmtree(folder)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / GIB
    return {
        "events": made.events,
        "impressions": made.impressions,
        "seconds": seconds,
        "cpu_s": time.process_time(),
        "peak_gib": peak,
        "bytes": size,
    }


def policies(world: Path, run: Path) -> None:
    """Print what a run of the shipped pack over a world found of what there is."""
    pack = open_pack(REPOSITORY / "packs" / "br_social_commerce")
    print("| Policy | Unit | Guilty | Flagged | Precision | Recall |\n|---|---|---:|---:|---:|---:|")
    for found in findings(world, run, pack):
        precision = "-" if found.precision is None else f"{found.precision:.2f}"
        recall = "-" if found.recall is None else f"{found.recall:.2f}"
        print(f"| `{found.policy}` | {found.unit} | {found.guilty} | {found.flagged} | {precision} | {recall} |")


def targets(world: Path) -> None:
    """Print the rates of a world beside the published ones."""
    print("| Figure | Asked for | Obtained | Held within | Source |\n|---|---:|---:|---:|---|")
    for target, found in rates(world):
        held = f"{target.low:g} to {target.high:g}"
        print(f"| {target.name} | {target.asked:g} | {found:.4f} | {held} | {target.source} |")


def main() -> None:
    """Measure, or print what a world holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="put the figures on the last line")
    parser.add_argument("--sizes", type=int, default=len(SIZES), help="how many of the sizes, smallest first")
    parser.add_argument("--one", type=int, nargs=3, help="accounts, days and seed of one world")
    parser.add_argument("--rates", type=Path, help="a world: print its rates beside the published ones")
    parser.add_argument("--policies", type=Path, nargs=2, help="a world and a run over it: print precision and recall")
    options = parser.parse_args()
    if options.one:
        print(json.dumps(one(*options.one)))
    elif options.rates:
        targets(options.rates)
    elif options.policies:
        policies(*options.policies)
    else:
        measure(options.sizes, as_json=options.json)


def measure(sizes: int, *, as_json: bool) -> None:
    """Make worlds of growing size, and the demo's."""
    figures: dict[str, float] = {}
    lines: list[str] = []
    for wanted, accounts, days in SIZES[:sizes]:
        found = made_apart(accounts, days, 1)
        power = len(str(wanted)) - 1
        figures[f"events_per_s_1e{power}"] = round(found["events"] / found["seconds"])
        figures["peak_gib"] = round(max(found["peak_gib"], figures.get("peak_gib", 0.0)), 3)
        lines.append(line(found))
    demo = made_apart(*DEMO, 1)
    figures["demo_world_s"] = round(demo["seconds"], 2)
    figures["demo_world_cpu_s"] = round(demo["cpu_s"], 2)
    lines.append(line(demo))
    print("| events | offers | wall s | cpu s | events/s | peak GiB |\n|---:|---:|---:|---:|---:|---:|")
    print("\n".join(lines))
    if as_json:
        print(json.dumps(figures))


def line(found: dict[str, float]) -> str:
    """Return a row of the table."""
    wall, cpu, speed = found["seconds"], found["cpu_s"], found["events"] / found["seconds"]
    counts = f"| {found['events']:,.0f} | {found['impressions']:,.0f} "
    return f"{counts}| {wall:.1f} | {cpu:.1f} | {speed:,.0f} | {found['peak_gib']:.2f} |"


if __name__ == "__main__":
    main()
