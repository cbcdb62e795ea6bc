/* SPDX-License-Identifier: MIT */
#include "fmri/bold_clock.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/size.h"
#include "io/file.h"
#include "io/json.h"

/* Path of the sidecar, NULL when there is none. */
static char *find_sidecar(const char *image)
{
	size_t n = strlen(image);
	char *path = NULL;

	if (n > 7 && !strcmp(image + n - 7, ".nii.gz"))
		n -= 7;
	else if (n > 4 && (!strcmp(image + n - 4, ".nii") || !strcmp(image + n - 4, ".hdr") ||
	                   !strcmp(image + n - 4, ".img")))
		n -= 4;
	else
		return NULL;
	path = gb_format(NULL, "%.*s.json", (int)n, image);
	if (path && access(path, F_OK)) {
		free(path);
		path = NULL;
	}
	return path;
}

/* *FOUND: the sidecar has a RepetitionTime. */
static gb_status read_sidecar(const char *path, gb_rational *tr, bool *found, gb_err *err)
{
	gb_input in = {0};
	gb_json *json = NULL;
	double value;
	gb_status status = gb_input_open(&in, path, err);

	*found = false;
	if (status)
		return status;
	if ((status = gb_json_parse((const char *)in.data, in.size, &json, err))) {
		status = gb_fail_in(err, "%s", path);
	} else if (gb_json_get(json, "RepetitionTime")) {
		*found = true;
		if (!gb_json_read_number(gb_json_get(json, "RepetitionTime"), &value) ||
		    !(value > 0 && value <= 30) || !gb_rational_from_float((float)value, tr))
			status = gb_fail(err, GB_DATA,
			                 "%s: RepetitionTime is not a number of seconds up to 30: give --tr",
			                 path);
	}
	gb_json_free(json);
	gb_input_close(&in);
	return status;
}

static bool agree(gb_rational a, gb_rational b)
{
	double x = gb_rational_double(a), y = gb_rational_double(b);

	return fabs(x - y) <= 1e-6 * fabs(y); /* a float32 has no more digits */
}

static gb_status disagree(const char *image, const char *a, gb_rational x, const char *b, gb_rational y,
                          const char *remedy, gb_err *err)
{
	char tx[GB_RATIONAL_TEXT], ty[GB_RATIONAL_TEXT];

	return gb_fail(err, GB_DATA, "%s: repetition time %s s by %s, %s s by %s: %s", image,
	               gb_rational_format(x, tx), a, gb_rational_format(y, ty), b, remedy);
}

static gb_status find_tr(gb_bold_clock *out, const gb_nifti *image, const gb_bold_clock_options *o,
                         gb_rational *tr, gb_err *err)
{
	const char *name = gb_nifti_name(image);
	char *path = find_sidecar(name), why[96];
	gb_rational beside, header;
	bool has_sidecar = false, has_header = gb_nifti_header_tr(gb_nifti_header_of(image), &header, why);
	gb_status status = GB_OK;

	if (path && !o->tr.set)
		status = read_sidecar(path, &beside, &has_sidecar, err);
	if (!status && o->tr.set) {
		*tr = o->tr.value;
		if (o->tr.value.num <= 0)
			status = gb_fail(err, GB_USAGE, "--tr: more than 0 s is wanted");
		else if (has_header && !o->force_tr && !agree(*tr, header))
			status = disagree(name, "--tr", *tr, "its header", header,
			                  "give --force-tr if the header is wrong", err);
	} else if (!status && has_sidecar) {
		*tr = beside;
		if (has_header && !agree(beside, header))
			status = disagree(name, "its .json", beside, "its header", header,
			                  "give the right one as --tr, with --force-tr if that is the "
			                  ".json's",
			                  err);
		else {
			out->sidecar = path;
			path = NULL;
		}
	} else if (!status && has_header) {
		*tr = header;
	} else if (!status) {
		status = gb_fail(err, GB_DATA, "%s: %s: give --tr", name, why);
	}
	free(path);
	return status;
}

/* Crop WHOLE to volumes FIRST … END−1; starts of runs move accordingly. */
static gb_status crop(gb_bold_clock *out, const char *name, gb_err *err)
{
	gb_clock *c = &out->clock;

	*c = out->whole;
	c->runs = 0;
	for (int r = 0; r < out->whole.runs; r++) {
		int64_t f = gb_clock_first(&out->whole, r), e = f + out->whole.run[r].rows;
		int64_t from = f > out->first ? f : out->first, to = e < out->end ? e : out->end;
		gb_run *run = &c->run[c->runs];

		if (from >= to)
			continue;
		*run = out->whole.run[r];
		run->rows = to - from;
		if (!gb_clock_time_of(&out->whole, r, from - f, &run->start))
			return gb_fail(err, GB_USAGE, "%s: the start of its rows cannot be said exactly",
			               name);
		c->runs++;
	}
	return GB_OK;
}

gb_status gb_bold_clock_make(gb_bold_clock *out, const gb_nifti *image, const gb_bold_clock_options *o,
                             gb_err *err)
{
	const char *name = gb_nifti_name(image);
	int64_t volumes = gb_nifti_header_of(image)->volumes;
	gb_rational tr, start = o->start.set ? o->start.value : (gb_rational){0, 1};
	gb_status status;

	memset(out, 0, sizeof *out);
	if (gb_nifti_header_of(image)->rank < 4)
		return gb_fail(err, GB_DATA, "%s: a 3-D image has no time: a 4-D one is wanted", name);
	if ((status = find_tr(out, image, o, &tr, err)))
		return status;
	if (o->runs) {
		status = gb_clock_parse_runs(o->runs, &out->whole, err);
		out->whole.step = tr;
	} else {
		out->whole = gb_clock_single(tr, o->run ? o->run : "run-1", volumes, start);
	}
	for (int r = 0; r < out->whole.runs && !status; r++)
		out->whole.run[r].start = start;
	if (!status && gb_clock_rows(&out->whole) != volumes)
		status = gb_fail(err, GB_DATA, "%s: %lld volumes, --runs %s has %lld rows", name,
		                 (long long)volumes, o->runs, (long long)gb_clock_rows(&out->whole));
	out->first = o->first;
	out->end = o->end == INT64_MAX ? volumes : o->end;
	if (!status && (out->first < 0 || out->first >= out->end || out->end > volumes))
		status = gb_fail(err, GB_USAGE, "%s: rows %lld:%lld of %lld volumes", name,
		                 (long long)out->first, (long long)out->end, (long long)volumes);
	if (!status)
		status = crop(out, name, err);
	if (status) {
		free(out->sidecar);
		out->sidecar = NULL;
	}
	return status;
}
