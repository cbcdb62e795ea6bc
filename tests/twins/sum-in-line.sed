# gb-train lib/train/step.c
# Micro-batches are added one after the other instead of in the tree.
/for \(level = 0; \(micro - begin\)/,/^\t\t\}/c\
		if (micro > begin)\
			merge(t, work, &t->partial[1]);
