#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A guest of kvm.sh with an ext4 disk: writes files, reads them back from the disk, says so on its
# virtio console.
export PATH=/bin
mount -t proc proc /proc
mount -t devtmpfs dev /dev
while read -r m; do insmod "$m"; done </modules
echo "GUEST: $(uname -sr) on $(nproc) PEs"
mount -t ext4 /dev/vda /mnt
for n in 1 2 3 4; do
    seq "$n"00000 "$n"29999 >/mnt/data"$n" & # each PE writes one
done
wait
cd /mnt && md5sum data? >/tmp/sums && cd /
umount /mnt # and forget what was read or written
mount -t ext4 -o ro /dev/vda /mnt
cd /mnt && md5sum -c /tmp/sums && echo "DISK: read back" >/dev/hvc0
cd / && umount /mnt
stty opost # drain the console: what waits in it is lost
poweroff -f
