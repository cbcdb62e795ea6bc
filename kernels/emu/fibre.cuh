/* SPDX-License-Identifier: MIT */
/* fibre.cuh: one stack handed control to another.  fibre_x86_64.cpp and
 * fibre_any.cpp implement it; the Makefile takes one. */
#ifndef GB_EMU_FIBRE_CUH
#define GB_EMU_FIBRE_CUH

#include <cstddef>

struct gb_fibre { void *stack_pointer, *context; };

/* FIBRE will begin at ENTRY, which never returns, on STACK; may be made again. */
void gb_fibre_make(gb_fibre *fibre, void *stack, size_t bytes, void (*entry)(void));
/* Go on in TO; returns when someone goes on in FROM. */
void gb_fibre_switch(gb_fibre *from, gb_fibre *to);
void gb_fibre_free(gb_fibre *fibre);

#endif
