# Tools that fork, or have threads, or keep time.
seq 100 | tee copy | sort --parallel=4 -rn | uniq | wc -l
seq 100 | cmp - copy && echo equal
timeout 5 true; echo "$?"
seq 1 12 | xargs -P 3 -n 2 echo | sort
find . -name copy -exec head -n 2 {} +
seq 10 | split -l 2 --filter='cat > $FILE' - part
cat part* | wc -l
