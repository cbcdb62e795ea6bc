/* SPDX-License-Identifier: MIT */
#define LOOPS gb_loops_avx512
#include "loops_body.h"
