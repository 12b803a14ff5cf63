# Pipelines, traps, substitutions, statuses and jobs: what every shell has.
trap 'echo bye' EXIT
trap 'echo usr1' USR1
seq 1 20 | grep 1 | sort -rn | head -3
(exit 3) & wait $!
echo "status $?"
x=$(echo hello | tr a-z A-Z)
echo "$x"
kill -USR1 $$
while read -r line; do echo "got $line"; done <<END
here
document
END
false || (cd / && pwd)
exec 3>&1; (echo three >&3); exec 3>&-
