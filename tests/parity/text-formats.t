#!/bin/sh
# SPDX-License-Identifier: MIT
# The formats of annotations say the same as each other, and as the books say.
. "$(dirname "$0")/../lib.sh"

# says FILE: what was read, as lines "run start end text" in seconds.
cat >says.py <<'END'
import json, os, sys
from fractions import Fraction
sys.path.insert(0, os.environ["TOP"] + "/tests")
from tensors import load
t, p = load(sys.argv[1])
base = Fraction(p["tensors"]["text.spans"]["timebase"])
for (run, a, b), text in zip(t["text.spans"].tolist(), json.loads(t["text.strings"].tobytes())):
    print(run, a * base, b * base, text)
END
says() {
	says_file=$1
	shift
	gb-text-align --partial "$@" -o said.safetensors "$says_file" && $PYTHON says.py said.safetensors
}

# subtitles
printf '1\n00:00:01,000 --> 00:00:02,500\nHello <i>there</i>\nyou\n\n2\n00:01:00,040 --> 01:00:00,999 X1:2\n{\\an8}Caf\303\251 &amp; more\n\n' >a.srt
printf '0 1 5/2 Hello there you\n0 1501/25 3600999/1000 Caf\303\251 & more\n' >want
check 'srt' 'says a.srt | diff want -'
check 'srt with CRLF, byte order mark, no last line end' '(printf "\357\273\277"; sed "s/\$/\r/" a.srt | head -c -4) >b.srt && says b.srt | diff want -'
{
	printf 'WEBVTT - title\nKind: captions\n\nNOTE a\nremark\nof three lines\n\nSTYLE\n::cue { color: red }\n\n'
	printf '00:01.000 --> 00:02.500 align:start\n<v Ann>Hello <c.x>there</c>\nyou\n\nname\n00:01:00.040 --> 01:00:00.999\nCaf&#233; &amp; more\n'
} >a.vtt
check 'vtt' 'says a.vtt | diff want -'
printf '1\n00:00:01,000 --> 00:00:02,500\na\n\n2\nx\n' >bad.srt
fails 3 'line 5: a time like' 'srt: no timing' gb-text-align -o x bad.srt
printf 'WEBVTT\n\nname\nx\n' >bad.vtt
fails 3 'line 3: neither a cue nor a comment' 'vtt: no timing' gb-text-align -o x bad.vtt

# tables
printf '0 0 1/4 a\n0 1/4 7 b, "c" d\n0 1234567/1000 1234567/1000 e\n' >want
printf 'onset\tduration\ttrial_type\n0\t0.25\ta\n0.25\t6.75\t"b, ""c"" d"\n1234.567\tn/a\te\n' >events.tsv
check 'BIDS events' 'says events.tsv | diff want -'
printf '\357\273\277start;end;text\r\n0;.25;a\r\n0.25;7e0;"b, ""c"" d"\r\n1234.5670000000000001;1234.567;e\r\n' >a.csv
check 'csv with semicolons, byte order mark, CRLF' 'says a.csv | diff want -'
printf 'text,start (ms),end (ms)\ra,0,250\rb\\, c,250,7000\r' | sed 's/b\\, c/"b, ""c"" d"/' >ms.csv
printf 'e,1234567,1234567\r' >>ms.csv
check 'milliseconds by the header, CR line ends' 'says ms.csv | diff want -'
printf 'Begin,End,Transcript\n0:00,0:00:00.25,a\n0:0.25,0:07,"b, ""c"" d"\n20:34.567,0:20:34.567,e\n' >clock.csv
check 'clock times' 'says clock.csv | diff want -'
printf 'onset,text,more, last one\n0,a,n/a,x\n1,b,c,\n' >texts.csv
printf '0 0 0 a; x\n0 1 1 b; c\n' >want
check 'several columns of text; no column of ends' 'says texts.csv --text "text,more,last one" | diff want -'
printf 'onset,"a, b",end\n0,one,2\n1,two,2\n' >comma.csv
printf '0 0 2 one\n0 1 2 two\n' >want
check 'a header with a comma' 'says comma.csv --text "a, b" | diff want -'
printf 'start,end,text\n0,3,a\n5,6,c\n3,4,b\n' >order.csv
printf '0 0 3 a\n0 3 4 b\n0 5 6 c\n' >want
check 'out of order: sorted, with a warning' 'says order.csv 2>warned | diff want - && grep -q "1 segments were out of order" warned'

