# SPDX-License-Identifier: MIT
# install.mk: programs, plug-ins, pages, shell completion and shared data under DESTDIR/PREFIX.

to := $(DESTDIR)$(PREFIX)

install: all
	install -d $(to)/bin $(to)/libexec/giblet $(to)/share/giblet $(to)/share/bash-completion/completions
	install -m 755 $(tools) $(to)/bin
	install -m 755 $(plugins) $(to)/libexec/giblet
	for section in 1 5 7; do install -d $(to)/share/man/man$$section; \
	  install -m 644 man/*.$$section $(to)/share/man/man$$section; done
	install -m 644 data/encodec-tiny.safetensors $(to)/share/giblet
	for tool in $(tools); do \
	  $$tool --completion >$(to)/share/bash-completion/completions/$${tool##*/}; done
