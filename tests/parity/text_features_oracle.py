# SPDX-License-Identifier: MIT
"""text.rate, text.column.*, text.boundaries and --invert, computed by themselves.

text_features_oracle.py TENSORS TABLE TEXT START END ROWS[,ROWS...] GAP NEAREST.tsv K"""
import csv
import math
import sys
from fractions import Fraction

import numpy
from text_oracle import TR, load, members, rows_of, segments_of, words_of


ALL = []  # the same segments, all with text


def overlaps(segments, run, row):
    if not ALL:
        ALL.extend((r, s, i, e, "x") for r, s, i, e, _ in segments)
    return members(ALL, run, row)


def rate(segments, rows):
    out = []
    for run, n in enumerate(rows):
        for row in range(n):
            words, length, weight = 0, 0, 0
            for i, w in overlaps(segments, run, row):
                _, start, _, end, text = segments[i]
                words += len(words_of(text)) * (w / (end - start) if end > start else 1)
                length += w * (end - start)
                weight += w
            onsets = sum(r == run and row * TR <= s < (row + 1) * TR for r, s, _, _, _ in segments)
            out.append([float(words), float(length / weight) if weight else 0, onsets])
    return numpy.array(out)


def number(cell):
    if cell in "+-":
        return {"+": 1.0, "-": -1.0}[cell]
    return float(cell)


def column_values(cells):
    """(values [segments, n], use, categories)"""
    full = [c for c in cells if c and c != "n/a"]
    try:
        [number(c) for c in full]
        return (numpy.array([[number(c) if c and c != "n/a" else 0.0] for c in cells]),
                [bool(c) and c != "n/a" for c in cells], None)
    except ValueError:
        pass
    pieces = [[p.strip() for p in c.split(",") if p.strip()] if c != "n/a" else [] for c in cells]
    names = sorted({p for ps in pieces for p in ps}, key=lambda p: p.encode())
    return numpy.array([[float(n in ps) for n in names] for ps in pieces]), [True] * len(cells), names


def column(segments, cells, rows, gap):
    values, use, names = column_values(cells)
    out = []
    for run, n in enumerate(rows):
        here = []
        for row in range(n):
            found = [(i, w) for i, w in overlaps(segments, run, row) if use[i]]
            weights = numpy.array([float(w) for _, w in found])
            if found and weights.sum() == 0:
                weights[:] = 1
            here.append(weights @ values[[i for i, _ in found]] / weights.sum() if found else None)
        for row in range(n):
            if here[row] is not None:
                out.append(here[row])
                continue
            before = max((i for i in range(row) if here[i] is not None), default=None)
            after = min((i for i in range(row, n) if here[i] is not None), default=None)
            value = numpy.zeros(values.shape[1])
            if before is not None and gap != "zero":
                value = here[before]
                if gap == "linear" and after is not None:
                    value = value + (row - before) / (after - before) * (here[after] - value)
            out.append(value)
    return numpy.array(out), names


def boundaries(segments, cells, rows):
    out = []
    for run, n in enumerate(rows):
        changes, old = [], None
        for (r, start, *_), cell in zip(segments, cells):
            if r == run and cell and cell != "n/a":
                if old is not None and cell != old:
                    changes.append(math.floor(start / TR))
                old = cell
        for row in range(n):
            rise = [1 - (c - row) / 5 for c in changes if 0 <= c - row < 5]
            fall = [1 - (row - c) / 5 for c in changes if 0 <= row - c < 5]
            out.append([max(rise, default=0), max(fall, default=0)])
    return numpy.array(out)


def close(name, got, want):
    assert got.shape == want.shape, (name, got.shape, want.shape)
    worst = numpy.abs(got - want).max()
    print(f"{name} {want.shape} worst difference {worst:.2g}")
    assert worst <= 2e-6 * max(1, numpy.abs(want).max()), name


def main():
    path, table, text, start, end, rows, gap, nearest, k = sys.argv[1:10]
    got, profile = load(path)
    rows = [int(n) for n in rows.split(",")]
    segments = segments_of(table, text, start, end)
    cells = rows_of(table)
    header = [c.strip() for c in cells[0]]
    timed = [row for row in cells[1:] if len(row) > header.index(start) and row[header.index(start)].strip()]
    in_order = [timed[i] for _, _, i, _, _ in segments]
    values = lambda name: [row[header.index(name)].strip() for row in in_order]
    if "text.rate" in got:
        close("text.rate", got["text.rate"], rate(segments, rows))
    for name in got:
        if name.startswith("text.column."):
            want, names = column(segments, values(name[12:]), rows, gap)
            close(name, got[name], want)
            assert profile["tensors"][name].get("categories") == names, (name, names)
    if "text.boundaries" in got:
        close("text.boundaries", got["text.boundaries"],
              boundaries(segments, values(profile["tensors"]["text.boundaries"]["column"]), rows))

    def unit(x):
        norm = numpy.linalg.norm(x, axis=-1, keepdims=True)
        return x / numpy.where(norm == 0, 1, norm)

    cosines = unit(got["text"].astype(float)) @ unit(got["text.segments"].astype(float)).T
    with open(nearest, newline="", encoding="utf-8") as file:
        listed = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    assert len(listed) == len(cosines) * int(k), (len(listed), len(cosines))
    for n, line in enumerate(listed):
        row, rank = divmod(n, int(k))
        if not got["text"][row].any():
            assert line["segment"] == "n/a"
            continue
        best = numpy.sort(cosines[row])[::-1][rank]
        i = int(line["segment"])
        assert abs(float(line["cosine"]) - best) < 2e-6 and abs(cosines[row][i] - best) < 2e-6, (n, line)
        assert line["text"] == " ".join(segments[i][4].splitlines()), line


if __name__ == "__main__":
    main()
