/* SPDX-License-Identifier: MIT */
/* The ridge kind of model: the checkpoint of ridge_fit.h, read and used. */
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "modality/modality.h"
#include "loader/bold_source.h"
#include "checkpoint/checkpoint.h"
#include "model/model_type.h"
#include "ridge/linear_map.h"

enum { BANDS_MAX = 64 };

typedef struct decoder {
	const char *feature;
	int64_t shape[4];
	int rank;
	gb_linear_map map;
	gb_linear_map_band band;
} decoder;

typedef struct state {
	gb_linear_map encode;
	gb_linear_map_band band[BANDS_MAX];
	decoder *decoder;
	size_t decoders;
	gb_delays window;           /* of all decoders */
	int32_t *train_run[2];
	bool silent[BANDS_MAX];
} state;

static gb_status need_rows(gb_tensor_file *file, const char *map, const char *what, gb_dtype dtype,
                           const gb_tensor **tensor, gb_err *err)
{
	char *name = gb_format(err, "%s.%s", map, what);
	gb_status status = name ? gb_tensor_file_need(file, name, dtype, 1, tensor, err) : GB_SYSTEM;

	free(name);
	return status;
}

/* Row lists of MAP, the runs of the train rows looked up among those at hand. */
static gb_status load_rows(gb_linear_map *out, gb_tensor_file *file, const char *map, int32_t **train_run,
                           gb_err *err)
{
	const gb_tensor *rows, *runs, *train;
	const int64_t *row, *wanted;
	gb_status status = need_rows(file, map, "rows", GB_I64, &rows, err);

	if (!status)
		status = need_rows(file, map, "runs", GB_I32, &runs, err);
	if (!status)
		status = need_rows(file, map, "train", GB_I64, &train, err);
	if (status)
		return status;
	if (runs->elements != rows->elements || rows->elements == 0 || train->elements == 0 ||
	    rows->elements > INT32_MAX)
		return gb_fail(err, GB_DATA, "%s: %s.rows, runs and train contradict each other",
		               gb_tensor_file_name(file), map);
	out->have = (gb_row_list){rows->elements, rows->data, runs->data};
	*train_run = gb_array(train->elements, sizeof **train_run, err);
	if (!*train_run)
		return GB_SYSTEM;
	row = rows->data;
	wanted = train->data;
	for (size_t i = 0, j = 0; i < train->elements; i++) {
		while (j < rows->elements && row[j] < wanted[i])
			j++;
		if (j == rows->elements || row[j] != wanted[i])
			return gb_fail(err, GB_DATA, "%s: %s.train: row %lld is not among %s.rows",
			               gb_tensor_file_name(file), map, (long long)wanted[i], map);
		(*train_run)[i] = out->have.run[j];
	}
	out->train = (gb_row_list){train->elements, wanted, *train_run};
	return GB_OK;
}

static gb_status load_floats(gb_tensor_file *file, const char *map, const char *name, const char *what,
                             size_t rows, int64_t columns, const float **data, gb_err *err)
{
	char *full = gb_format(err, "%s.%s.%s", map, name, what);
	gb_status status = full ? gb_checkpoint_floats(file, full, (int64_t)rows, columns, data, err)
	                        : GB_SYSTEM;

	free(full);
	return status;
}

