# SPDX-License-Identifier: MIT
#
# demo: a short film, a simulated brain that watched it, a model of the two.
# The brain is simulated, so the truth is known, and what the pipeline finds is
# held against it: the planted delay, the ceiling, and twenty brains that
# watched something else.
#
#   make -C pipelines demo [MOVIE=FILE [ANNOTATIONS=FILE]]

demo_tr       := 1/2
demo_channels := 7
demo_noise    := --rho 0.2
demo_delays   := -1 0 2 5
demo_nulls    := $(shell seq 101 120)
demo_gap      := 20
d := $(out)/demo

ifdef MOVIE
demo_film  := $(MOVIE)
demo_rows  :=
demo_split := 0.7:0.2
else
demo_film   := $(d)/movie.mp4
demo_rows   := --rows 360
demo_split  := 0:240/280:360
ANNOTATIONS := $(top)/data/demo-annotations.csv
endif
demo_text     := $(if $(ANNOTATIONS),$(d)/text.safetensors)
demo_features := $(d)/video.safetensors $(d)/sound.safetensors $(demo_text)

.PHONY: demo demo-inputs
demo-inputs: $(d)/movie.mp4 $(d)/mask.nii.gz

$(d):
	mkdir -p $@

$(d)/movie.mp4: | $(d)
	@$(top)/data/fetch openboard-common usr/share/openboard/library/videos/wannaworktogether.mp4 0659d8c895e01fd01490dc55d2ff9117fb8f3f19b3e1b8198856d8c0e3d612fb $@ || { echo 'demo: the film cannot be had: one is generated instead'; $(top)/data/generate-movie $@; }

$(d)/mask.nii.gz: | $(top)/build/opt/data/shrink-mask $(d)
	@$(top)/data/fetch mricron-data usr/share/mricron/templates/ch2bet.nii.gz 592a2d20abdf36eefcb540ca8958428040edffc1bc1a18ba1dcfbabac77c5dd1 $(d)/template.nii.gz && $(top)/build/opt/data/shrink-mask $(d)/template.nii.gz 8 $@ || { echo 'demo: the brain template cannot be had: the brain is a cube instead'; $(bin)/gb-sim --voxels 3375 --tr 1/2 --rows 2 -o $(d)/cube && cp $(d)/cube/mask.nii.gz $@; }

$(top)/build/opt/data/%:
	$(MAKE) --no-print-directory -C $(top) MODE=opt build/opt/data/$*

# ---- what was seen and heard, in rows of half a second ----

$(d)/video.safetensors: $(demo_film) demo.mk | $(bin)/gb-video-frames $(d)
	gb-video-frames --tr $(demo_tr) --fps 8 $(demo_rows) -o $@ '$<'

# Codes where weights for them are at hand (exit 4: they are not), else a log-mel spectrum.
$(d)/sound.safetensors: $(demo_film) demo.mk | $(bin)/gb-audio-encodec $(d)
	gb-audio-encodec --tr $(demo_tr) $(demo_rows) -o $@ '$<' || { test $$? = 4 && gb-audio-encodec --mel --tr $(demo_tr) $(demo_rows) -o $@ '$<'; }

$(d)/text.safetensors: $(ANNOTATIONS) demo.mk | $(bin)/gb-text-align $(d)
	gb-text-align --tr $(demo_tr) $(demo_rows) --rate -o $@ '$<'

# ---- the brain that watched it, and what is known of it ----

$(d)/brain/truth.safetensors: $(demo_film) $(demo_text) $(d)/mask.nii.gz demo.mk | $(bin)/gb-sim
	gb-sim --mask $(d)/mask.nii.gz --tr $(demo_tr) --channels $(demo_channels) --snr 1 $(demo_noise) $(demo_rows) --tensor text.rate -o $(@D) '$<' $(demo_text)

$(d)/bold.safetensors: $(d)/brain/truth.safetensors | $(bin)/gb-fmri-hrf
	gb-fmri-hrf bold --mask $(d)/mask.nii.gz -o $@ $(d)/brain/sub-01.nii.gz

