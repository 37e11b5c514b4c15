import assert from "node:assert/strict";
import { test } from "node:test";
import { baseOf } from "../../../src/drivers/content.ts";
import type { DiskSpec, PlannedDisk } from "../../../src/drivers/driver.ts";
import { roundUp } from "../../../src/drivers/index.ts";
import { claimOf } from "../../../src/kinds/capacity/claim.ts";
import { checkDrivers } from "../../../src/kinds/capacity/driver-check.ts";
import { checkPreallocation } from "../../../src/kinds/capacity/preallocation-check.ts";
import { planned as plannedDisk } from "../../../src/kinds/capacity/room.ts";
import { checkRounding } from "../../../src/kinds/capacity/size-rounding.ts";
import type { Config } from "../../../src/kinds/config.ts";
import type { InstanceDisk } from "../../../src/kinds/disk/disk.ts";
import { hostSettings } from "../../../src/kinds/host/settings.ts";
import { desiredInstances } from "../../../src/kinds/instance/desired.ts";
import { UserError } from "../../../src/model/errors.ts";
import type { CapacityClaim, HostFacts } from "../../../src/model/host-facts.ts";
import type { PlannedAction } from "../../../src/model/plan.ts";
import type { HostSettings } from "../../../src/model/settings.ts";
import { factsWith, observedOf, runner } from "./planning.ts";

const mebibyte = 2 ** 20;
const extents = { size: 1024 * mebibyte, free: 512 * mebibyte, extentSize: 4 * mebibyte };

function configOf(host: NonNullable<Config["host"]>, disk = 257 * mebibyte, count = 1): Config {
  return {
    host,
    images: { debian: { source: "rbd://f/images/debian/snap", disk_format: "raw" } },
    flavors: { small: { vcpus: 1, ram: 2 ** 30, disk } },
    instances: { web: { image: "debian", flavor: "small", count } },
  };
}

function planned(
  config: Config,
  storage: HostFacts["drivers"],
  preallocation?: HostFacts["disk"]["preallocation"],
  claims: readonly CapacityClaim[] = [],
) {
  const settings = hostSettings(config, runner);
  const facts = { ...factsWith(storage, preallocation === undefined ? {} : { preallocation }), claims };
  const observed = observedOf(facts);
  const wanted = desiredInstances({ config, settings, facts });
  const disks = wanted.flatMap(({ address, spec }): (InstanceDisk & { address: typeof address })[] =>
    spec.kind === "disk" ? [{ ...spec, address }] : [],
  );
  const sized = disks.map((disk) => plannedDisk(disk, observed));
  const domain = wanted.find(({ spec }) => spec.kind === "domain")?.spec;
  return {
    disks: disks.map((one): DiskSpec => one.disk),
    attachment: domain?.kind === "domain" ? domain.domain.disks[0]?.attachment : undefined,
    claim: claimOf({ actions: sized.map(creating), changes: [] }, observed, settings),
    found: [
      ...checkDrivers(sized, observed, settings),
      ...checkPreallocation(sized, facts, settings),
      ...checkRounding(config, facts, settings),
    ],
  };
}

/** The action that makes a disk. */
function creating({ address, disk }: PlannedDisk): PlannedAction {
  const args = { disk } as unknown as PlannedAction["args"];
  return {
    id: `${address}#create`,
    type: "disk.create",
    address,
    summary: "",
    args,
    needs: [],
    makes: [],
    locks: [],
    after: [],
    effect: "none",
  };
}

const codes = (result: ReturnType<typeof planned>) => result.found.map(({ code, severity }) => `${severity} ${code}`);

test("lvm: the plan rounds sizes up to whole extents, with a note", () => {
  const result = planned(configOf({ images_type: "lvm", lvm: { volume_group: "vg0" } }), { lvm: extents });
  assert.equal(result.disks[0]?.size, 260 * mebibyte);
  assert.deepEqual(codes(result), ["note disk-size-rounded-up"]);
  assert.deepEqual(result.attachment, { type: "block", format: "raw", source: `/dev/vg0/${result.disks[0]?.uuid}_disk`, secretUuid: null });
  const even = planned(configOf({ images_type: "lvm", lvm: { volume_group: "vg0" } }, 256 * mebibyte), { lvm: extents });
  assert.deepEqual([even.disks[0]?.size, codes(even)], [256 * mebibyte, []]);
});

