# gb-train lib/train/trainer.c
# Every checkpoint is written over the best one.
s/if \(status == GB_OK && better\)$/if (status == GB_OK)/
