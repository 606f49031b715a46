#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A KVM host: start the guest in /guest under our monitor. What is after `--` on the kernel command line
# are more arguments of the monitor (images/vmm).
export PATH=/bin
mount -t proc proc /proc
mount -t devtmpfs dev /dev
echo "HOST: $(uname -sr) on $(nproc) PEs"
dmesg | grep "mode initialized"
vmm -k /guest/kernel -i /guest/initrd "$@"
echo "HOST: guest left with status $?"
stty opost # drain the console: what waits in it is lost
poweroff -f
