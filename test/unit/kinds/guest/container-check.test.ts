import assert from "node:assert/strict";
import { test } from "node:test";
import type { Config } from "../../../../src/kinds/config.ts";
import { checkConfig } from "../../../../src/kinds/config-check.ts";

type Change = {
  readonly host?: object;
  readonly image?: object;
  readonly flavor?: object;
  readonly instance?: object;
};

/** A container, changed at these places. */
function containers({ host = {}, image = {}, flavor = {}, instance = {} }: Change = {}): Config {
  return {
    project: "shop",
    host: { virt_type: "lxc", ...host },
    images: { root: { source: "/srv/root.ext4", disk_format: "raw", ...image } },
    flavors: { small: { vcpus: 1, ram: 2 ** 28, disk: 2 ** 30, ...flavor } },
    key_pairs: { ops: { public_key: "ssh-ed25519 AAAA" } },
    volumes: { data: { size: 2 ** 30 } },
    security_groups: { web: { rules: [] } },
    instances: { web: { image: "root", flavor: "small", ...instance } },
  } as unknown as Config;
}

/** Codes and places of what is wrong. */
function found(config: Config): string[] {
  const problems = checkConfig(config).filter(({ code }) => code !== "image-without-checksum");
  return problems.map(({ code, pointer = [] }) => `${code} ${pointer.join(".")}`);
}

test("a container with what containers have is valid", () => {
  const instance = {
    init: ["/sbin/init", "a b"],
    networks: [{ bridge: "br0" }],
    autostart: true,
    shutdown: { timeout: "5s" },
    wait_for: "address",
  };
  assert.deepEqual(found(containers({ instance })), []);
  assert.deepEqual(found(containers({ host: { uri: "lxc:///system" }, flavor: { extra_specs: { "quota:cpu_quota": "50000" } } })), []);
  assert.deepEqual(found(containers({ host: { uri: "lxc+ssh://root@kvm1/system" } })), []);
});

test("a root directory in an archive holds no boot loader: a virtual machine needs a kernel beside it", () => {
  const image = { source: "/srv/root.tar.xz", disk_format: "root-tar" };
  assert.deepEqual(found(containers({ image })), []);
  const host = { virt_type: "kvm" };
  assert.deepEqual(found(containers({ host, image })), ["container-only images.root.disk_format"]);
});

test("a container has what is injected into its root file system, and interfaces with security groups", () => {
  const injected = { inject: { partition: "inspect" }, key_pair: "ops", metadata: { role: "web" }, files: [{ path: "/a", text: "b" }] };
  assert.deepEqual(found(containers({ instance: injected })), []);
  const filtered = { networks: [{ bridge: "br0" }], security_groups: ["web"] };
  assert.deepEqual(found(containers({ instance: filtered })), []);
});

test("a driver whose disks libvirt cannot mount is refused before its missing settings", () => {
  for (const driver of ["rbd", "ploop"]) {
    assert.deepEqual(found(containers({ host: { images_type: driver } })), ["container-impossible host.images_type"]);
    assert.deepEqual(found(containers({ instance: { images_type: driver } })), ["container-impossible instances.web.images_type"]);
  }
  const volume = { ...containers(), volumes: { data: { size: 2 ** 30, images_type: "rbd" } } } as unknown as Config;
  assert.deepEqual(found(volume), ["rbd-not-configured "], "volumes may be in Ceph");
});

const impossible: readonly (readonly [place: string, change: Change])[] = [
  ["instances.web.config_drive", { instance: { config_drive: true } }],
  ["instances.web.user_data", { instance: { user_data: "#!/bin/sh\n" } }],
  ["instances.web.key_pair", { instance: { key_pair: "ops" } }],
  ["instances.web.metadata", { instance: { metadata: { role: "web" } } }],
  ["instances.web.hostname", { instance: { hostname: "www" } }],
  ["instances.web.ephemerals", { instance: { ephemerals: [{ size: 2 ** 30 }] }, flavor: { ephemeral: 2 ** 30 } }],
  ["instances.web.volumes", { instance: { volumes: [{ volume: "data" }] } }],
  ["instances.web.rescue", { instance: { rescue: true } }],
  ["instances.web.wait_for", { instance: { wait_for: "agent" } }],
  ["instances.web.inject", { instance: { inject: { partition: 1 }, key_pair: "ops" } }],
  ["instances.web.hostname", { instance: { inject: { partition: "none" }, key_pair: "ops", hostname: "www" } }],
  ["instances.web.networks.0.ready", { instance: { networks: [{ bridge: "br0", ready: { link: "up" } }] } }],
  ["instances.web.networks.0.user", { instance: { networks: [{ user: true }] } }],
  ["instances.web.networks.0.model", { instance: { networks: [{ bridge: "br0", model: "e1000" }] } }],
  ["instances.web.networks.0.link", { instance: { networks: [{ bridge: "br0", link: "down" }] } }],
  ["instances.web.firmware", { instance: { firmware: "uefi" } }],
  ["instances.web.images_type", { instance: { images_type: "qcow2" } }],
  ["flavors.small.swap", { flavor: { swap: 2 ** 28 } }],
  ["flavors.small.ephemeral", { flavor: { ephemeral: 2 ** 30 } }],
  ["flavors.small.extra_specs.hw:boot_menu", { flavor: { extra_specs: { "hw:boot_menu": "true" } } }],
  ["images.root.properties.hw_disk_bus", { image: { properties: { hw_disk_bus: "virtio" } } }],
  ["images.root.properties.hw_vif_model", { image: { properties: { hw_vif_model: "virtio" } } }],
  ["images.root.disk_format", { image: { disk_format: "iso" } }],
  ["host.images_type", { host: { images_type: "qcow2" } }],
];

for (const [place, change] of impossible) {
  test(`a container cannot have ${place}`, () => {
    assert.ok(found(containers(change)).includes(`container-impossible ${place}`), found(containers(change)).join("\n"));
  });
}

test("every mistake has its place, and one of a flavor is said once", () => {
  const config = containers({ instance: { user_data: "#!/bin/sh\n", rescue: true }, flavor: { swap: 2 ** 28 } });
  const twice = { ...config, instances: { ...config.instances, db: { image: "root", flavor: "small" } } } as Config;
  assert.deepEqual(found(twice).sort(), [
    "container-impossible flavors.small.swap",
    "container-impossible instances.web.rescue",
    "container-impossible instances.web.user_data",
  ]);
});

test("the connection is to the driver that runs the guests", () => {
  assert.deepEqual(found(containers({ host: { uri: "qemu:///system" } })), ["uri-of-other-driver host.uri"]);
  assert.deepEqual(found(containers({ host: { uri: "lxc:///session" } })), ["uri-of-other-driver host.uri"]);
  assert.deepEqual(found(containers({ host: { virt_type: "kvm", uri: "lxc:///system" } })), ["uri-of-other-driver host.uri"]);
});

test("libvirt mounts no file with a path of more than 63 bytes", () => {
  assert.deepEqual(found(containers({ host: { instances_path: "/var/lib/virtform/lxc" } })), []);
  assert.deepEqual(found(containers({ host: { instances_path: "/var/lib/virtform/lxcs" } })), [
    "container-path-too-long host.instances_path",
  ]);
});

test("init is an absolute path, and only containers have it", () => {
  assert.deepEqual(found(containers({ instance: { init: ["init"] } })), ["container-init instances.web.init.0"]);
  assert.deepEqual(found(containers({ host: { virt_type: "kvm" }, instance: { init: ["/sbin/init"] } })), [
    "container-only instances.web.init",
  ]);
});
