/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From options to a machine configuration with everything behind it open: disks, character devices,
 * networks, entropy, devices.
 */
#ifndef APP_WIRING_H
#define APP_WIRING_H

#include "app/options.h"
#include "core/backend.h"
#include "host/hostloop.h"
#include "machine/machine.h"

struct wiring;
struct virtio_dev;

/* Opens everything. NULL and *err: nothing is left open. */
/* gate: of a run that is recorded or replayed; may be NULL. Freed before the wiring. */
struct wiring *wiring_new(const struct options *o, struct replay *gate, GError **err);
/* After the machine is gone. */
void wiring_free(struct wiring *w);

/* After a run: did all that the guest printed arrive? False and err: some of it did not. */
bool wiring_check_output(const struct wiring *w, GError **err);

/* What machine_new gets. Its strings and backends belong to w and the options. */
const struct machine_config *wiring_config(const struct wiring *w);
struct hostloop *wiring_loop(const struct wiring *w);

/* ---- for drivers.c: what a device's properties name. NULL and *err when there is no such thing.
 * ---- */
struct blockdev *wiring_take_drive(struct wiring *w, const char *what, const char *id,
                                   GError **err);
struct chardev *wiring_chardev(struct wiring *w, const char *what, const char *id, GError **err);
/* The same for a device of the machine: recorded and replayed. */
struct chardev *wiring_device_chardev(struct wiring *w, const char *what, const char *id,
                                      GError **err);
struct netdev *wiring_take_netdev(struct wiring *w, const char *what, const char *id, GError **err);
/* Open a character device for `what` and take its front. */
struct chardev_cfg;
struct chardev *wiring_open(struct wiring *w, const char *what, struct chardev_cfg *cfg,
                            GError **err);
/* The front of what -serial, -monitor and -qmp name: "stdio", "unix:..", "chardev:id". id: of a new
 * one. */
struct chardev *wiring_open_spec(struct wiring *w, const char *what, const char *spec,
                                 const char *id, GError **err);
/* Fronts for monitors on the terminals that -serial mon:.. shares with them: the nth, NULL: no
 * more. */
struct chardev *wiring_shared_front(struct wiring *w, unsigned n, GError **err);
bool wiring_has_object(const struct wiring *w, const char *id);
/* A stream of random bytes for the device of that name. */
struct entropy *wiring_entropy(struct wiring *w, const char *name);
/* Put a device into the next free virtio slot; takes it. slot: or that one (-1: next). */
bool wiring_plug(struct wiring *w, const char *what, int slot, struct virtio_dev *d,
                 GError **err) NODISCARD;
/* The bus that serial ports go to: the last virtio-serial-device. */
struct virtio_dev **wiring_serial_bus(struct wiring *w);
/* How many network devices there are: the default MAC address counts them. */
unsigned wiring_next_nic(struct wiring *w);

#endif
