"""Prints the lines of magn bench transfer --json as the tables of docs/results/transfer.md."""

import json
import sys

METHODS = ["shape", "linear", "plastimatch nearest", "plastimatch linear"]
HALF_A_PIXEL = 0.35  # mm, of the targets' plane
lines = [json.loads(l) for l in open(sys.argv[1])]
cells = {}
for l in lines:
    kind = " ".join([l["kind"], l.get("view", "")]).strip()
    cells.setdefault((kind, l["diameter_mm"], l["slice_mm"], l["angle_deg"]), {})[l["method"]] = l


def number(x, digits=2):
    s = f"{x:.{digits}f}"
    return s.removeprefix("0") if s.startswith("0.") else s


def row(*cells):
    print("| " + " | ".join(cells) + " |")


def mean(lines, key):
    return sum(l[key] for l in lines) / len(lines)


there = [m for m in METHODS if any(m in by for by in cells.values())]
split = all("centre_in_plane_several_mm" in l and l["one_slice"] > 0 for l in lines)
head = ["lesion", "mm", "slices, mm", "angle", "method", "Dice", "mean", "95 %", "centre", "in plane", "floor"]
head += ["on one slice", "their in plane", "their floor", "others' in plane"] if split else ["volume", "there and back"]
row(*head)
row(*["---"] * len(head))
for (kind, diameter, thick, angle), by in cells.items():
    for n, m in enumerate(there):
        l = by[m]
        where = [kind, f"{diameter:g}", f"{thick:g}", f"{angle:g}°"] if n == 0 else [""] * 4
        bold = "**" if l["centre_in_plane_mm"] > HALF_A_PIXEL else ""
        out = [m, number(l["dice"], 3), number(l["surface_mean_mm"]), number(l["surface_p95_mm"]), number(l["centre_mm"]),
            bold + number(l["centre_in_plane_mm"]) + bold, number(l["floor_mm"]) if l["floor_mm"] else ""]
        if split:
            one, several = l["one_slice"], l["centre_in_plane_several_mm"]
            out += [f"{100 * one:.0f} %", number((l["centre_in_plane_mm"] - (1 - one) * several) / one), number(l["floor_mm"] / one), number(several)]
        else:
            out += [f"{100 * l['volume_error']:+.0f} %", number(l["round_trip_dice"], 3) if "round_trip_dice" in l else ""]
        row(*where, *out)

print()
row("over all rows", "Dice", "mean", "95 %", "centre", "in plane", f"rows above {number(HALF_A_PIXEL)} mm in plane", "lost")
row(*["---"] * 8)
for m in there:
    own = [by[m] for by in cells.values()]
    row(m, number(mean(own, "dice"), 3), *(number(mean(own, k)) for k in ["surface_mean_mm", "surface_p95_mm", "centre_mm", "centre_in_plane_mm"]),
        f"{sum(l['centre_in_plane_mm'] > HALF_A_PIXEL for l in own)} of {len(own)}", f"{sum(l['lost'] for l in own)} of {sum(l['trials'] for l in own)}")
