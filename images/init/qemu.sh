#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# For root.sh: Debian's own qemu-system-aarch64 with the guest of /guest, which has the initramfs of
# inside.sh. Arguments are more of its options.
cd /tmp || exit
truncate -s 16M disk.img
qemu-system-aarch64 -accel kvm -cpu host -M virt,gic-version=host -m 512M -nic none -nographic -no-reboot \
    -kernel /guest/kernel -initrd /guest/initrd \
    -drive file=disk.img,format=raw,if=none,id=disk -device virtio-blk-device,drive=disk \
    -chardev file,path=hvc0,id=hvc0 -device virtio-serial-device -device virtconsole,chardev=hvc0 "$@"
status=$?
seq 200000 | cmp -n 1288894 - disk.img && echo "HOST: the guest's disk is in its file"
sed 's/^/HOST: the guest said: /' hvc0
exit $status