test("every size that is rounded up is named: of root, ephemeral and swap disks, and of volumes, in one note", () => {
  const config: Config = {
    ...configOf({ images_type: "lvm", lvm: { volume_group: "vg0" } }, 101 * mebibyte),
    volumes: { data: { size: 5 * mebibyte }, even: { size: 8 * mebibyte }, file: { size: 5 * mebibyte, images_type: "qcow2" } },
  };
  const flavors = { small: { vcpus: 1, ram: 2 ** 30, disk: 101 * mebibyte, ephemeral: 9 * mebibyte, swap: 3 * mebibyte } };
  const declared = { image: "debian", flavor: "small", ephemerals: [{ size: 6 * mebibyte }, { size: 4 * mebibyte }], swap: mebibyte };
  const whole: Config = { ...config, flavors, instances: { ...config.instances, own: declared } };
  const { found } = planned(whole, { lvm: extents });
  assert.deepEqual(
    found.map(({ code }) => code),
    ["disk-size-rounded-up"],
  );
  const sizes = [
    "disk of flavor small: 101MiB becomes 104MiB",
    "ephemeral of flavor small: 9MiB becomes 12MiB",
    "swap of flavor small: 3MiB becomes 4MiB",
    "disk.eph0 of instance own: 6MiB becomes 8MiB",
    "disk.swap of instance own: 1MiB becomes 4MiB",
    "volume data: 5MiB becomes 8MiB",
  ];
  const why = "logical volumes are a whole number of extents, and those of volume group vg0 have 4MiB";
  assert.equal(found[0]?.detail, `${sizes.join(", ")}. The next larger size is used: ${why}.`);
});

test("lvm: too little space in the group is an error of the plan; a sparse volume needs little and is warned of", () => {
  const group = { volume_group: "vg0" };
  const full = planned(configOf({ images_type: "lvm", lvm: group }, 256 * mebibyte, 3), { lvm: extents });
  assert.deepEqual(codes(full), ["error insufficient-volume-group"]);
  assert.match(full.found[0]?.detail ?? "", /Requested: 768MiB .* free: 512MiB of 1GiB/);
  assert.deepEqual(codes(planned(configOf({ images_type: "lvm", lvm: group }, 256 * mebibyte, 2), { lvm: extents })), []);
  const sparse = { ...group, sparse: true };
  assert.deepEqual(codes(planned(configOf({ images_type: "lvm", lvm: sparse }, 256 * mebibyte, 3), { lvm: extents })), [
    "warning volume-group-overcommitted",
  ]);
  assert.deepEqual(codes(planned(configOf({ images_type: "lvm", lvm: sparse }, 256 * mebibyte, 9), { lvm: extents })), [
    "error insufficient-volume-group",
  ]);
  assert.deepEqual(codes(planned(configOf({ images_type: "lvm", lvm: group }), { lvm: null })), ["error volume-group-missing"]);
});

test("what an apply of another project takes from a volume group or a pool is not free", () => {
  const one = configOf({ images_type: "lvm", lvm: { volume_group: "vg0" } }, 256 * mebibyte);
  const { claim } = planned(one, { lvm: extents });
  assert.deepEqual(claim, { guests: [], diskBytes: 0, pools: { "lvm vg0": 256 * mebibyte } });
  const claims = [{ project: "depot", ...claim }];
  assert.deepEqual(codes(planned(one, { lvm: extents }, undefined, claims)), []);
  const both = planned(
    configOf({ images_type: "lvm", lvm: { volume_group: "vg0" } }, 256 * mebibyte, 2),
    { lvm: extents },
    undefined,
    claims,
  );
  assert.deepEqual(codes(both), ["error insufficient-volume-group"]);
  assert.match(both.found[0]?.detail ?? "", /free: 512MiB of 1GiB, 256MiB of it claimed by running applies of depot/);
  const elsewhere = planned(
    configOf({ images_type: "lvm", lvm: { volume_group: "vg1" } }, 256 * mebibyte, 2),
    { lvm: extents },
    undefined,
    claims,
  );
  assert.deepEqual(codes(elsewhere), []);

  const ceph = { fsid: "f", monitors: [], pool: true, room: 512 * mebibyte };
  const images = (count: number) => configOf({ images_type: "rbd", rbd: { pool: "vms" } }, 256 * mebibyte, count);
  const first = planned(images(1), { rbd: ceph });
  assert.deepEqual([first.claim?.pools, codes(first)], [{ "ceph f vms": 256 * mebibyte }, []]);
  const taken = [{ project: "depot", ...(first.claim ?? { guests: [], diskBytes: 0 }) }];
  const second = planned(images(2), { rbd: ceph }, undefined, taken);
  assert.deepEqual(codes(second), ["warning ceph-pool-overcommitted"]);
  assert.match(
    second.found[0]?.detail ?? "",
    /512MiB together, and the pool has room for 512MiB, 256MiB of it claimed by running applies of depot/,
  );
  assert.deepEqual(codes(planned(images(9), { rbd: { ...ceph, room: null } }, undefined, taken)), []);
});

