# SPDX-License-Identifier: MIT
#
# sherlock: real brains.  DATA is a folder with one 4-D NIfTI per subject
# (*bold.nii.gz), mask.nii.gz (else one is made), the annotations (.xlsx) and,
# where you have it, the film.  What is there is used; what is missing is left out and named.
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
sherlock_ridge   ?=

.PHONY: sherlock sherlock-ridge sherlock-ablation sherlock-nested
comma := ,
ifneq ($(filter sherlock%,$(MAKECMDGOALS)),)
ifndef DATA
$(error sherlock: say where the scans are: make -C pipelines sherlock DATA=DIR)
endif
s := $(out)/sherlock
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

mask := $(firstword $(wildcard $(DATA)/mask.nii.gz) $(s)/mask.nii.gz)

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

$(s)/mask.nii.gz: $(scans) | $(bin)/gb-fmri-hrf $(s)
	gb-fmri-hrf mask -o $@ $^

define sherlock_brain
$(s)/$(firstword $(subst _, ,$(notdir $(1)))).safetensors: $(1) $(mask) sherlock.mk | $(bin)/gb-fmri-hrf $(s)
	gb-fmri-hrf bold --mask $(mask) --tr $(sherlock_tr) --start $(sherlock_start) --runs $(sherlock_runs) -o $$@ $$<
endef
$(foreach scan,$(scans),$(eval $(call sherlock_brain,$(scan))))

$(s)/set-%/index.safetensors: $(stimuli) $(brains) | $(bin)/gb-cache
	gb-cache pack -q --split $(sherlock_split_$*) $(foreach b,$(subjects),--subject $(b)=$(s)/$(b).safetensors) -o $(@D) $(stimuli)

# The group mean, ridge on the hashed words, and on everything.
$(s)/words-%/best.safetensors: $(s)/set-%/index.safetensors | $(bin)/gb-train
	gb-train $(renewed)--model ridge --subject mean --features text $(sherlock_ridge) --brain-kernel $(sherlock_kernel) -o $(@D) $(<D)

$(s)/ridge-%/best.safetensors: $(s)/set-%/index.safetensors | $(bin)/gb-train
	gb-train $(renewed)--model ridge --subject mean $(sherlock_ridge) --brain-kernel $(sherlock_kernel) -o $(@D) $(<D)

define sherlock_seed
$(s)/giblet13-$(1)-%/best.safetensors: $(s)/set-%/index.safetensors $(s)/ridge-%/best.safetensors sherlock.conf | $(bin)/gb-train
	gb-train $$(renewed)--model giblet13 --subject mean --seed $(1) -c sherlock.conf -o $$(@D) $$(<D)
endef
$(foreach seed,$(sherlock_seeds),$(eval $(call sherlock_seed,$(seed))))

# Ridge on the same stimuli stands beside every network.
$(s)/report-%/metrics.tsv: $(s)/%/best.safetensors | $(bin)/gb-recon
	gb-recon $(if $(filter giblet%,$*),--baseline $(s)/ridge-$(lastword $(subst -, ,$*))) -o $(@D) $(<D) $(s)/set-$(lastword $(subst -, ,$*))

sherlock_baselines ?= words ridge
sherlock_models := $(sherlock_baselines) $(sherlock_seeds:%=giblet13-%)
sherlock_reports = $(foreach way,forward backward,$(1:%=$(s)/report-%-$(way)/metrics.tsv))

sherlock: $(call sherlock_reports,$(sherlock_models))
	@./sherlock-check $(s) $(sherlock_models)
	@echo "sherlock: reports: $(s)/report-*/report.html"

# Without the network: a few minutes less.
sherlock-ridge: $(call sherlock_reports,$(sherlock_baselines))
	@./sherlock-check $(s) $(sherlock_baselines)

# What each tensor adds to ridge, from the barest to the richest; the speaking rate stands in all.
sherlock_steps ?= text.boundaries,text.column.*,text$(if $(film),$(comma)mel$(comma)video)
$(s)/nested-%/metrics.tsv: $(s)/words-%/best.safetensors | $(bin)/gb-recon
	gb-recon -q --from stimulus --nuisance text.rate --nested '$(sherlock_steps)' -o $(@D) $(<D) $(s)/set-$*

sherlock-nested: $(s)/nested-forward/metrics.tsv $(s)/nested-backward/metrics.tsv
	@for way in forward backward; do awk -F '\t' -v way=$$way 'BEGIN { printf "sherlock: %s: nested ridge\tmean r\tdifference\tlow\thigh\n", way } \
	  /^nested/ { sub(/nested ridge: mean r of /, "", $$4); printf "%s\t%s\t%s\t%s\t%s\n", $$4, $$5, $$11, $$12, $$13 }' $(s)/nested-$$way/metrics.tsv; done

# What each part of giblet13 adds: seed 1 without it, or with another kernel, beside
# the whole, on the same rows.  Twelve trainings.
ablation_linear   := --subject mean --epochs 0
ablation_glover   := --subject mean --brain-kernel glover
ablation_glover3  := --subject mean --brain-kernel glover3
ablation_one-row  := --subject mean --brain-kernel fir:3:4
ablation_together := --subject $(subst $() ,$(comma),$(subjects))
ablations := linear glover glover3 one-row together

define sherlock_ablation
$(s)/without-$(1)-%/best.safetensors: $(s)/set-%/index.safetensors sherlock.conf | $(bin)/gb-train
	gb-train $$(renewed)--model giblet13 --seed 1 -c sherlock.conf $(ablation_$(1)) -o $$(@D) $$(<D)
endef
$(foreach part,$(ablations),$(eval $(call sherlock_ablation,$(part))))

sherlock-ablation: $(call sherlock_reports,giblet13-1 $(ablations:%=without-%))
	@./sherlock-ablation $(s) $(ablations)
endif
