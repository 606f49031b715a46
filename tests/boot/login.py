#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A whole Debian in Armature: systemd brings it up without a failed unit, somebody logs in on the
serial console and works with it: digests and ciphers with the PE's instructions and without, whose
results the host knows; a file over the network; power-off in order.

usage: login.py EMULATOR [ARGUMENT...]     (arguments go to the emulator)
"""
import hashlib
import pathlib
import random
import sys
import tempfile

import guests
from console import Console

sys.path[:0] = [str(guests.ROOT / "tests")]
import web  # noqa: E402

KERNEL = "k612"
MODULES = "virtio_mmio,virtio_blk,virtio_net,virtio_rng,ext4"
PROMPT = "ready-when-you-are> "
SIZE = 8 << 20
DIGESTS = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha512-256", "sha3-224",
           "sha3-256", "sha3-384", "sha3-512", "blake2b512", "blake2s256")
# What was encrypted with the PE's instructions is decrypted without them, and vice versa.
CIPHERS = ("aes-128-cbc", "aes-256-cbc", "aes-128-ctr", "aes-192-ecb", "aes-256-cfb", "chacha20",
           "sm4-cbc", "sm4-ctr", "camellia-256-cbc")
# They prepare what only other programs need.
MASKED = "".join(f" systemd.mask={unit}.service" for unit in (
    "ldconfig", "systemd-hwdb-update", "systemd-journal-catalog-update"))
PLAIN = "OPENSSL_armcap=0 openssl"
KEY = "-pass pass:armature -pbkdf2 -iter 10"


class Session(Console):
    def run(self, command, answer, timeout=300):
        """Type a command; what it prints must have the answer."""
        self.send(command + "\n")
        m = self.expect(answer, timeout)
        self.expect(PROMPT, timeout)
        return m

    def log_in(self):
        self.expect("login: ", 300)
        self.send("root\n")
        self.expect("# ")
        self.send(f"PS1='{PROMPT[:5]}''{PROMPT[5:]}'; stty cols 999\n")
        self.expect(PROMPT)


def digest_of(name, data):
    """The host's, by OpenSSL's name."""
    sizes = {"blake2b512": "blake2b", "blake2s256": "blake2s"}
    return hashlib.new(sizes.get(name, name.replace("-", "_")), data).hexdigest()


def work(c, data, port):
    c.run("systemctl is-system-running; systemctl --failed", r"\nrunning\n[^$]*\n0 loaded units")
    c.run("systemctl start systemd-networkd systemd-networkd-wait-online && echo it is $?",
          "it is 0")
    c.run(f"wget -nv -O d http://10.0.2.2:{port}/data && sha256sum d",
          hashlib.sha256(data).hexdigest())
    for name in DIGESTS:
        want = digest_of(name, data)
        c.run(f"openssl dgst -{name} d; {PLAIN} dgst -{name} d", f"= {want}\n[^=]*= {want}\n")
    for name in CIPHERS:
        c.run(f"openssl enc -{name} {KEY} -in d | {PLAIN} enc -d -{name} {KEY} | cmp - d && "
              f"{PLAIN} enc -{name} {KEY} -in d | openssl enc -d -{name} {KEY} | cmp - d && "
              "echo same $?", "same 0")
    want = hashlib.sha256(hex(3 ** 20011 // 7 ** 3001).encode()).hexdigest()
    c.run("python3 -c 'import hashlib; "
          "print(hashlib.sha256(hex(3 ** 20011 // 7 ** 3001).encode()).hexdigest())'", want)


def main():
    emulator, *args = sys.argv[1:]
    data = random.Random(7).randbytes(SIZE)
    with tempfile.TemporaryDirectory() as tmp:
        pathlib.Path(tmp, "data").write_bytes(data)
        initrd = guests.initramfs(tmp, "systemd.sh", *guests.with_modules(KERNEL, MODULES))
        with Session([*guests.machine(emulator), "-no-reboot",
                      "-kernel", guests.need(KERNEL, "vmlinuz"), "-initrd", initrd,
                      "-append", "console=ttyAMA0 panic=-1" + MASKED, *guests.disk("disk-systemd"),
                      "-netdev", "user,id=net", "-device", "virtio-net-device,netdev=net",
                      "-device", "virtio-rng-device", *args]) as c:
            c.log_in()
            with web.served(tmp) as port:
                work(c, data, port)
            c.send("systemctl poweroff\n")
            c.expect("reboot: Power down", 300)
            c.ends()
    print(f"login {' '.join(args)}: ok")


main()
