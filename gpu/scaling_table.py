#!/usr/bin/env python3
"""Prints tables of what several cards bring, from what `gpu/verify scaling` left.

usage: scaling_table.py REPORT        the folder with ranks-N.txt, exchange-N.txt and peer.txt

Times of steps are those of recorded steps (ranks-N), times of exchanges those of steps whose operations are timed one by
one (exchange-N), each with about 3 µs of its own; where rows are summed by the kernel that adds them to the residual stream
and normalises, its time is all of that. Of a sum over N ranks, each card sends at least 2 (N - 1) / N of its bytes.
"""
import pathlib
import re
import sys

from profile_table import measured

DECODE = re.compile(r"decode of (\d+) streams.*?: ([\d,.]+) tok/s.*?gaps ([\d.]+) ms median")
FIRST = re.compile(r"first token of ([\d,]+): ([\d.]+) ms median.*?\((\d+) tok/s\)")
EXCHANGE = re.compile(r"sum over ranks of (\d+) bytes|gathering of (\d+) bytes a rank")
PEER = re.compile(r"copies between cards: ([\d.]+) GB/s")


def exchanges(path, rows, cards):
    """Microseconds of exchanges, their share of the timed step, and GB/s a card sends in sums."""
    operations, step = measured(path, rows)
    total, sums, sent = 0.0, 0.0, 0.0
    for name, (times, micros) in operations.items():
        found = EXCHANGE.search(name)
        if not found:
            continue
        total += times * micros
        if found[1]:
            sums += times * micros
            sent += times * int(found[1]) * 2 * (cards - 1) / cards
    return (total, total / step, sent / sums / 1e3) if sums and step else None


def cards_of(path):
    return int(path.stem.rsplit("-", 1)[1])


def main():
    report = pathlib.Path(sys.argv[1])
    peer = report / "peer.txt"
    found = PEER.search(peer.read_text()) if peer.exists() else None
    limit = float(found[1]) if found else None
    if limit:
        print(f"Copies from one card to another: {limit:.0f} GB/s.\n")
    print("| cards | streams | tok/s | ms a step | exchanges of a timed step | their share | a card sends | of the rate of copies |")
    print("|---|---|---|---|---|---|---|---|")
    prompts = []
    for path in sorted(report.glob("ranks-*.txt"), key=cards_of):
        cards, text = cards_of(path), path.read_text(errors="replace")
        timed = report / f"exchange-{cards}.txt"
        for streams, rate, gap in DECODE.findall(text):
            exchanged = exchanges(timed, int(streams), cards) if timed.exists() else None
            cells = ["", "", "", ""]
            if exchanged:
                total, share, sends = exchanged
                cells = [f"{total:,.0f} µs", f"{share * 100:.0f} %", f"{sends:.2f} GB/s", f"{sends / limit * 100:.1f} %" if limit else ""]
            print(f"| {cards} | {streams} | {rate} | {gap} | " + " | ".join(cells) + " |")
        prompts += [(cards, *one) for one in FIRST.findall(text)]
    if prompts:
        print("\n| cards | prompt | first token | tok/s |\n|---|---|---|---|")
        for cards, length, millis, rate in prompts:
            print(f"| {cards} | {length} | {millis} ms | {rate} |")


if __name__ == "__main__":
    main()
