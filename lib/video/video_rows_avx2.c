// SPDX-License-Identifier: MIT
#define ROWS gb_video_rows_avx2
#include "video/video_rows_body.h"
