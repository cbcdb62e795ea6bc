# gb-train lib/train/run_folder.c
# The running mean of z is not read back.
/status = read_tensor\(file, "running", GB_F64/s/status = .*/t->running[t->net.bottleneck] = 1;/
