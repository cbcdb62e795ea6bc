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

# Columns of the sheet that become features beside the hashed words.
sherlock_columns := --column 'Space-In/Outdoor' --column 'Name - All' --column 'Name - Focus' \
  --column 'Name - Speaking' --column Location --column 'Camera Angle' --column 'Music Presence' \
  $(foreach rater,1 2 3 4,--column 'Arousal - Rater $(rater)' --column 'Valence - Rater $(rater)')

# The region's best-known delays: 0 to 9 rows (mission: "FIR -3 to 6" of stored rows).
sherlock_kernel  ?= fir:0:10
sherlock_seeds   ?= 1 2 3 4 5
sherlock_epochs  ?=

.PHONY: sherlock
ifneq ($(filter sherlock%,$(MAKECMDGOALS)),)
ifndef DATA
$(error sherlock: say where the scans are: make -C pipelines sherlock DATA=DIR)
endif
s := $(top)/build/sherlock
scans    := $(wildcard $(DATA)/*bold.nii.gz)
subjects := $(foreach scan,$(scans),$(firstword $(subst _, ,$(notdir $(scan)))))
sheet    := $(firstword $(wildcard $(DATA)/*.xlsx))
film     := $(firstword $(wildcard $(DATA)/*.m4v $(DATA)/*.mp4 $(DATA)/*.mkv))
ifeq ($(scans),)
$(error sherlock: $(DATA) holds no *bold.nii.gz)
endif
ifeq ($(sheet),)
$(error sherlock: $(DATA) holds no annotations (.xlsx))
endif
ifeq ($(film),)
$(info sherlock: no film in $(DATA): video and sound are left out)
endif

stimuli := $(s)/text.safetensors $(if $(film),$(s)/video.safetensors $(s)/mel.safetensors)
brains  := $(subjects:%=$(s)/%.safetensors)

$(s):
	mkdir -p $@

$(s)/text.safetensors: $(sheet) sherlock.mk | $(bin)/gb-text-align $(s)
	gb-text-align --tr $(sherlock_tr) --run all --runs $(sherlock_rows) --text 'Scene Details - A Level' --rate --boundaries 'Scene Segments' $(sherlock_columns) -o $@ '$<'

# The film that labs have is of run 1 only.
$(s)/video.safetensors: $(film) sherlock.mk | $(bin)/gb-video-frames $(s)
	gb-video-frames --tr $(sherlock_tr) --fps 8/3 -o $@ '$<'

$(s)/mel.safetensors: $(film) sherlock.mk | $(bin)/gb-audio-encodec $(s)
	gb-audio-encodec --mel --tr $(sherlock_tr) -o $@ '$<'

define sherlock_brain
$(s)/$(firstword $(subst _, ,$(notdir $(1)))).safetensors: $(1) $(DATA)/mask.nii.gz sherlock.mk | $(bin)/gb-fmri-hrf $(s)
	gb-fmri-hrf bold --mask $(DATA)/mask.nii.gz --tr $(sherlock_tr) --start $(sherlock_start) --runs $(sherlock_runs) -o $$@ $$<
endef
$(foreach scan,$(scans),$(eval $(call sherlock_brain,$(scan))))

$(s)/set-%/index.safetensors: $(stimuli) $(brains) | $(bin)/gb-cache
	gb-cache pack -q --split $(sherlock_split_$*) $(foreach b,$(subjects),--subject $(b)=$(s)/$(b).safetensors) -o $(@D) $(stimuli)

# The group mean, ridge on the hashed words, and on everything.
$(s)/words-%/best.safetensors: $(s)/set-%/index.safetensors | $(bin)/gb-train
	gb-train --model ridge --subject mean --features text --brain-kernel $(sherlock_kernel) -o $(@D) $(<D)

$(s)/ridge-%/best.safetensors: $(s)/set-%/index.safetensors | $(bin)/gb-train
	gb-train --model ridge --subject mean --brain-kernel $(sherlock_kernel) -o $(@D) $(<D)

define sherlock_seed
$(s)/giblet13-$(1)-%/best.safetensors: $(s)/set-%/index.safetensors sherlock.conf | $(bin)/gb-train
	gb-train --model giblet13 --subject mean --seed $(1) -c sherlock.conf -o $$(@D) $$(<D)
endef
$(foreach seed,$(sherlock_seeds),$(eval $(call sherlock_seed,$(seed))))

sherlock_models := ridge words $(sherlock_seeds:%=giblet13-%)
sherlock_ways   := forward backward

# Every report has ridge on the same rows beside it.
define sherlock_report
$(s)/report-$(1)-$(2)/metrics.tsv: $(s)/$(1)-$(2)/best.safetensors $(s)/ridge-$(2)/best.safetensors | $(bin)/gb-recon
	gb-recon -o $$(@D) $(if $(filter-out ridge,$(1)),--baseline $(s)/ridge-$(2)) $(s)/$(1)-$(2) $(s)/set-$(2)
endef
$(foreach way,$(sherlock_ways),$(foreach model,$(sherlock_models),$(eval $(call sherlock_report,$(model),$(way)))))

sherlock: $(foreach way,$(sherlock_ways),$(sherlock_models:%=$(s)/report-%-$(way)/metrics.tsv))
	@for way in $(sherlock_ways); do gb-recon --compare $(sherlock_models:%=$(s)/report-%-$$way) || exit; done
	@echo "sherlock: reports: $(s)/report-*/report.html"
endif