/* BAND as DIMS say; COEFFICIENT is the name that its coefficients go by. */
static gb_status load_band(const gb_linear_map *map, gb_linear_map_band *band, gb_tensor_file *file,
                           const char *prefix, const gb_json *dims, const char *coefficient, gb_err *err)
{
	int64_t width;
	gb_status status;

	band->name = gb_json_text(gb_json_get(dims, "name"));
	if (!band->name || !gb_json_read_integer(gb_json_get(dims, "width"), &width) || width < 1 ||
	    width > INT32_MAX || !gb_json_read_boolean(gb_json_get(dims, "dual"), &band->dual))
		return gb_fail(err, GB_DATA, "%s: %s: a band wants name, width and dual",
		               gb_tensor_file_name(file), prefix);
	band->width = (size_t)width;
	status = load_floats(file, prefix, band->name, "mean", band->width, -1, &band->mean, err);
	if (!status)
		status = load_floats(file, prefix, band->name, "std", band->width, -1, &band->std, err);
	if (!status && band->dual)
		status = load_floats(file, prefix, band->name, "x", map->have.count, width, &band->x, err);
	if (!status)
		status = load_floats(file, prefix, coefficient ? coefficient : band->name, "coefficient",
		                     band->dual ? map->train.count
		                                : (size_t)map->delays.filters * band->width,
		                     (int64_t)map->targets, &band->coefficient, err);
	return status;
}

static gb_status load_targets(gb_linear_map *map, gb_tensor_file *file, const gb_json *dims, gb_err *err)
{
	int64_t targets;

	if (!gb_json_read_integer(gb_json_get(dims, "targets"), &targets) || targets < 1)
		return gb_fail(err, GB_DATA, "%s: a map wants its number of targets",
		               gb_tensor_file_name(file));
	map->targets = (size_t)targets;
	map->bands = gb_json_size(gb_json_get(dims, "bands"));
	if (map->bands < 1 || map->bands > BANDS_MAX)
		return gb_fail(err, GB_DATA, "%s: %zu bands, 1 to %d are wanted", gb_tensor_file_name(file),
		               map->bands, BANDS_MAX);
	return GB_OK;
}

static gb_status load_encoder(state *s, gb_tensor_file *file, const gb_json *dims, gb_err *err)
{
	gb_status status = load_rows(&s->encode, file, "encode", &s->train_run[0], err);

	if (!status)
		status = gb_delays_from_json(gb_json_get(dims, "delays"), &s->encode.delays, err);
	if (!status)
		status = load_targets(&s->encode, file, dims, err);
	s->encode.band = s->band;
	for (size_t i = 0; !status && i < s->encode.bands; i++)
		status = load_band(&s->encode, &s->band[i], file, "encode",
		                   gb_json_at(gb_json_get(dims, "bands"), i), NULL, err);
	if (!status)
		status = gb_checkpoint_floats(file, "encode.offset", (int64_t)s->encode.targets, -1,
		                              &s->encode.mean, err);
	return status;
}

static gb_status load_decoder(decoder *d, gb_tensor_file *file, const char *feature, const gb_json *dims,
                              gb_err *err)
{
	const gb_json *shape = gb_json_get(dims, "shape");
	size_t elements = 1;
	gb_status status = load_targets(&d->map, file, dims, err);

	d->feature = feature;
	d->rank = (int)gb_json_size(shape);
	for (int i = 0; !status && i < d->rank; i++)
		if (d->rank > 4 || !gb_json_read_integer(gb_json_at(shape, (size_t)i), &d->shape[i]) ||
		    d->shape[i] < 1 || !gb_size_mul(elements, (size_t)d->shape[i], &elements))
			return gb_fail(err, GB_DATA, "%s: decode.%s: bad shape", gb_tensor_file_name(file),
			               feature);
	if (!status && (elements != d->map.targets || d->map.bands != 1))
		return gb_fail(err, GB_DATA, "%s: decode.%s: %zu targets and %zu bands, %zu and 1 are wanted",
		               gb_tensor_file_name(file), feature, d->map.targets, d->map.bands, elements);
	d->map.band = &d->band;
	if (!status)
		status = load_band(&d->map, &d->band, file, "decode",
		                   gb_json_at(gb_json_get(dims, "bands"), 0), feature, err);
	if (!status)
		status = load_floats(file, "decode", feature, "offset", d->map.targets, -1, &d->map.mean,
		                     err);
	return status;
}

