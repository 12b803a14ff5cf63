all: a b c d
	@cat $^

a b c d:
	@echo $@ > $@
