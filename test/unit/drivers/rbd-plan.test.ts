import assert from "node:assert/strict";
import { test } from "node:test";
import type { DiskState } from "../../../src/drivers/driver.ts";
import type { CephFacts } from "../../../src/drivers/rbd/settings.ts";
import type { Config } from "../../../src/kinds/config.ts";
import { confirmChanges } from "../../../src/kinds/disk/confirm.ts";
import { domainState } from "../../../src/kinds/guest/state.ts";
import { domainXml } from "../../../src/kinds/guest/xml.ts";
import { hostSettings } from "../../../src/kinds/host/settings.ts";
import { desiredInstances } from "../../../src/kinds/instance/desired.ts";
import { appliedOf } from "../../../src/kinds/terms/disk-record.ts";
import type { OwnedDiskState } from "../../../src/kinds/terms/disk-state.ts";
import { UserError } from "../../../src/model/errors.ts";
import { factsWith, observedOf, planFor, runner } from "./planning.ts";

const mebibyte = 2 ** 20;
const source = "rbd://f/images/debian/snap";
const cluster: CephFacts = { fsid: "f", monitors: ["10.0.0.1:6789"], pool: true, secret: null, cloneable: { [source]: 64 * mebibyte } };

interface Given {
  readonly disk?: number;
  readonly rbd?: object;
  readonly ceph?: Partial<CephFacts>;
  readonly instances?: NonNullable<Config["instances"]>;
  /** Of the image, which is otherwise a raw one in Ceph. */
  readonly image?: Partial<NonNullable<Config["images"]>[string]>;
  /** The root disk as found; null for none. */
  readonly found?: Partial<DiskState> | null;
  readonly running?: boolean;
  readonly protected?: boolean;
  /** Of the running domain, which is otherwise as wanted. */
  readonly memoryThen?: number;
}

