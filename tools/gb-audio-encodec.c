/* SPDX-License-Identifier: MIT */
/* gb-audio-encodec: the sound of a film or sound file as codes or a mel spectrum, binned by TR. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/weights.h"
#include "encodec/codes_tensor.h"
#include "encodec/stereo.h"
#include "encodec/stereo_file.h"
#include "audio/mel_tensor.h"
#include "audio/mel_wav.h"
#include "audio/pitch.h"
#include "audio/pitch_tensor.h"

static gb_maybe_rational tr = {false, {3, 2}}, start = {false, {0, 1}};
static gb_maybe_rational window = {false, {1, 40}}, hop = {false, {1, 100}};
static const char *weights, *bandwidth, *resample = "medium", *run_name = "run-1";
static int64_t codebooks, rows = -1, track = -1, bands = 128;
static bool partial, as_mel, as_pitch, invert, round_trip;

static const char rows_group[] = "Rows:", input_group[] = "Input:", codes_group[] = "Codes:",
		  mel_group[] = "Mel spectrum:", pitch_group[] = "Pitch:", back_group[] = "Back to sound:";

static const gb_option options[] = {
	{"tr", GB_OPTION_RATIONAL, &tr, "R", "set the repetition time (TR) to R seconds, an exact decimal or "
	                                     "fraction (default 3/2)",
	 .group = rows_group},
	{"weights", GB_OPTION_STRING, &weights, "FILE", "use these EnCodec weights (default: $GB_ENCODEC, "
	                                                "then the data folder)",
	 .group = codes_group, .not_param = true},
	{"bandwidth", GB_OPTION_CHOICE, &bandwidth, "1.5|3|6|12|24", "set the bandwidth of the codes in "
	                                                             "kbit/s (default 3: 4 codebooks)",
	 .group = codes_group},
	{"codebooks", GB_OPTION_INTEGER, &codebooks, "N", "set the number of codebooks instead of the "
	                                                  "bandwidth", .group = codes_group, .min = 1,
	 .max = 64},
	{"resample", GB_OPTION_CHOICE, &resample, "medium|best",
	 "resample with a passband that is flat to 10 kHz (medium) or 11 kHz (best) (default "
	 "medium)", .group = input_group},
	{"start", GB_OPTION_RATIONAL, &start, "T", "let row 0 begin at movie time T, in seconds (default "
	                                           "0)", .group = rows_group},
	{"rows", GB_OPTION_INTEGER, &rows, "N", "write N rows; a shorter sound is an error (default: all "
	                                        "complete rows)", .group = rows_group,
	 .min = 1, .max = 1e15},
	{"partial", GB_OPTION_FLAG, &partial, NULL, "also write a last row that the sound does not "
	                                            "fill", .group = rows_group},
	{"run", GB_OPTION_STRING, &run_name, "NAME", "name the fMRI run during which the sound was played "
	                                             "(default run-1)", .group = rows_group},
	{"track", GB_OPTION_INTEGER, &track, "N", "read this audio track, counted from 0 (default: the "
	                                          "container's default)",
	 .group = input_group, .max = 1e6},
	{"mel", GB_OPTION_FLAG, &as_mel, NULL, "write a log-mel spectrum instead of EnCodec "
	                                       "codes", .group = mel_group},
	{"bands", GB_OPTION_INTEGER, &bands, "N", "with --mel: number of mel bands (default "
	                                          "128)", .group = mel_group, .min = 1, .max = 1024},
	{"window", GB_OPTION_RATIONAL, &window, "R", "with --mel: length of the analysis window in seconds "
	                                             "(default 1/40)", .group = mel_group},
	{"hop", GB_OPTION_RATIONAL, &hop, "R", "with --mel: time from one spectrum to the next in seconds "
	                                       "(default 1/100)", .group = mel_group},
	{"pitch", GB_OPTION_FLAG, &as_pitch, NULL, "write the fundamental frequency and the voiced share of "
	                                           "each row instead of EnCodec codes", .group = pitch_group},
	{"invert", GB_OPTION_FLAG, &invert, NULL, "write the codes or mel spectrum of a tensor file as a WAV "
	                                          "file", .group = back_group},
	{"round-trip", GB_OPTION_FLAG, &round_trip, NULL, "encode and decode a sound, and write the WAV file "
	                                                  "that the codec makes of it",
	 .group = back_group},
	{0}};

static void progress(int64_t done) { gb_cli_progress("rows", (uint64_t)done, 0); }

/* An option that would do nothing is a mistake. */
static gb_status refuse(const gb_args *args, const char *const *names, const char *why, gb_err *err)
{
	for (; *names; names++)
		if (gb_cli_given(args, options, *names))
			return gb_fail(err, GB_USAGE, "--%s has no meaning %s", *names, why);
	return GB_OK;
}

/* What an option that was not asked for would have done is no parameter of the result. */
static void forget(const gb_args *args, const char *const *names)
{
	for (; *names; names++)
		gb_json_remove(args->params, *names);
}

