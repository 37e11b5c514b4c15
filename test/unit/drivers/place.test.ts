import assert from "node:assert/strict";
import { test } from "node:test";
import type { DiskState } from "../../../src/drivers/driver.ts";
import type { Config } from "../../../src/kinds/config.ts";
import { hostSettings } from "../../../src/kinds/host/settings.ts";
import { desiredInstances } from "../../../src/kinds/instance/desired.ts";
import { type AppliedDisk, appliedOf, readRecord } from "../../../src/kinds/terms/disk-record.ts";
import type { OwnedDiskState } from "../../../src/kinds/terms/disk-state.ts";
import { desiredVolumes } from "../../../src/kinds/volume/desired.ts";
import type { Action } from "../../../src/model/action.ts";
import { factsWith, observedOf, planFor, runner } from "./planning.ts";

const mebibyte = 2 ** 20;

const backends = {
  lvm: { host: { lvm: { volume_group: "vg1" } }, before: "vg0", now: "vg1", word: "volume_group" },
  rbd: { host: { rbd: { pool: "new" } }, before: "old", now: "new", word: "pool" },
} as const;

const facts = factsWith({
  lvm: { size: 2 ** 30, free: 512 * mebibyte, extentSize: 4 * mebibyte },
  rbd: { fsid: "f", monitors: ["10.0.0.1:6789"], pool: true },
});

interface Given {
  readonly backend: "lvm" | "rbd";
  /** What the label says differently from what is wanted. */
  readonly applied?: Partial<AppliedDisk>;
  /** The disk is missing. */
  readonly lost?: true;
  readonly running?: boolean;
  readonly protected?: boolean;
  readonly defined?: boolean;
  readonly size?: number;
}

/** The plan for a root disk and for a volume that were put somewhere. */
function planned(given: Given) {
  const { backend } = given;
  const config: Config = {
    project: "shop",
    host: { images_type: backend, ...backends[backend].host },
    images: { debian: { source: "https://images.test/debian", disk_format: "raw" } },
    flavors: { small: { vcpus: 1, ram: 2 ** 30, disk: given.size ?? 128 * mebibyte } },
    instances: { web: { image: "debian", flavor: "small" } },
    volumes: { data: { size: 64 * mebibyte } },
  };
  const settings = hostSettings(config, runner);
  const states = new Map<string, unknown>();
  const want = desiredInstances({ config, settings, facts }).find(({ address }) => address === "disk/web.root")?.spec;
  assert.ok(want?.kind === "disk");
  const { owner, uuid, name, path, size } = want.disk;
  const disk: DiskState = { backend, format: "raw", size: size ?? 0, allocated: size ?? 0 };
  const state: OwnedDiskState = {
    kind: "disk",
    owner: { ...owner, protects: given.protected ?? false },
    uuid,
    name,
    path,
    applied: { ...appliedOf(want.disk), ...given.applied },
    disk: given.lost === true ? undefined : disk,
    running: given.running ?? false,
    saved: false,
    defined: given.defined ?? true,
    unlabelled: false,
    lostBacking: null,
  };
  states.set("disk/web.root", state);
  const [volume] = desiredVolumes({ config, settings, facts });
  assert.ok(volume);
  const { spec } = volume;
  const kept: OwnedDiskState = {
    ...state,
    kind: "volume",
    owner: spec.disk.owner,
    uuid: spec.disk.uuid,
    name: spec.disk.name,
    path: spec.disk.path,
    applied: { ...appliedOf(spec.disk), place: given.applied?.place ?? backends[backend].now },
    disk: { ...disk, size: 64 * mebibyte },
    running: false,
    defined: true,
  };
  states.set(volume.address, kept);
  const plan = planFor(config, settings, observedOf(facts, states));
  const change = plan.changes.find(({ address }) => address === "disk/web.root");
  const problems = plan.diagnostics.filter(({ address }) => address === "disk/web.root" || address === volume.address);
  return { plan, change, codes: problems.map(({ code, severity }) => `${severity} ${code}`), problems };
}

const placeOf = (action: Action | undefined) => {
  const args = action?.args as { readonly place?: string; readonly disk?: { readonly place?: string } };
  return args.disk?.place ?? args.place;
};

