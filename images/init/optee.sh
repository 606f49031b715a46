#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# /guest/run of root.sh: OP-TEE's own tests, which load Trusted Applications from the disk; the rest of the
# command line says which. Debian has no PKCS#11 application for it, so only the regression suite.
mkdir -p /var/lib/tee
tee-supplicant -d || exit
xtest -l 0 -t regression "$@"
