/* SPDX-License-Identifier: MIT */
/* fibre_any.cpp: by ucontext, which every processor has and which is slower. */
#include <ucontext.h>

#include "fibre.cuh"

static ucontext_t *context_of(gb_fibre *fibre)
{
	if (!fibre->context)
		fibre->context = new ucontext_t;
	return (ucontext_t *)fibre->context;
}

void gb_fibre_make(gb_fibre *fibre, void *stack, size_t bytes, void (*entry)(void))
{
	ucontext_t *context = context_of(fibre);

	getcontext(context);
	context->uc_stack.ss_sp = stack;
	context->uc_stack.ss_size = bytes;
	context->uc_link = nullptr;
	makecontext(context, entry, 0);
}

void gb_fibre_switch(gb_fibre *from, gb_fibre *to) { swapcontext(context_of(from), context_of(to)); }

void gb_fibre_free(gb_fibre *fibre)
{
	delete (ucontext_t *)fibre->context;
	fibre->context = nullptr;
}
