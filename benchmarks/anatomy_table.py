"""The numbers of ``benchmarks/anatomy.py`` as the Markdown table of ``docs/anatomy.md``."""

from pathlib import Path
from typing import Any

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def table(numbers: dict[str, Any]) -> str:
    """The numbers as Markdown."""
    lines = ["| what | measured | on |", "|---|---|---|"]
    if "tissue" in numbers:
        lines += tissue_lines(numbers["tissue"])
    for name in ("mini-mias", "rsna"):
        if name in numbers:
            lines += set_lines(name, numbers[name])
    for name, label in (("others", "bundled with other packages"), ("generated", "generated")):
        lines += refusal_lines(numbers[name], label)
    lines.append(f"| phantoms refused | {numbers['phantoms refused']} of 40 | `mammo phantom` |")
    time = numbers["time"]
    drawing = time["drawing and encoding the five pictures ms"]
    lines.append(
        f"| time of polarity, anatomy and gate | {time['anatomy ms, median']:.0f} ms; drawing and encoding "
        f"the five pictures {drawing:.0f} ms | {time['rows']} × {time['columns']} pixels, two cores |"
    )
    return "\n".join(lines)


def refusal_lines(one: dict[str, Any], label: str) -> list[str]:
    """Lines of images that are no mammograms."""
    pixels = share(one["refused by pixels"], one["images"])
    lines = [f"| no mammograms refused, by their grey pixels alone | {pixels} | {label} |"]
    if one["files"]:
        files = share(one["files"] - len(one["files passed"]), one["files"])
        lines.append(f"| the same as files, with colour and DICOM tags | {files} | {label} |")
    return lines


def tissue_lines(one: dict[str, Any]) -> list[str]:
    """Lines of the set with drawn outlines."""
    where = f"tissue, {one['images']} films"
    lines = []
    for what in ("breast Dice", "pectoral Dice"):
        s = one[what]
        lines.append(
            f"| {what} | mean {s['mean']:.3f}, median {s['median']:.3f}, worst {s['worst']:.3f} | {where} |"
        )
    lines.append(f"| pectoral muscles not found | {one['pectoral muscles missed']} | {where} |")
    lines.append(f"| refused by the gate | {one['refused']} of {one['images']} | {where} |")
    return lines


def set_lines(name: str, one: dict[str, Any]) -> list[str]:
    """Lines of a set with labels."""
    where, side = f"{name}, {one['images']} views", one["laterality"]
    lines = [
        f"| laterality from pixels | {share(side['right'], side['told'])} of those told, "
        f"{side['told']} of {side['images']} told | {where} |"
    ]
    for machine, group in one.get("laterality by machine", {}).items():
        lines.append(
            f"| laterality from pixels, machine {machine} | {share(group['right'], group['told'])} | {name} |"
        )
    for truth in ("CC", "MLO"):
        told = {k.rpartition(" ")[2]: v for k, v in one["view"].items() if k.startswith(f"{truth} ")}
        total = sum(told.values())
        if total:
            parts = ", ".join(
                f"{k if k != 'None' else 'abstained'} {share(v, total)}" for k, v in told.items()
            )
            lines.append(f"| view of {total} {truth} views from pixels | {parts} | {where} |")
    rho = one["density Spearman"]
    grades = "F, G, D" if name == "mini-mias" else "A to D"
    lines.append(
        f"| density index against {grades}, Spearman | {rho['rho']:.2f} | {name}, {rho['images']} views |"
    )
    for group, rho in one.get("density Spearman by machine and view", {}).items():
        lines.append(f"| the same, machine {group} | {rho['rho']:.2f} | {name}, {rho['images']} views |")
    if "polarity as flagged" in one:
        turned, dark = one["turned, but not flagged"], one["flagged inverted, but not turned"]
        lines.append(
            f"| inverted or not, as flagged | {one['polarity as flagged']:.1%} ({turned} turned without a "
            f"flag, {dark} flagged, but with dark air) | {where} |"
        )
    lines.append(f"| refused by the gate | {share(one['refused'], one['images'])} | {where} |")
    return lines


def share(part: int, whole: int) -> str:
    """A percentage and what it is of."""
    return f"{part / max(whole, 1):.1%} ({part} of {whole})"


def replace_part(path: Path, new: str) -> None:
    """Put the table between the two marks of a Markdown file."""
    text = path.read_text()
    head, tail = text.partition(BEGIN)[0], text.partition(END)[2]
    path.write_text(f"{head}{BEGIN}\n\n{new}\n\n{END}{tail}")
