#!/bin/sh
# A shell for the machine that tests the board: each line is a script in base64, answered by its output and status.
stty -echo -onlcr
export SYSTEMD_COLORS=0 SYSTEMD_PAGER=
# What systemd sends to a terminal before the shell has the line before this one.
printf "\nboard-ready\n"
while IFS= read -r line; do
    sh -c "$(echo "$line" | base64 -d)" < /dev/null 2>&1
    echo "board-done $?"
done
