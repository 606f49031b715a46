#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs the programs that /tests names, one a line with its arguments: the kernel's selftests, in /selftests.
export PATH=/bin
mount -t proc proc /proc
mount -t devtmpfs dev /dev
mount -t sysfs sys /sys
mount -t cgroup2 cgroup /sys/fs/cgroup
mount -t tmpfs tmp /tmp
mkdir /dev/shm
mount -t tmpfs shm /dev/shm
echo "INIT: $(uname -sr) on $(nproc) PEs"
dmesg | grep "mode initialized"
while read -r program arguments; do
    cd "/selftests/$(dirname "$program")" || exit
    # shellcheck disable=SC2086 # a list of arguments
    timeout -s KILL 300 "./$(basename "$program")" $arguments >/tmp/log 2>&1 </dev/null
    status=$?
    sed 's/^/    /' /tmp/log
    echo "RESULT: $status $program${arguments:+ $arguments}"
done </tests
echo "INIT: done"
stty opost # drain the console: what waits in it is lost
poweroff -f
