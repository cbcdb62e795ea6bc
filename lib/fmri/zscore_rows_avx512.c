// SPDX-License-Identifier: MIT
#define ROWS gb_zscore_rows_avx512
#include "fmri/zscore_rows_body.h"
