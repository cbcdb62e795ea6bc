# SPDX-License-Identifier: MIT
#
# sherlock: real brains.  DATA is a folder with one 4-D NIfTI per subject
# (*bold.nii.gz), mask.nii.gz, the annotations (.xlsx) and, where you have it,
# the film.  What is there is used; what is missing is left out and named.
#
# Facts about these scans, not choices: 1.5 s a row; two runs; volumes are
# already shifted by three rows, so volume 0 of a run is movie time 4.5 s.
# Rows 946-971 show the same cartoon as rows 0-25: they are never tested, nor
# are the 21 rows after them.

sherlock_tr    := 3/2
sherlock_start := 9/2
sherlock_runs  := run-1:946,run-2:540
# Stimulus rows that reach the last scan row of each run (3 rows later).
sherlock_rows  := run-1:949,run-2:543
# train rows / test rows, of the common clock (= stored volumes)
sherlock_split_forward  := 0:946/993:1486
sherlock_split_backward := 946:1486/47:946

sherlock_text     := Scene Details - A Level
sherlock_columns  := Name - All,Name - Focus,Name - Speaking,Space-In/Outdoor,Location,Camera Angle,Music Presence,Words on Screen,Arousal - Rater 1,Arousal - Rater 2,Arousal - Rater 3,Arousal - Rater 4,Valence - Rater 1,Valence - Rater 2,Valence - Rater 3,Valence - Rater 4
sherlock_model    ?= giblet13
sherlock_seeds    ?= 1 2 3 4 5
