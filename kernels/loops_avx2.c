/* SPDX-License-Identifier: MIT */
#define LOOPS gb_loops_avx2
#include "loops_body.h"
