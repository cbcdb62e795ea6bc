/* SPDX-License-Identifier: MIT */
/* fibre_x86_64.cpp: the registers that a call must keep go to the stack. */
#include <cstdint>

#include "fibre.cuh"

extern "C" void gb_fibre_swap(void **from, void *to);
__asm__(".text\n"
        ".local gb_fibre_swap\n"
        ".type gb_fibre_swap,@function\n"
        "gb_fibre_swap:\n"
        "	pushq %rbp\n	pushq %rbx\n	pushq %r12\n	pushq %r13\n	pushq %r14\n	pushq %r15\n"
        "	movq %rsp, (%rdi)\n"
        "	movq %rsi, %rsp\n"
        "	popq %r15\n	popq %r14\n	popq %r13\n	popq %r12\n	popq %rbx\n	popq %rbp\n"
        "	ret\n"
        ".size gb_fibre_swap,.-gb_fibre_swap\n"
        ".section .note.GNU-stack,\"\",@progbits\n"
        ".text\n");

void gb_fibre_make(gb_fibre *fibre, void *stack, size_t bytes, void (*entry)(void))
{
	uint64_t *top = (uint64_t *)((char *)stack + bytes - 64);

	*--top = 0; /* where ENTRY would return to; keeps it aligned as after a call */
	*--top = (uint64_t)(uintptr_t)entry;
	for (int i = 0; i < 6; i++)
		*--top = 0;
	fibre->stack_pointer = top;
}

void gb_fibre_switch(gb_fibre *from, gb_fibre *to) { gb_fibre_swap(&from->stack_pointer, to->stack_pointer); }
void gb_fibre_free(gb_fibre *) {}
