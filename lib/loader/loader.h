/* SPDX-License-Identifier: MIT */
/* loader.h: from a data set to micro-batches of giblet13.
 *
 * The statistics are those of the train rows the loader was made with; a model
 * that was read back brings its own, and the set then only has to hold tensors
 * of the same names and shapes (a missing one is absent in every row). */
#ifndef GB_LOADER_LOADER_H
#define GB_LOADER_LOADER_H

#include "loader/bold_source.h"
#include "modality/modality.h"

GB_BEGIN_DECLS

enum { GB_BANDS_MAX = 64 };

/* What becomes of a row. */
enum { GB_LOADER_NONE, GB_LOADER_FIT, GB_LOADER_VALIDATE };

typedef struct gb_loader_feature {
	char name[64];
	const gb_modality *modality;
	gb_linear_feature_type kind;   /* as checkpoints store it */
	size_t elements, width, first; /* of a row; in the linear view; its first column there */
	gb_linear_feature band;                  /* .feature NULL: the set does not have it */
} gb_loader_feature;

typedef struct gb_loader {
	const gb_dataset *set;
	const gb_clock *clock;
	int64_t rows;
	gb_loader_feature band[GB_BANDS_MAX]; /* video, mel, codes, text, further float tensors */
	int bands;
	/* stimulus, brain, text … as found; windows and sizes are the caller's */
	gb_network_shape shape;
	gb_bold_source brain[GB_SUBJECTS_MAX];
	gb_loader_statistics statistics;
	float *linear;                   /* [rows, shape.linear], standardised */
	uint8_t *use;                    /* [rows] GB_LOADER_… */
	uint8_t *present[3];             /* [rows] */
	uint8_t *brain_valid[GB_SUBJECTS_MAX]; /* [rows] BOLD may be read */
	float *scratch, *scratch2;       /* [scratch_count] */
	size_t scratch_count;
	int16_t *code_row;               /* [codebooks, frames] */
	int64_t *scored_row;             /* rows of the filled batch, −1: none */
	int *scored_run;
	int64_t apart;                   /* rows that a contrastive negative is away; the caller's */
} gb_loader;

/* scored rows first … first+count−1; count 0: none */
typedef struct gb_window { int64_t first; int64_t count; } gb_window;

/* For training.  FEATURES (NULL: all stimulus tensors), SUBJECTS: names, or "mean". */
GB_CHECK gb_status gb_loader_open(gb_loader *loader, const gb_dataset *set, const char *const *features,
                                  size_t feature_count, const char *const *subjects, size_t subject_count,
                                  gb_err *err);
/* For prediction: bands, shape and statistics as stored (see gb_loader_items). */
GB_CHECK gb_status gb_loader_open_stored(gb_loader *loader, const gb_dataset *set, gb_tensor_file *file,
                                         const gb_json *dims, gb_err *err);
/* After open_stored: the rows are as in a set without these tensors. */
void gb_loader_silence(gb_loader *loader, const char *const *name, size_t names);
void gb_loader_close(gb_loader *loader);

/* The last SHARE of the train rows (whole windows of the set's clock, one block,
 * GAP rows before it used for nothing) validates; the rest fits.  Then the
 * statistics. */
GB_CHECK gb_status gb_loader_split(gb_loader *loader, double share, int64_t gap, gb_err *err);

/* Once NET is built: room for the rows of its batches. */
GB_CHECK gb_status gb_loader_fit_network(gb_loader *loader, const gb_network *net, gb_err *err);

/* Windows of at most LENGTH rows that cover the rows of use USE in order; *WINDOW to be freed. */
GB_CHECK gb_status gb_loader_windows(const gb_loader *loader, int use, size_t length, gb_window **window,
                                     size_t *count, gb_err *err);

/* How a batch is filled. */
typedef struct gb_loader_options {
	/* probability that a window loses a modality (training); keyed by SEED, STEP, MICRO */
	double drop;
	uint64_t seed;
	uint32_t step, micro;
	int bold_one;          /* BOLD input of this subject only; −1: chosen by the key */
	const uint8_t *keep;   /* [voxels] of that subject: 0 is held at the train mean; NULL: all */
	bool scored;           /* fill targets and weights too */
	int64_t apart;         /* rows that a contrastive negative is away */
} gb_loader_options;

/* SHARED fills batches beside FEED, which it must not outlive: the same data, rows and scratch of its own. */
GB_CHECK gb_status gb_loader_share(gb_loader *shared, const gb_loader *loader, const gb_network *net,
                                   gb_err *err);
void gb_loader_unshare(gb_loader *shared);
/* FEED's scored rows become those that SHARED filled last, and the other way round. */
void gb_loader_take_rows(gb_loader *loader, gb_loader *shared);

/* BAND as its modality reads it, borrowed from LOADER. */
gb_modality_source gb_loader_source(const gb_loader *loader, const gb_loader_feature *band);

GB_END_DECLS
#endif