test("rbd: monitors go into the definition, a raw snapshot may be cloned, and a missing pool is an error of the plan", () => {
  const host = { images_type: "rbd", rbd: { pool: "vms" } } as const;
  const cluster = { fsid: "f", monitors: ["10.0.0.1:6789"], pool: true };
  const result = planned(configOf(host), { rbd: cluster });
  assert.deepEqual(codes(result), []);
  assert.equal(result.disks[0]?.size, 257 * mebibyte);
  assert.deepEqual(result.disks.map((disk) => baseOf(disk)?.cloneFrom)[0], ["rbd://f/images/debian/snap"]);
  assert.deepEqual(result.attachment, {
    type: "network",
    protocol: "rbd",
    format: "raw",
    source: `vms/${result.disks[0]?.uuid}_disk`,
    hosts: [{ name: "10.0.0.1", port: "6789" }],
    auth: null,
    secretUuid: null,
  });
  assert.deepEqual(codes(planned(configOf(host), { rbd: { ...cluster, pool: false } })), ["error ceph-pool-missing"]);
});

test("rbd: what is in a snapshot that is no raw disk is never cloned", () => {
  const config = configOf({ images_type: "rbd", rbd: { pool: "vms" } });
  const other = { ...config, images: { debian: { source: "rbd://f/images/debian/snap", disk_format: "qcow2" as const } } };
  const { disks } = planned(other, { rbd: { fsid: "f", monitors: [], pool: true } });
  assert.deepEqual(disks.map((disk) => baseOf(disk)?.cloneFrom)[0], []);
});

test("ploop: sizes are whole clusters, and no program is needed", () => {
  assert.deepEqual(codes(planned(configOf({ images_type: "ploop" }), {})), []);
  assert.equal(roundUp("ploop", mebibyte + 1, { drivers: {} } as HostFacts, { drivers: {} } as HostSettings).bytes, 2 * mebibyte);
});

test("a backend without its place is an error before any host is asked", () => {
  const code = (expected: string) => (error: unknown) => error instanceof UserError && error.diagnostics[0]?.code === expected;
  assert.throws(() => hostSettings(configOf({ images_type: "lvm" }), runner), code("lvm-not-configured"));
  assert.throws(() => hostSettings(configOf({ images_type: "rbd" }), runner), code("rbd-not-configured"));
  const one: Config = { ...configOf({}), instances: { web: { image: "debian", flavor: "small", images_type: "rbd" } } };
  assert.throws(() => hostSettings(one, runner), code("rbd-not-configured"));
  assert.deepEqual(
    hostSettings(configOf({ images_type: "rbd", rbd: { pool: "vms", user: "a", secret_uuid: "s" } }), runner).drivers?.["rbd"],
    {
      pool: "vms",
      user: "a",
      conf: "/etc/ceph/ceph.conf",
      secretUuid: "s",
      resizeSnapshot: true,
    },
  );
});

test("space that is to be reserved where the filesystem cannot is an error of the plan, for files only", () => {
  const [cannot, can] = [false, true].map((reserves) => ({ filesystem: reserves ? "xfs" : "ext3", reserves }));
  for (const images_type of ["flat", "qcow2"] as const) {
    const result = planned(configOf({ images_type, preallocate_images: "space" }), {}, cannot);
    assert.deepEqual(codes(result), ["error preallocation-unsupported"]);
    assert.match(result.found[0]?.detail ?? "", /is on ext3.*preallocate_images: none/);
    assert.deepEqual(codes(planned(configOf({ images_type, preallocate_images: "space" }), {}, can)), []);
    assert.deepEqual(codes(planned(configOf({ images_type }), {}, cannot)), []);
  }
  const lvm = configOf({ images_type: "lvm", lvm: { volume_group: "vg0" }, preallocate_images: "space" }, 256 * mebibyte);
  assert.deepEqual(codes(planned(lvm, { lvm: extents }, cannot)), []);
});