static gb_status load_decoders(state *s, gb_tensor_file *file, const gb_json *dims, gb_err *err)
{
	const gb_json *features = gb_json_get(dims, "features");
	gb_linear_map rows = {0};
	gb_status status = load_rows(&rows, file, "decode", &s->train_run[1], err);
	void *it;

	if (!status)
		status = gb_delays_from_json(gb_json_get(dims, "delays"), &s->window, err);
	if (status)
		return status;
	rows.delays = s->window;
	s->decoder = gb_array(gb_json_size(features), sizeof *s->decoder, err);
	if (!s->decoder)
		return GB_SYSTEM;
	for (it = gb_json_first(features); !status && it; it = gb_json_next(features, it)) {
		s->decoder[s->decoders].map = rows;
		status = load_decoder(&s->decoder[s->decoders], file, gb_json_key(it), gb_json_value(it),
		                      err);
		s->decoders++;
	}
	return status;
}

static void ridge_close(void *opaque)
{
	state *s = opaque;

	if (!s)
		return;
	gb_delays_clear(&s->encode.delays);
	gb_delays_clear(&s->window);
	free(s->train_run[0]);
	free(s->train_run[1]);
	free(s->decoder);
	free(s);
}

static gb_status ridge_open(void **opaque, gb_tensor_file *file, const gb_json *description, gb_err *err)
{
	state *s = gb_array(1, sizeof *s, err);
	const gb_json *dims = gb_json_get(description, "dims"), *decode = gb_json_get(dims, "decode"),
		      *encode = gb_json_get(dims, "encode");
	gb_status status;

	if (!s)
		return GB_SYSTEM;
	status = encode || !decode ? load_encoder(s, file, encode, err) : GB_OK;
	if (!status && decode)
		status = load_decoders(s, file, decode, err);
	if (status) {
		ridge_close(s);
		return status;
	}
	*opaque = s;
	return GB_OK;
}

static gb_status ridge_fits(const void *opaque, const gb_dataset *set, gb_err *err)
{
	const state *s = opaque;

	for (size_t i = 0; i < s->encode.bands; i++) {
		const gb_feature *f = gb_dataset_find(set, s->band[i].name, NULL);
		gb_linear_feature band;
		gb_status status;

		if (!f)
			return gb_fail(err, GB_DATA, "data set: no tensor %s, which the model was trained on",
			               s->band[i].name);
		status = gb_linear_feature_of(&band, f, err);
		if (status)
			return status;
		if (band.width != s->band[i].width)
			return gb_fail(err, GB_DATA,
			               "data set: %s gives %zu numbers a row, the model was trained on %zu",
			               f->name, band.width, s->band[i].width);
	}
	return GB_OK;
}

static size_t ridge_voxels(const void *opaque)
{
	return ((const state *)opaque)->encode.targets;
}

typedef struct reader {
	const gb_dataset *set;
	const state *model;
	gb_linear_feature band[BANDS_MAX];
	const gb_bold_source *brain;
	const uint8_t *keep;
	const float *mean;
	float *scratch;
} reader;

static void read_stimulus(void *context, size_t band, int64_t row, float *out)
{
	reader *r = context;

	if (r->model->silent[band])
		memcpy(out, r->model->band[band].mean, r->model->band[band].width * sizeof *out);
	else
		gb_linear_feature_read(r->set, &r->band[band], row, r->scratch, out);
}

static gb_status ridge_encode(void *opaque, const gb_dataset *set, const char *subject, const int64_t *rows,
                              size_t count, float *out, gb_pool *pool, gb_err *err)
{
	state *s = opaque;
	reader r = {.set = set, .model = s};
	size_t largest = 1;
	gb_status status = ridge_fits(s, set, err);

	(void)subject; /* one map: of the subject it was trained on, or of the mean */
	if (!status && !s->encode.targets)
		status = gb_fail(err, GB_USAGE, "this ridge model has decoders alone: it predicts no brain");
	for (size_t i = 0; !status && i < s->encode.bands; i++) {
		status = gb_linear_feature_of(&r.band[i], gb_dataset_find(set, s->band[i].name, NULL), err);
		if (!status && r.band[i].feature->elements > largest)
			largest = r.band[i].feature->elements;
	}
	if (status)
		return status;
	r.scratch = gb_array(largest, sizeof *r.scratch, err);
	if (!r.scratch)
		return GB_SYSTEM;
	status = gb_linear_map_predict(&s->encode, (gb_ridge_reader){read_stimulus, &r},
	                               gb_dataset_clock(set), rows, count, out, pool, err);
	free(r.scratch);
	return status;
}

