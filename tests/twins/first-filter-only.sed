# gb-recon lib/model/giblet13_bottleneck.c
# Only the first filter of the brain kernel counts as what a head reads.
s/b < basis; b\+\+/b < 1; b++/