# workbooks: strings inline, shared and rich, booleans, formulas, dates, times, sheets in another order, odd prefixes
$PYTHON - <<'END'
import datetime, openpyxl, zipfile
book = openpyxl.Workbook()
first = book.active
first.title = "Notes & more"
first.append(["nothing", "here"])
sheet = book.create_sheet("Data")
sheet.append(["start", "end", "text", "flag", "when"])
sheet.append([datetime.time(0, 0, 1, 500000), datetime.timedelta(seconds=3.25), "one", True, datetime.datetime(2020, 2, 29, 12, 30)])
sheet.append([3.25, 4.1 + 0.2, " two ", False, datetime.date(1999, 12, 31)])
sheet.append([5, 70, "=1+1", None, None])
book.save("book.xlsx")
parts = zipfile.ZipFile("book.xlsx")
with zipfile.ZipFile("odd.xlsx", "w") as out:
    for name in parts.namelist():
        text = parts.read(name).decode()
        if name == "xl/worksheets/sheet2.xml":
            text = text.replace("<f>1+1</f><v></v>", "<f>1+1</f><v>2</v>").replace("<f>1+1</f><v />", "<f>1+1</f><v>2</v>")
            rich = '<x:c t="inlineStr"><x:is><x:r><x:t>r</x:t></x:r><x:r><x:t xml:space="preserve">i ch</x:t></x:r><x:rPh><x:t>no</x:t></x:rPh></x:is></x:c>'
            shared = '<x:c r="C6" t="s"><x:v>1</x:v></x:c>'
            text = text.replace("</sheetData>", f"<row r='6'><c r='B6'><v>6</v></c><c r='A6'><v>5.5</v></c>{shared}</row></sheetData>")
            row = f'<x:row r="2000"><x:c><x:v>70</x:v></x:c><x:c><x:v>71.300000000000004</x:v></x:c>{rich}</x:row>'
            text = text.replace("<worksheet ", '<worksheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main" ', 1).replace("</sheetData>", row + "</sheetData>")
        if name == "xl/_rels/workbook.xml.rels":
            text = text.replace("</Relationships>", '<Relationship Id="x1" Type="http://x/sharedStrings" Target="/xl/strings.xml"/></Relationships>')
        out.writestr(name, text, zipfile.ZIP_DEFLATED)
    out.writestr("xl/strings.xml", "<sst><si><t>zero</t></si><si><r><t>o&lt;</t></r><r><t>ne</t></r><rPh><t>no</t></rPh></si></sst>")
bomb = zipfile.ZipFile("bomb.xlsx", "w", zipfile.ZIP_DEFLATED)
for name in parts.namelist():
    data = parts.read(name)
    if name == "xl/worksheets/sheet1.xml":
        data = data.replace(b"<sheetData>", b"<sheetData>" + b" " * (600 << 20))
    bomb.writestr(name, data)
bomb.close()
def variant(path, part, old, new):
    with zipfile.ZipFile(path, "w") as out:
        for name in parts.namelist():
            data = parts.read(name)
            assert name != part or old in data, (path, data[:400])
            out.writestr(name, data.replace(old, new) if name == part else data)