static gb_status ridge_silence(void *opaque, const char *const *feature, size_t features, gb_err *err)
{
	state *s = opaque;

	memset(s->silent, 0, sizeof s->silent);
	for (size_t i = 0; i < features; i++) {
		size_t band = 0;

		while (band < s->encode.bands && strcmp(s->band[band].name, feature[i]))
			band++;
		if (band == s->encode.bands)
			return gb_fail(err, GB_USAGE, "%s: no tensor that this model reads (the first is %s)",
			               feature[i], s->band[0].name);
		s->silent[band] = true;
	}
	return GB_OK;
}

static const decoder *find_decoder(const state *s, const char *feature)
{
	for (size_t i = 0; i < s->decoders; i++)
		if (strcmp(s->decoder[i].feature, feature) == 0)
			return &s->decoder[i];
	return NULL;
}

static bool ridge_decodes(const void *opaque, const char *feature, bool from_brain)
{
	return from_brain && find_decoder(opaque, feature);
}

/* A silenced voxel, and every voxel of a row without a valid volume, is at its train mean. */
static void read_bold(void *context, size_t band, int64_t row, float *out)
{
	reader *r = context;
	bool valid = gb_bold_source_valid(r->brain, row);

	(void)band;
	gb_bold_source_read(r->brain, row, r->scratch, out);
	for (size_t v = 0; v < r->brain->voxels; v++)
		if (!valid || (r->keep && !r->keep[v]))
			out[v] = r->mean[v];
}

static gb_status ridge_decode(void *opaque, const gb_decode_request *request, float *out, gb_pool *pool,
                              gb_err *err)
{
	const decoder *d = find_decoder(opaque, request->feature);
	gb_bold_source brain;
	reader r = {.set = request->set, .brain = &brain, .keep = request->keep};
	gb_status status;

	if (!d || !request->from_brain)
		return gb_fail(err, GB_USAGE, "%s: this ridge model does not decode it%s", request->feature,
		               request->from_brain ? "" : " from the stimulus");
	status = gb_bold_source_open(&brain, request->set, request->subject, err);
	if (status)
		return status;
	r.mean = d->band.mean;
	r.scratch = gb_array(brain.voxels, sizeof *r.scratch, err);
	if (!r.scratch)
		status = GB_SYSTEM;
	else if (brain.voxels != d->band.width)
		status = gb_fail(err, GB_DATA, "data set: %zu voxels, the model was trained on %zu",
		                 brain.voxels, d->band.width);
	else
		status = gb_linear_map_predict(&d->map, (gb_ridge_reader){read_bold, &r},
		                               gb_dataset_clock(request->set), request->rows, request->count,
		                               out, pool, err);
	free(r.scratch);
	gb_bold_source_close(&brain);
	return status;
}

static size_t ridge_decoded_shape(const void *opaque, const char *feature, int64_t shape[4], int *rank)
{
	const decoder *d = find_decoder(opaque, feature);

	*rank = d ? d->rank : 0;
	for (int i = 0; d && i < d->rank; i++)
		shape[i] = d->shape[i];
	return d ? d->map.targets : 0;
}

const gb_model_type_table gb_model_ridge = {"ridge",       ridge_open,   ridge_close,
                                            ridge_fits,    ridge_voxels, ridge_encode,
                                            ridge_decodes, ridge_decode, ridge_decoded_shape,
                                            ridge_silence};
