# gb-train lib/train/run_folder.c
# The running moments of batch norms are not read back.
s/status = gb_giblet13_read_moments\(.*/status = GB_OK;/
