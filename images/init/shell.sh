#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# An interactive shell on the console; leaving it powers the machine off.
export PATH=/bin HOME=/ PS1='armature:\w# '
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
[ -e /modules ] && while read -r m; do insmod "$m"; done </modules
echo
echo "Linux $(uname -r), $(nproc) PEs. \`poweroff -f\` or Ctrl-A x to leave."
setsid cttyhack sh
poweroff -f