/* Kbit/s (3 if not said) to codebooks: 0.75 each, 1.5 in stereo. */
static gb_status wanted_codebooks(const gb_encodec_weights *w, const char *path, int *out, gb_err *err)
{
	double each = w->channels == 2 ? 1.5 : 0.75;

	*out = codebooks ? (int)codebooks : (int)((bandwidth ? strtod(bandwidth, NULL) : 3) / each);
	if (*out >= 1 && *out <= w->codebooks)
		return GB_OK;
	return gb_fail(err, GB_USAGE, "--%s: %d codebooks wanted, %s has 1 to "
	                              "%d", codebooks ? "codebooks" : "bandwidth", *out, path, w->codebooks);
}

static gb_status run_round_trip(const gb_args *args, gb_err *err)
{
	static const char *const others[] = {"tr",    "rows",  "partial", "run", "mel",
	                                     "pitch", "bands", "window",  "hop", NULL};
	char path[PATH_MAX];
	gb_encodec_weights w = {0};
	gb_codes_job job = {.path = args->operand[0],
	                    .out = args->out,
	                    .weights = path,
	                    .tool = args->tool,
	                    .step = tr.value,
	                    .pool = args->pool,
	                    .audio = {track, start.value, 24000,
	                              strcmp(resample, "best") ? GB_RESAMPLE_MEDIUM : GB_RESAMPLE_BEST, 0}};
	int64_t samples = 0;
	gb_status status = refuse(args, others, "with --round-trip: it makes no rows", err);

	if (!status)
		status = gb_cli_encodec_weights(path, weights, "a round trip goes through them", err);
	if (!status)
		status = gb_encodec_weights_open(&w, path, err);
	if (!status)
		status = wanted_codebooks(&w, path, &job.codebooks, err);
	if (!status && w.channels == 2)
		status = gb_stereo_round_trip(job.path, &job.audio, job.out, job.codebooks, &w, &samples,
		                              job.pool, err);
	else if (!status)
		status = gb_codes_round_trip(&job, &w, &samples, err);
	if (!status)
		gb_cli_log("%lld samples at %d kHz through %d "
		           "codebooks", (long long)samples, w.channels == 2 ? 48 : 24, job.codebooks);
	gb_encodec_weights_close(&w);
	return status;
}

static gb_status run_codes(const gb_args *args, gb_err *err)
{
	char path[PATH_MAX];
	gb_encodec_weights w = {0};
	gb_codes_job job = {.path = args->operand[0],
	                    .out = args->out,
	                    .weights = path,
	                    .tool = args->tool,
	                    .run = run_name,
	                    .params = args->params,
	                    .audio = {track, start.value, 24000,
	                              strcmp(resample, "best") ? GB_RESAMPLE_MEDIUM : GB_RESAMPLE_BEST},
	                    .step = tr.value,
	                    .rows = rows,
	                    .partial = partial,
	                    .pool = args->pool,
	                    .progress = progress};
	gb_codes_result result;
	gb_status status = gb_cli_encodec_weights(path, weights, "--mel needs none", err);

	if (!status)
		status = gb_encodec_weights_open(&w, path, err);
	if (!status)
		status = wanted_codebooks(&w, path, &job.codebooks, err);
	if (!status)
		status = gb_codes_tensor_write(&job, &w, &result, err);
	if (!status)
		gb_cli_log("%lld rows hold %lld of %lld frames of %d "
		           "codes", (long long)result.rows, (long long)result.kept,
		            (long long)result.total, job.codebooks);
	gb_encodec_weights_close(&w);
	return status;
}

static gb_status invert_codes(gb_tensor_file *file, const gb_args *args, gb_err *err)
{
	char path[PATH_MAX];
	gb_encodec_weights w = {0};
	gb_status status = gb_cli_encodec_weights(path, weights, "--mel needs none", err);

	if (!status)
		status = gb_encodec_weights_open(&w, path, err);
	if (!status)
		status = gb_codes_tensor_invert(file, &w, args->out, args->pool, err);
	gb_encodec_weights_close(&w);
	return status;
}

static gb_status run_invert(const gb_args *args, gb_err *err)
{
	static const char *const others[] = {"tr",     "bandwidth", "codebooks",  "resample",
	                                     "start",  "rows",      "partial",    "run",
	                                     "track",  "mel",       "pitch",      "bands",
	                                     "window", "hop",       "round-trip", NULL};
	gb_tensor_file *file = NULL;
	gb_status status = refuse(args, others, "with --invert: the file says it", err);

	if (!status)
		status = gb_tensor_file_open(&file, args->operand[0], err);
	if (!status && !gb_tensor_file_find(file, "mel") && gb_tensor_file_find(file, "codes"))
		status = invert_codes(file, args, err);
	else if (!status)
		status = gb_mel_tensor_invert(file, args->out, args->pool, err);
	gb_tensor_file_close(file);
	return status;
}

