# SPDX-License-Identifier: MIT
"""An independent gb-text-align: openpyxl or csv, Python's re, xxhash, fractions.

text_oracle.py TENSORS TABLE TEXT_COLUMN START END ROWS[,ROWS...] [POOL [GAP]]
compares every tensor of TENSORS with what it computes from TABLE itself."""
import csv
import json
import math
import os
import re
import sys
from fractions import Fraction

import numpy
import xxhash

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from tensors import load  # noqa: E402

TR = Fraction(3, 2)


def rows_of(path):
    if path.endswith(".xlsx"):
        import openpyxl
        sheet = openpyxl.load_workbook(path, data_only=True).worksheets[0]
        return [["" if cell is None else str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
    with open(path, newline="", encoding="utf-8-sig") as file:
        return list(csv.reader(file, delimiter="\t" if path.endswith(".tsv") else ","))


def segments_of(path, text, start, end):
    table = rows_of(path)
    header = [cell.strip() for cell in table[0]]
    at = [header.index(name) for name in (start, end, text)]
    out, run, first, latest, last = [], 0, None, None, None
    for row in table[1:]:
        begin, stop, words = (row[i].strip() if i < len(row) else "" for i in at)
        if not begin:
            continue
        begin, stop = Fraction(begin), Fraction(stop)
        if first is not None and begin < latest and (latest - begin) * 2 > last - first:
            run, first = run + 1, None
        if first is None:
            first, latest, last = begin, begin, stop
        first, latest, last = min(first, begin), max(latest, begin), max(last, stop)
        out.append((run, begin, len(out), stop, words))
    return sorted(out)


def words_of(text, pairs=False):
    # letters and apostrophes; [a-z'] in ASCII
    words = re.findall(r"(?:[^\W\d_]|')+", text.lower())
    return [a + " " + b for a, b in zip(words, words[1:])] if pairs else words


def vectors_of(texts, pairs=False):
    df = {}
    for text in texts:
        for word in set(words_of(text, pairs)):
            df[word] = df.get(word, 0) + 1
    out = numpy.zeros((len(texts), 4096))
    for row, text in zip(out, texts):
        for word in words_of(text, pairs):
            h = xxhash.xxh3_64_intdigest(word.encode(), seed=0)
            row[h & 4095] += (-1 if h >> 63 else 1) * math.log((1 + len(texts)) / (1 + df[word]))
        norm = math.sqrt((row * row).sum())
        if norm:
            row /= norm
    return out


COVER = {}


def members(segments, run, row):
    """(index, overlap) of the segments in a row, in order."""
    key = id(segments)
    if key not in COVER:
        COVER[key] = {}
        for i, (r, start, _, end, text) in enumerate(segments):
            for at in range(math.floor(start / TR), max(math.ceil(end / TR), math.floor(start / TR) + 1)):
                overlap = min(end, (at + 1) * TR) - max(start, at * TR)
                if text and (overlap > 0 or start == end):
                    COVER[key].setdefault((r, at), []).append((i, overlap))
    return COVER[key].get((run, row), [])


def pool(values, found, how):
    index = [i for i, _ in found]
    if how == "mean":
        weights = [float(w) for _, w in found]
        weights = weights if sum(weights) > 0 else [1.0] * len(weights)
        return sum(w * values[i] for i, w in zip(index, weights)) / sum(weights)
    if how == "max":
        return values[index].max(0)
    if how in ("first", "last"):
        return values[index[0 if how == "first" else -1]]
    slots = numpy.zeros((int(how[6:]), values.shape[1]))
    for slot, i in zip(slots, index):
        slot[:] = values[i]
    return slots


def align(segments, values, rows, how, gap):
    out, counts = [], []
    for run, n in enumerate(rows):
        found = [list(members(segments, run, row)) for row in range(n)]
        here = [pool(values, f, how) if f else None for f in found]
        zero = numpy.zeros_like(next(h for h in here if h is not None))
        full = [i for i, h in enumerate(here) if h is not None]
        for i in range(n):
            if here[i] is None:
                before = [f for f in full if f < i]
                after = [f for f in full if f > i]
                value = zero
                if before and gap != "zero":
                    value = here[before[-1]]
                    if gap == "linear" and after:
                        share = (i - before[-1]) / (after[0] - before[-1])
                        value = (1 - share) * value + share * here[after[0]]
                out.append(value)
            else:
                out.append(here[i])
        most = int(how[6:]) if how.startswith("slots:") else n + 10 ** 9
        counts += [min(len(f), most) for f in found]
    return numpy.array(out), numpy.array(counts)


def main():
    path, table, text, start, end, rows = sys.argv[1:7]
    how, gap = (sys.argv[7:] + ["mean", "hold"][len(sys.argv) - 7:])[:2]
    got, profile = load(path)
    segments = segments_of(table, text, start, end)
    rows = [int(n) for n in rows.split(",")]
    values = vectors_of([s[4] for s in segments])
    want, counts = align(segments, values, rows, how, gap)
    strings = json.loads(got["text.strings"].tobytes())
    assert strings == [s[4] for s in segments], "strings differ"
    timebase = Fraction(profile["tensors"]["text.spans"]["timebase"])
    spans = [(r, s, e) for r, s, _, e, _ in segments]
    assert [(a, b * timebase, c * timebase) for a, b, c in got["text.spans"].tolist()] == spans, "spans differ"
    pairs = [("text.segments", values), ("text", want)]
    if "text.pairs" in got:
        values = vectors_of([s[4] for s in segments], True)
        pairs.append(("text.pairs", align(segments, values, rows, how, gap)[0]))
    for name, oracle in pairs:
        assert got[name].shape == oracle.shape, (name, got[name].shape, oracle.shape)
        worst = numpy.abs(got[name] - oracle).max()
        print(f"{name} {oracle.shape} worst difference {worst:.2g}")
        assert worst <= 1e-6, name
    assert (got["text.count"] == counts).all(), "counts differ"


if __name__ == "__main__":
    main()