variant("doctype.xlsx", "xl/worksheets/sheet1.xml", b"<worksheet", b'<!DOCTYPE a [<!ENTITY b "c">]><worksheet')
variant("nostring.xlsx", "xl/worksheets/sheet1.xml", b't="inlineStr"><is><t>nothing</t></is>', b't="s"><v>99</v>')
variant("place.xlsx", "xl/worksheets/sheet1.xml", b'r="A1"', b'r="ZZZZ1"')
variant("xml.xlsx", "xl/worksheets/sheet1.xml", b"</row>", b"</wor>")
variant("nosheet.xlsx", "xl/_rels/workbook.xml.rels", b"worksheet\"", b"chart\"")
whole = open("book.xlsx", "rb").read()
for n in range(1, 20):
    open(f"cut{n}.xlsx", "wb").write(whole[:len(whole) * n // 20])
with zipfile.ZipFile("other.xlsx", "w") as out:
    out.writestr("hello", "world")
END
printf '0 3/2 13/4 one\n0 13/4 43/10 two\n0 5 70 2\n0 11/2 6 o<ne\n0 70 713/10 ri ch\n' >want
check 'workbook: sheet by name, times of day, elapsed time, 15 digits, formula, inline and rich strings' 'says odd.xlsx --sheet Data | diff want -'
printf '0 3/2 13/4 true; 2020-02-29 12:30:00.000\n0 13/4 43/10 false; 1999-12-31 0:00:00.000\n0 5 70 \n0 11/2 6 \n0 70 713/10 \n' >want
check 'workbook: booleans, dates' 'says odd.xlsx --sheet Data --text flag,when | diff want -'
fails 2 'no sheet "x"; it has "Notes & more", "Data"' 'no such sheet' gb-text-align --sheet x -o x book.xlsx
fails 3 'a header but no rows' 'the first sheet' gb-text-align -o x book.xlsx
fails 3 'unpacks to more than 512 MiB' 'a zip bomb' gb-text-align -o x bomb.xlsx
fails 3 'document type' 'entities' gb-text-align -o x doctype.xlsx
fails 3 'string that is not there' 'a string out of range' gb-text-align -o x nostring.xlsx
fails 3 'proper place' 'a cell out of range' gb-text-align -o x place.xlsx
fails 3 'mismatched tag' 'broken XML' gb-text-align -o x xml.xlsx
fails 3 'part is missing' 'a sheet that is not there' gb-text-align -o x nosheet.xlsx
fails 3 'no .xlsx workbook' 'another zip' gb-text-align -o x other.xlsx
check 'a workbook cut anywhere is refused in one line' \
	'for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19; do gb-text-align -o x cut$n.xlsx 2>line; test $? = 3 && test $(wc -l <line) = 1 || { echo $n; cat line; exit 1; }; done'

# films
if command -v ffmpeg >/dev/null; then
	printf '1\n00:00:00,500 --> 00:00:02,250\nHello <i>there</i>\nyou\n\n2\n00:00:03,000 --> 00:00:04,000\nCaf\303\251\n\n' >film.srt
	printf '0 1/2 9/4 Hello there you\n0 3 4 Caf\303\251\n' >want
	make_film() {
		film=$1
		shift
		ffmpeg -v error -nostdin -y -f lavfi -i testsrc=s=64x48:r=25:d=5 -i film.srt -map 0:v -map 1 -c:v mpeg4 "$@" "$film"
	}
	for kind in 'mkv srt' 'mkv ass' 'mkv webvtt' 'mp4 mov_text' 'mov mov_text'; do
		check "film: $kind" "make_film film.${kind% *} -c:s ${kind#* } && says film.${kind% *} | diff want -"
	done
	check 'film from a pipe' 'says - <film.mkv | diff want -'
	check 'a film that starts at 3 s: times are on its clock' 'make_film late.mkv -c:s srt -output_ts_offset 3 && says late.mkv | diff want -'
	ffmpeg -v error -nostdin -y -f lavfi -i testsrc=s=64x48:r=25:d=1 -c:v mpeg4 silent.mp4
	fails 3 'no subtitle stream' 'a film without subtitles' gb-text-align -o x silent.mp4
	fails 3 'no subtitle track 3' 'no such track' gb-text-align --track 3 -o x film.mkv
else
	skip 'films' 'no ffmpeg program'
fi
head -c 5000 /dev/zero >zeros
fails 3 'not a film' 'zeros' gb-text-align -o x zeros
done_testing