$(d)/null-%.safetensors: $(d)/bold.safetensors | $(bin)/gb-sim $(bin)/gb-fmri-hrf
	gb-sim --mask $(d)/mask.nii.gz --tr $(demo_tr) --rows $$(gb-inspect --json $(d)/bold.safetensors | sed -n 's/.*"name":"bold",[^[]*"shape":\[\([0-9]*\),.*/\1/p') --channels $(demo_channels) --snr 1 $(demo_noise) --seed $* -o $(d)/null-$*
	gb-fmri-hrf bold --mask $(d)/mask.nii.gz -o $@ $(d)/null-$*/sub-01.nii.gz

# ---- the planted delays, found again ----

$(d)/lag-%.txt: $(d)/brain/truth.safetensors | $(bin)/gb-fmri-hrf
	gb-sim --mask $(d)/mask.nii.gz --channels $(demo_channels) --snr $(if $(filter none,$*),0,1) $(demo_noise) --delay $(if $(filter none,$*),0,$*/2) -o $(d)/lag-$* $(d)/brain/drivers.safetensors
	gb-fmri-hrf bold --mask $(d)/mask.nii.gz -o $(d)/lag-$*/bold.safetensors $(d)/lag-$*/sub-01.nii.gz
	gb-fmri-hrf lag -o $(d)/lag-$*.tsv $(d)/brain/drivers.safetensors $(d)/lag-$*/bold.safetensors 2>$@

# ---- data sets, models, reports ----

# 0.7 % of the kernel lies beyond 20 s: as little may reach over the gap, or from before the film.
demo_pack := gb-cache pack --split $(demo_split) --gap $(demo_gap) --history $(demo_gap)

$(d)/set-planted/index.safetensors: $(d)/bold.safetensors | $(bin)/gb-cache
	$(demo_pack) -q --subject sub-01=$(d)/bold.safetensors -o $(@D) $(d)/brain/drivers.safetensors

$(d)/set/index.safetensors: $(d)/bold.safetensors $(demo_features) | $(bin)/gb-cache
	$(demo_pack) --subject sub-01=$(d)/bold.safetensors -o $(@D) $(demo_features)

$(d)/set-null/index.safetensors: $(demo_nulls:%=$(d)/null-%.safetensors) | $(bin)/gb-cache
	$(demo_pack) -q $(foreach n,$(demo_nulls),--subject other-$(n)=$(d)/null-$(n).safetensors) -o $(@D)

$(d)/planted/best.safetensors: $(d)/set-planted/index.safetensors | $(bin)/gb-train
	gb-train $(renewed)--model ridge --brain-kernel glover --no-decoders -o $(@D) $(<D)

$(d)/ridge/best.safetensors: $(d)/set/index.safetensors | $(bin)/gb-train
	gb-train $(renewed)--model ridge --brain-kernel glover -o $(@D) $(<D)

$(d)/giblet13/best.safetensors: $(d)/set/index.safetensors demo.conf | $(bin)/gb-train
	gb-train $(renewed)--model giblet13 -c demo.conf -o $(@D) $(<D)

$(d)/report-planted/metrics.tsv: $(d)/planted/best.safetensors $(d)/set-null/index.safetensors | $(bin)/gb-recon
	gb-recon --truth $(d)/brain/truth.safetensors --null $(d)/set-null -o $(@D) $(<D) $(d)/set-planted

$(d)/report/metrics.tsv: $(d)/giblet13/best.safetensors $(d)/ridge/best.safetensors $(d)/set-null/index.safetensors | $(bin)/gb-recon
	gb-recon --truth $(d)/brain/truth.safetensors --sound '$(demo_film)' --baseline $(d)/ridge --null $(d)/set-null -o $(@D) $(<D) $(d)/set

demo: $(d)/report/metrics.tsv $(d)/report-planted/metrics.tsv $(demo_delays:%=$(d)/lag-%.txt) $(d)/lag-none.txt
	@gb-inspect --json $(d)/sound.safetensors | grep -q '"name":"codes"' && echo 'demo: sound as codes' || echo 'demo: sound as a log-mel spectrum: no weights for codes'
	@./demo-check $(d) $(demo_delays)
	@echo 'demo: the report: $(d)/report/report.html'
