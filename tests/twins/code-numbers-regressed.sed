# gb-train kernels/loss.c
# The number of a code is regressed: the gradient is that of (expected number - number)^2.
s/^			dx\[label\] -= scale;/\
			double mean = 0;\
\
			for (size_t k = 0; scale > 0 \&\& k < n; k++)\
				mean += (double)k * (double)dx[k] \/ (double)scale;\
			for (size_t k = 0; k < n; k++)\
				dx[k] *= (float)(((double)k - mean) * (mean - (double)label) \/ (double)(n * n));/
