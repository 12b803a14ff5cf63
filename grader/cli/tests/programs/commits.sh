# A repository from nothing to its check.
export HOME="$PWD" GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_AUTHOR_DATE='2026-01-01T00:00:00Z'
export GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b GIT_COMMITTER_DATE='2026-01-01T00:00:00Z'
git init -q . 2>&1
git config maintenance.auto false
echo one > file
git add file
git commit -q -m first
git log --oneline | cat
git repack -adq
git fsck 2>&1
