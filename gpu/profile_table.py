#!/usr/bin/env python3
"""Prints the table of docs/benchmarking.md from what `gpu/verify profile` left: each operation's time beside its floor.

usage: profile_table.py REPORT        the folder with profile-*.txt

A floor is the greater of an operation's bytes and FLOPs at the rates below, for the shapes of Qwen3-Next-80B-A3B in FP8
with recurrent states in f32, keys and values in bf16 and products in bf16.
"""
import pathlib
import re
import sys

READ, UPDATE, PRODUCTS = 4.54e6, 3.95e6, 793e6  # an H200's, measured: bytes or FLOPs a microsecond
HIDDEN, EXPERTS, CHOSEN, INNER, VOCABULARY = 2048, 512, 10, 512, 151936
LINE = re.compile(r"StepShape\[rows=(\d+), .*?\]:\s+[\d.]+ %\s+[\d.]+ us a step,\s+([\d.]+) times\s+([\d.]+) us: (.*)")
STEPS = re.compile(r"StepShape\[rows=(\d+), .*?\]: \d+ steps of ([\d.]+) us")


def floor(name, rows, context, prompt):
    """Microseconds that one such operation needs at least."""
    if name == "moe":
        distinct = EXPERTS * (1 - (1 - CHOSEN / EXPERTS) ** rows) + 1
        of_expert = 3 * HIDDEN * INNER
        return max(distinct * of_expert / READ, 2 * rows * (CHOSEN + 1) * of_expert / PRODUCTS)
    if name == "delta_net":
        return rows / 64 * 380e6 / PRODUCTS if prompt else rows * (2 * 2.097e6 + 0.15e6) / UPDATE
    if name == "attention":
        return 16384 * rows * (rows + 1) / 2 / PRODUCTS if prompt else rows * context * 2048 / READ
    if name == "attention_prepare":
        return rows * 28672 / READ
    if name.startswith("product "):
        outputs, inputs = map(int, re.findall(r"\d+", name)[:2])
        wide = outputs in (64, VOCABULARY)  # not in FP8
        if outputs == VOCABULARY and prompt:
            rows = 1
        moved = outputs * inputs * (2 if wide else 1) + rows * (inputs + outputs) * 2
        return max(moved / READ, 2 * rows * outputs * inputs / PRODUCTS)
    if name in ("add_norm", "product_add_norm"):  # parts of sums are not bytes that it must move
        return rows * HIDDEN * 12 / READ
    if name == "moe_add_norm":  # from some rows on it sums the experts too
        results = 0 if rows <= 64 else 4 if rows <= 1024 else 2
        return rows * HIDDEN * (12 + (CHOSEN + 1) * results) / READ
    if name == "sample":
        return (1 if prompt else rows) * VOCABULARY * 4 / READ
    return rows * HIDDEN * 4 / READ if name in ("embed", "gather") else 0.0


def brief(micros):
    return f"{micros:.0f}" if micros >= 20 else f"{micros:.1f}" if micros >= 1 else f"{micros:.2f}" if micros >= 0.005 else "0"


def measured(path, rows):
    """Operations of the steps of so many rows, and how long a step is."""
    operations, step = {}, 0.0
    for line in path.read_text(errors="replace").splitlines():
        found = LINE.search(line)
        if found and int(found[1]) == rows:
            operations[found[4].strip()] = (float(found[2]), float(found[3]))
        found = STEPS.search(line)
        if found and int(found[1]) == rows:
            step = float(found[2])
    return operations, step


def main():
    report = pathlib.Path(sys.argv[1])
    columns = []
    for path in report.glob("profile-*.txt"):
        words = path.stem.removeprefix("profile-").split(":")
        prompt = words[0] == "first"
        rows = int(words[1])
        context = 0 if prompt else int(words[2]) + int(words[3]) // 2
        operations, step = measured(path, rows)
        if operations:
            columns.append((prompt, rows, context, operations, step))
    columns.sort()
    names = {name: times for column in columns for name, (times, _) in column[3].items()}
    print("| operation | a step | " + " | ".join(f"prompt of {c[1]:,}" if c[0] else str(c[1]) for c in columns) + " |")
    print("|---|---|" + "---|" * len(columns))
    for name in sorted(names, key=lambda n: -sum(c[3][n][0] * c[3][n][1] for c in columns if n in c[3])):
        cells = []
        for prompt, rows, context, operations, step in columns:
            times, micros = operations.get(name, (0, 0))
            least = floor(name, rows, context, prompt)
            cells.append(f"{brief(micros)} / {brief(least)}, {times * micros / step * 100:.1f} %")
        print(f"| {name.replace(' x ', ' × ')} | {names[name]:.0f} | " + " | ".join(cells) + " |")
    sums = []
    for prompt, rows, context, operations, step in columns:
        least = sum(times * floor(name, rows, context, prompt) for name, (times, _) in operations.items())
        sums.append(f"{step:,.0f} / {least:,.0f}")
    print(f"| **sum of the step** | {sum(names.values()):.0f} | " + " | ".join(sums) + " |")


if __name__ == "__main__":
    main()
