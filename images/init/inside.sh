#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A guest of qemu.sh: writes its disk and reads it back from there, talks on its second console.
export PATH=/bin
mount -t proc proc /proc
mount -t devtmpfs dev /dev
while read -r m; do insmod "$m"; done </modules
echo "INSIDE: $(uname -sr) on $(nproc) PEs"
seq 200000 >/tmp/data
size=$(wc -c </tmp/data)
dd if=/tmp/data of=/dev/vda 2>/dev/null
sync
echo 3 >/proc/sys/vm/drop_caches
if head -c "$size" /dev/vda | cmp - /tmp/data; then
    echo "INSIDE: disk read back"
fi
echo "INSIDE: hello on hvc0" >/dev/hvc0
stty opost # drain the console: what waits in it is lost
poweroff -f
