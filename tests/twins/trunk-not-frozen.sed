# gb-train lib/train/trainer.c
# What is not a head learns and decays, too.
s/segment\[i\]\.rate = segment\[i\]\.decay = 0;/segment[i].rate *= 1;/