static gb_status check(gb_err *err)
{
	if (tr.value.num <= 0)
		return gb_fail(err, GB_USAGE, "--tr: above 0 is wanted");
	if (start.value.num < 0)
		return gb_fail(err, GB_USAGE, "--start: 0 or later is wanted");
	return GB_OK;
}

static gb_status run_mel(const gb_args *args, gb_err *err)
{
	gb_mel_job job = {.path = args->operand[0],
	                  .out = args->out,
	                  .tool = args->tool,
	                  .run = run_name,
	                  .params = args->params,
	                  .audio = {track, start.value, 24000,
	                            strcmp(resample, "best") ? GB_RESAMPLE_MEDIUM : GB_RESAMPLE_BEST},
	                  .mel = {24000, (int)bands, window.value, hop.value},
	                  .step = tr.value,
	                  .rows = rows,
	                  .partial = partial,
	                  .pool = args->pool,
	                  .progress = progress};
	gb_mel_result result;
	gb_status status = gb_mel_tensor_write(&job, &result, err);
	const gb_audio_facts *f = &result.facts;

	if (status)
		return status;
	gb_cli_log("%s: %lld Hz, %d channels, by %s; %lld samples, %lld of them silence before or between; "
	           "%lld cut; %lld jumps",
	           job.path, (long long)f->rate, f->channels, f->reader, (long long)f->samples,
	           (long long)f->silence, (long long)f->cut, (long long)f->jumps);
	gb_cli_log("%lld rows hold %lld of %lld "
	           "frames", (long long)result.rows, (long long)result.kept, (long long)result.total);
	return GB_OK;
}

static gb_status run_pitch(const gb_args *args, gb_err *err)
{
	gb_pitch_job job = {.path = args->operand[0],
	                    .out = args->out,
	                    .tool = args->tool,
	                    .run = run_name,
	                    .params = args->params,
	                    .audio = {.track = track,
	                              .start = start.value,
	                              .rate = GB_PITCH_RATE,
	                              .quality = strcmp(resample, "best") ? GB_RESAMPLE_MEDIUM
	                                                                  : GB_RESAMPLE_BEST},
	                    .step = tr.value,
	                    .rows = rows,
	                    .partial = partial,
	                    .pool = args->pool,
	                    .progress = progress};
	gb_pitch_result result;
	gb_status status = gb_pitch_tensor_write(&job, &result, err);

	if (!status)
		gb_cli_log("%lld rows; %lld of %lld frames are voiced", (long long)result.rows,
		           (long long)result.voiced, (long long)result.total);
	return status;
}

static gb_status run(const gb_args *args, gb_err *err)
{
	static const char *const of_codes[] = {"weights", "bandwidth", "codebooks", NULL};
	static const char *const of_mel[] = {"bands", "window", "hop", NULL};
	/* bandwidth: the codebooks say it */
	static const char *const modes[] = {"invert", "round-trip", "bandwidth", NULL};
	static const char *const of_pitch[] = {"pitch", NULL}, *const mel_itself[] = {"mel", NULL};
	gb_status status;

	if (invert)
		return run_invert(args, err);
	status = check(err);
	if (!status && bandwidth && codebooks)
		status = gb_fail(err, GB_USAGE, "--bandwidth and --codebooks say the same: give one");
	if (!status && round_trip)
		return run_round_trip(args, err);
	if (!status && as_pitch && as_mel)
		status = gb_fail(err, GB_USAGE, "--mel and --pitch are two tensors: give one");
	if (!status && (as_mel || as_pitch))
		status = refuse(args, of_codes, as_mel ? "with --mel" : "with --pitch", err);
	if (!status && !as_mel)
		status = refuse(args, of_mel, "without --mel", err);
	if (status)
		return status;
	if (as_mel || as_pitch)
		forget(args, of_codes);
	if (!as_mel)
		forget(args, of_mel);
	forget(args, as_pitch ? mel_itself : of_pitch);
	forget(args, modes);
	if (as_pitch)
		return run_pitch(args, err);
	return as_mel ? run_mel(args, err) : run_codes(args, err);
}

int main(int argc, char **argv)
{
	static const gb_command commands[] = {{NULL,
	                                       "[--tr R] [--weights FILE] [--bandwidth 1.5|3|6|12|24 | "
	                                       "--codebooks N] [--resample medium|best] "
	                                       "[--start T] [--rows N] "
	                                       "[--partial] [--run NAME] [--track N] [--mel [--bands N] "
	                                       "[--window R] [--hop R] | --pitch] [-o OUT] MEDIA "
	                                       "| --round-trip [-o OUT] MEDIA | --invert [-o OUT] FILE",
	                                       "Turn the sound of a film or sound file into EnCodec codes, a "
	                                       "log-mel spectrum or its pitch, binned by "
	                                       "TR.",
	                                       options, 1, 1, true, run},
	                                      {0}};

	return gb_cli_main("gb-audio-encodec", "EnCodec codes or mel spectrum binned by "
	                                       "TR", commands, argc, argv);
}