for (const backend of ["lvm", "rbd"] as const) {
  const { before, now, word } = backends[backend];

  test(`${backend}: another ${word} replaces a disk, says what is lost, and removes it where it is`, () => {
    const { change, codes, plan } = planned({ backend, applied: { place: before }, running: true });
    assert.equal(change?.verb, "replace");
    assert.equal(change?.cause, "config");
    assert.equal(change?.reason, `${word.replace("_", " ")} changed`);
    assert.deepEqual(
      change?.fields.map(({ path, old, new: fresh }) => [path, old, fresh]),
      [[word, before, now]],
    );
    const [stop, remove, create, start] = change?.actions ?? [];
    assert.deepEqual([stop?.type, remove?.type, create?.type, start?.type], ["domain.stop", "disk.remove", "disk.create", "domain.start"]);
    assert.deepEqual([placeOf(remove), placeOf(create)], [before, now]);
    assert.equal(remove?.destroys, "128MiB disk web.root");
    assert.ok(create?.needs.some((fact) => fact === "disk/web.root:gone"));
    // A volume is never recreated.
    assert.deepEqual(codes, ["error volume-cannot-change"]);
    assert.match(
      plan.diagnostics.find(({ code }) => code === "volume-cannot-change")?.detail ?? "",
      new RegExp(`in ${before} .* in ${now}\\.`),
    );
    assert.deepEqual(planned({ backend, applied: { place: before }, protected: true }).codes, [
      "error volume-cannot-change",
      "error prevent-destroy",
    ]);
  });

  test(`${backend}: a disk that is in the configured ${word} stays`, () => {
    assert.equal(planned({ backend, applied: { place: now } }).change, undefined);
    assert.deepEqual(planned({ backend }).codes, []);
  });

  test(`${backend}: a missing disk is recreated only with consent, and never for a protected guest`, () => {
    const { change, codes, problems } = planned({ backend, lost: true });
    assert.deepEqual([change?.verb, change?.cause], ["replace", "drift"]);
    assert.deepEqual(
      change?.actions.map(({ type, destroys }) => [type, destroys]),
      [["disk.create", "data of 128MiB disk web.root, which is missing"]],
    );
    assert.deepEqual(codes, ["warning disk-lost"]);
    assert.match(problems[0]?.detail ?? "", new RegExp(`${word.replace("_", " ")} ${now} existed and is missing now`));
    const running = planned({ backend, lost: true, running: true });
    assert.deepEqual(
      running.change?.actions.map(({ type }) => type),
      ["domain.stop", "disk.create", "domain.start"],
    );
    assert.match(running.problems[0]?.detail ?? "", /may have it open still/);
    assert.deepEqual(planned({ backend, lost: true, protected: true }).codes, ["error disk-lost"]);
    const elsewhere = planned({ backend, lost: true, applied: { place: before } });
    assert.equal(elsewhere.change?.cause, "both");
    assert.deepEqual(
      elsewhere.change?.actions.map((action) => [action.type, placeOf(action)]),
      [
        ["disk.remove", before],
        ["disk.create", now],
      ],
    );
  });

  test(`${backend}: what was never whole, or was agreed to go, is made without asking; and what is left of it elsewhere is cleared`, () => {
    for (const given of [{ defined: false }, { applied: { unfinished: true } }] as const) {
      const { change, codes } = planned({ backend, lost: true, ...given });
      assert.deepEqual(
        [change?.verb, change?.actions.map(({ type, destroys }) => [type, destroys])],
        ["create", [["disk.create", undefined]]],
      );
      assert.deepEqual(codes, []);
      const elsewhere = planned({
        backend,
        lost: true,
        ...given,
        applied: { ...("applied" in given ? given.applied : {}), place: before },
      });
      assert.deepEqual(
        elsewhere.change?.actions.map((action) => [action.type, placeOf(action), action.destroys]),
        [
          ["disk.remove", before, undefined],
          ["disk.create", now, undefined],
        ],
      );
    }
  });
}

test("labels of earlier versions name no place: it is the one that the configuration names", () => {
  const settings = hostSettings({ host: { lvm: { volume_group: "vg1" }, rbd: { pool: "new" } } }, runner);
  const placeIn = (record: object) => readRecord({ size: 1, ...record }, settings).place;
  assert.equal(placeIn({ backend: "lvm" }), "vg1");
  assert.equal(placeIn({ backend: "rbd" }), "new");
  assert.equal(placeIn({ backend: "rbd", place: "old" }), "old");
  assert.equal(placeIn({ backend: "qcow2" }), null);
});

test("lvm: room for a disk that goes into another group is looked for in that group", () => {
  const codes = (given: Partial<Given>) =>
    planned({ backend: "lvm", size: 768 * mebibyte, ...given }).plan.diagnostics.map(({ code }) => code);
  assert.ok(codes({ applied: { place: "vg0" } }).includes("insufficient-volume-group"));
  assert.ok(!codes({}).includes("insufficient-volume-group"));
});
