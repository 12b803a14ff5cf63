# A FIFO, and three processes that count under a lock.
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
mkfifo "$folder/pipe"
(echo one; echo two) > "$folder/pipe" &
sort -r < "$folder/pipe"
wait
echo 0 > "$folder/number"
for _ in 1 2 3; do
    (flock 9; echo $(($(cat "$folder/number") + 1)) > "$folder/number") 9> "$folder/lock" &
done
wait
cat "$folder/number"