function planned({ disk = 128 * mebibyte, rbd = {}, ceph = {}, instances, image = {}, found = null, running = true, ...given }: Given) {
  const config: Config = {
    project: "shop",
    host: { images_type: "rbd", rbd: { pool: "vms", ...rbd } },
    images: { debian: { source, disk_format: "raw", ...image } },
    flavors: { small: { vcpus: 1, ram: 2 ** 30, disk } },
    instances: instances ?? { web: { image: "debian", flavor: "small" } },
  };
  const settings = hostSettings(config, runner);
  const facts = factsWith({ rbd: { ...cluster, ...ceph } });
  const states = new Map<string, unknown>();
  const wanted = desiredInstances({ config, settings, facts });
  const want = wanted.find(({ address }) => address === "disk/web.root")?.spec;
  if (found !== null && want?.kind === "disk") {
    const { owner, uuid, name, path } = want.disk;
    const state: OwnedDiskState = {
      kind: "disk",
      owner: { ...owner, protects: given.protected ?? false },
      uuid,
      name,
      path,
      applied: { ...appliedOf(want.disk), size: found.size ?? null },
      disk: { backend: "rbd", format: "raw", size: 128 * mebibyte, ...found },
      running,
      saved: false,
      defined: true,
      unlabelled: false,
      lostBacking: null,
    };
    states.set("disk/web.root", state);
  }
  const domain = wanted.find(({ spec }) => spec.kind === "domain")?.spec;
  if (given.memoryThen !== undefined && domain?.kind === "domain") {
    const { uuid, instance: name } = domain.domain;
    const xml = domainXml({ ...domain.domain, memory: given.memoryThen });
    states.set("domain/web", {
      ...domainState({ uuid, name, power: "running", reason: "booted", persistent: true, autostart: false, xml, active: xml }),
      kind: "domain",
    });
  }
  const observed = observedOf(facts, states);
  const plan = planFor(config, settings, observed);
  const change = plan.changes.find(({ address }) => address === "disk/web.root");
  const codes = plan.diagnostics.map(({ code, severity }) => `${severity} ${code}`).filter((code) => !code.startsWith("warning"));
  return { plan, observed, change, codes, actions: change?.actions.map(({ id }) => id.replace(/^.*#/, "")) };
}

const snapshot = (rollingBack = false) => ({ resizeSnapshot: { size: 64 * mebibyte, rollingBack } });

test("a root disk grows after a snapshot, unless there is one already or none is wanted", () => {
  const small = { size: 64 * mebibyte };
  const first = planned({ found: small });
  assert.deepEqual(first.actions, ["grow"]);
  assert.equal(first.change?.actions[0]?.summary, "grow from 64MiB to 128MiB, after a snapshot nova-resize");
  const asked = ({ change }: typeof first) => (change?.actions[0]?.args as { checkpoint?: boolean } | undefined)?.checkpoint;
  assert.equal(asked(first), true);
  const again = planned({ found: { size: 96 * mebibyte, ...snapshot() } });
  assert.equal(again.change?.actions[0]?.summary, "grow from 96MiB to 128MiB");
  const without = planned({ found: small, rbd: { resize_snapshot: false } });
  assert.equal(without.change?.actions.length, 1);
  assert.equal(asked(without), false);
});

test("one note reports the snapshot, and the plan has no change for it", () => {
  const { change, codes, plan } = planned({ found: { ...snapshot() } });
  assert.equal(change, undefined);
  assert.deepEqual(codes, ["note resize-snapshot-kept"]);
  const note = plan.diagnostics.find(({ code }) => code === "resize-snapshot-kept");
  assert.match(note?.detail ?? "", /virtform confirm.*disk: 64MiB/);
});

test("exactly the old size goes back to the snapshot, which needs consent; any other smaller one is refused", () => {
  const back = planned({ disk: 64 * mebibyte, found: { ...snapshot() } });
  assert.deepEqual(back.actions, ["stop", "roll-back", "start"]);
  assert.deepEqual(back.codes, []);
  const action = back.change?.actions[1];
  assert.equal(action?.destroys, "all that was written to disk web.root since it grew from 64MiB to 128MiB");
  assert.deepEqual(action?.needs, ["domain/web:stopped"]);
  assert.deepEqual(
    back.change?.fields.map(({ path, effect }) => `${path} ${effect}`),
    ["size restart", "resize_snapshot restart"],
  );
  const order = back.plan.actions.map(({ id }) => id);
  assert.ok(order.indexOf("disk/web.root#roll-back") < order.indexOf("domain/web#start"));
  assert.deepEqual(planned({ disk: 64 * mebibyte, found: { ...snapshot() }, running: false }).actions, ["roll-back"]);
  const other = planned({ disk: 96 * mebibyte, found: { ...snapshot() } });
  assert.deepEqual(other.codes, ["error disk-shrink-refused", "note resize-snapshot-kept"]);
  assert.match(other.plan.diagnostics.find(({ code }) => code === "disk-shrink-refused")?.detail ?? "", /Exactly 64MiB would roll it back/);
  assert.deepEqual(planned({ disk: 64 * mebibyte, found: {} }).codes, ["error disk-shrink-refused"]);
  assert.deepEqual(planned({ disk: 64 * mebibyte, found: { ...snapshot() }, protected: true }).codes, ["error prevent-destroy"]);
});

test("an interrupted roll-back is brought to its end whatever is wanted since, and not confirmed", () => {
  const half = { size: 64 * mebibyte, ...snapshot(true) };
  const end = planned({ disk: 64 * mebibyte, found: half, running: false });
  assert.deepEqual(end.actions, ["roll-back"]);
  assert.equal(end.change?.actions[0]?.destroys, undefined);
  const larger = planned({ disk: 256 * mebibyte, found: half, running: false });
  assert.deepEqual(larger.actions, ["roll-back", "grow"]);
  assert.ok(larger.change?.actions[1]?.needs.some((fact) => fact === "disk/web.root:rolled-back"));
  assert.deepEqual(planned({ disk: 72 * mebibyte, found: { ...half, size: 128 * mebibyte }, running: false }).actions, [
    "roll-back",
    "grow",
  ]);
  assert.throws(() => confirmChanges(end.observed), UserError);
  const whole = planned({ found: { ...snapshot() } });
  assert.deepEqual(
    confirmChanges(whole.observed).map(({ actions }) => actions[0]?.summary),
    ["remove snapshot nova-resize of 64MiB"],
  );
});

test("what grows after a roll-back grows while its guest is off, also one that ran", () => {
  const { change, plan, actions } = planned({ disk: 128 * mebibyte, found: { size: 96 * mebibyte, ...snapshot(true) } });
  assert.deepEqual(actions, ["stop", "roll-back", "grow", "start"]);
  assert.equal((change?.actions[2]?.args as { online?: unknown } | undefined)?.online, null);
  assert.deepEqual(plan.actions.find(({ id }) => id === "disk/web.root#grow")?.after, ["disk/web.root#roll-back"]);
});

test("a guest whose disks stay is redefined while it runs", () => {
  const { plan } = planned({ found: {}, memoryThen: 2 ** 29 });
  const actions = plan.actions.filter(({ address }) => address === "domain/web");
  assert.deepEqual(
    actions.map(({ id, effect }) => `${id} ${effect}`),
    ["domain/web#define next_boot"],
  );
});

test("an image is fetched unless all that is made from it is cloned", () => {
  const fetches = (given: Given) => planned(given).plan.actions.some(({ type }) => type === "image.fetch");
  assert.equal(fetches({}), false);
  const create = planned({}).change?.actions[0];
  assert.equal(create?.summary, "create rbd disk of 128MiB, cloned from debian");
  assert.deepEqual(create?.needs, []);
  assert.equal(fetches({ ceph: { cloneable: {} } }), true);
  const web = { image: "debian", flavor: "small" };
  assert.equal(fetches({ instances: { web, file: { ...web, images_type: "qcow2" } } }), true);
  assert.deepEqual(planned({ disk: 32 * mebibyte }).codes, ["error flavor-disk-smaller-than-image"]);
});

test("an image that is published is fetched although all disks are cloned from it", () => {
  const { plan, change } = planned({ image: { publish: { glance: {} } } });
  assert.equal(change?.actions.find(({ id }) => id.endsWith("#create"))?.summary, "create rbd disk of 128MiB, cloned from debian");
  const ids = plan.actions.map(({ id }) => id);
  assert.ok(ids.indexOf("image/debian#fetch") >= 0, ids.join(", "));
  assert.deepEqual(plan.actions.find(({ id }) => id === "published/debian#publish")?.after, ["image/debian#fetch"]);
});

test("Nova RBD-04: an image from the web is cloned from a location of it, and fetched with a reason where none will do", () => {
  const web = { source: "https://images.test/debian.raw" };
  const look = (locations: string[], more: Given = {}) => {
    const { plan, change, codes } = planned({ ...more, image: { ...web, locations, ...more.image } });
    const detail = plan.diagnostics.find(({ code }) => code.startsWith("image-location") || code === "image-not-cloned")?.detail;
    return { codes, fetches: plan.actions.some(({ type }) => type === "image.fetch"), summary: change?.actions[0]?.summary, detail };
  };
  const other = source.replace("rbd://f/", "rbd://g/");
  const cloned = look([other, source]);
  assert.deepEqual([cloned.codes, cloned.fetches, cloned.summary], [[], false, "create rbd disk of 128MiB, cloned from debian"]);
  assert.deepEqual(look([source], { disk: 32 * mebibyte }).codes, ["error flavor-disk-smaller-than-image"]);
  const fetched = look([other, `${source}2`]);
  assert.deepEqual([fetched.codes, fetched.fetches], [["note image-not-cloned"], true]);
  assert.match(
    fetched.detail ?? "",
    /^rbd:\/\/g\/images\/debian\/snap is in another cluster; rbd:\/\/f\/images\/debian\/snap2 is missing,/,
  );
  const file = { instances: { web: { image: "debian", flavor: "small", images_type: "flat" } } } as const;
  assert.deepEqual([look([other], file).codes, look([source], file).fetches], [[], true]);
  const packed = look([source], { image: { disk_format: "qcow2" } });
  assert.equal(packed.fetches, true);
  assert.match(packed.detail ?? "", /^It is qcow2, /);
  assert.deepEqual(look(["rbd://f/images/%zz/snap"]).codes, ["error image-location-invalid"]);
  // What is given as the source is looked at last.
  assert.deepEqual(planned({ image: { locations: [other] } }).codes, []);
});

test("a secret that libvirt does not have is an error that says how to make it", () => {
  const rbd = { user: "cinder", secret_uuid: "457eb676-33da-42ec-9a8c-9293d545c337" };
  const missing = planned({ rbd, ceph: { secret: false } });
  assert.deepEqual(missing.codes, ["error ceph-secret-missing"]);
  const detail = missing.plan.diagnostics.find(({ code }) => code === "ceph-secret-missing")?.detail ?? "";
  assert.match(detail, /virsh secret-define secret\.xml\n +virsh secret-set-value 457eb676\S+ --file client\.cinder\.key/);
  assert.deepEqual(planned({ rbd, ceph: { secret: true } }).codes, []);
});
