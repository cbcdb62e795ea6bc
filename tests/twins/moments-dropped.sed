# gb-train lib/train/run_folder.c
# AdamW's second moment starts again at 0.
/status = read_share\(t, file, "optimiser.second"/s/status = .*/status = GB_OK;/
