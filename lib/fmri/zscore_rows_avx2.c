// SPDX-License-Identifier: MIT
#define ROWS gb_zscore_rows_avx2
#include "fmri/zscore_rows_body.h"
