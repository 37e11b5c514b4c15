import assert from "node:assert/strict";
import { test } from "node:test";
import type { Config } from "../../../../src/kinds/config.ts";
import { hostSettings } from "../../../../src/kinds/host/settings.ts";
import { desiredImage } from "../../../../src/kinds/image/desired.ts";
import { imageKind } from "../../../../src/kinds/image/image.ts";
import type { ImageSidecar, ImageSpec, ImageState } from "../../../../src/kinds/image/spec.ts";
import type { Address } from "../../../../src/model/address.ts";
import type { Diagnostic } from "../../../../src/model/diagnostic.ts";
import type { HostFacts } from "../../../../src/model/host-facts.ts";
import type { Observed } from "../../../../src/model/kind.ts";
import { hostFacts } from "../../../support/host-facts.ts";
import { observedWith } from "../../../support/observed.ts";

const facts = hostFacts();
/** The kind, on the host that a configuration describes. */
const kindOf = (config: Config) => imageKind(hostSettings(config, { root: true, dataHome: "/root" }));
const images = kindOf({});
const gibibyte = 2 ** 30;
const hex = "ab".repeat(32);

const config: Config = {
  images: {
    debian: {
      source: "/debian.qcow2",
      checksum: `sha256:${hex}`,
      disk_format: "qcow2",
      min_disk: 2 * 2 ** 30,
      min_ram: 256 * 2 ** 20,
      kernel: "vmlinuz",
    },
    vmlinuz: { source: "/vmlinuz", disk_format: "raw" },
    spare: { source: "/spare.raw", disk_format: "raw" },
  },
  flavors: {
    small: { vcpus: 1, ram: 2 ** 30, disk: 10 * 2 ** 30 },
    tiny: { vcpus: 1, ram: 512 * 2 ** 20, disk: 5 * 2 ** 30 },
    zero: { vcpus: 1, ram: 2 ** 30, disk: 0 },
  },
  instances: {
    web: { image: "debian", flavor: "small" },
    db: { image: "debian", flavor: "tiny", count: 2 },
    x: { image: "debian", flavor: "zero" },
  },
};

function specs(changes: Partial<Config> = {}): Map<string, ImageSpec> {
  const whole = { ...config, ...changes };
  return new Map(
    kindOf(whole)
      .desired(whole, facts)
      .map(({ address, spec }) => [address, spec]),
  );
}

function look(states: Record<Address, ImageState> = {}, unmanaged: Observed["unmanaged"] = []): Observed {
  return observedWith(states, { facts, unmanaged });
}

function cachedState(spec: ImageSpec, changes: Partial<ImageSidecar> = {}): ImageState {
  const sidecar: ImageSidecar = {
    version: 1,
    id: spec.id,
    project: "shop",
    image: spec.name,
    source: spec.source,
    digests: { sha256: hex },
    diskFormat: spec.diskFormat,
    format: spec.format,
    virtualSize: 3 * gibibyte,
    fetchedAt: "2026-01-01T00:00:00.000Z",
    ...changes,
  };
  const path = `/i/_base/${spec.entry}`;
  return { sidecar, entry: spec.entry, path, size: 3 * gibibyte, allocated: gibibyte, mode: 0o100444, usedAt: 0, users: [] };
}

function codes(changes: Partial<Config> = {}, observed: Observed = look()): string[] {
  return said(changes, observed).map(({ code }) => code);
}

function said(changes: Partial<Config>, observed: Observed): Diagnostic[] {
  const whole = { ...config, ...changes };
  return images.check?.(images.desired(whole, facts), observed, whole) ?? [];
}

test("all declared images are wanted, with what their use says about them", () => {
  const all = specs();
  assert.deepEqual([...all.keys()], ["image/debian", "image/vmlinuz", "image/spare"]);
  const debian = all.get("image/debian");
  assert.deepEqual(debian?.checksum, { algorithm: "sha256", hex });
  assert.equal(debian?.format, "raw");
  assert.equal(debian?.bootFile, false);
  assert.equal(debian?.maxVirtualSize, 5 * gibibyte);
  assert.equal(all.get("image/vmlinuz")?.bootFile, true);
  assert.equal(all.get("image/spare")?.maxVirtualSize, null);
  assert.match(debian?.entry ?? "", /^[0-9a-f]{40}$/);
  assert.equal(specs({ host: { force_raw_images: false } }).get("image/debian")?.format, "qcow2");
});

test("locations of an image whose signature is checked are an error, since clones are not read", () => {
  const locations = ["rbd://fsid/images/debian/snap"];
  const signed = { file: "https://images.test/SHA256SUMS", key: "/srv/publisher.asc" };
  const plain = { source: "/debian.raw", disk_format: "raw" as const, locations };
  const isRefused = (image: NonNullable<Config["images"]>[string], glance: NonNullable<Config["glance"]> = {}) =>
    codes({ images: { debian: image }, instances: {}, glance }).includes("image-location-unverified");
  assert.equal(isRefused(plain), false);
  assert.equal(isRefused({ ...plain, checksum: `sha256:${hex}` }), false);
  assert.equal(isRefused({ ...plain, checksum: signed }), true);
  const fromGlance = { ...plain, source: "glance://debian" };
  assert.equal(isRefused(fromGlance, { trusted_certificates: ["/signer.pem"] }), false, "nothing says that it is signed");
  assert.equal(isRefused(fromGlance, { trusted_certificates: ["/signer.pem"], verify_glance_signatures: true }), true);
});

test("an image that is not cached is fetched; one that is, is not", () => {
  const spec = specs().get("image/debian") as ImageSpec;
  const change = images.diff("image/debian", spec, undefined, look());
  assert.equal(change?.verb, "create");
  assert.deepEqual(change?.actions[0]?.makes, [`base/${spec.entry}`]);
  assert.deepEqual(change?.actions[0]?.locks, [`base/${spec.entry}`]);
  assert.deepEqual(change?.actions[0]?.cost, { moves: { download: null, convert: null }, takes: { thin: null, full: null } });
  assert.deepEqual(
    change?.fields.map(({ path }) => path),
    ["source", "format", "size"],
  );
  const state = cachedState(spec, { content: "a".repeat(64) });
  const observed = look({ [`base/${spec.entry}`]: state });
  assert.equal(images.diff("image/debian", spec, undefined, observed), undefined);
  assert.equal(images.diff(`base/${spec.entry}`, undefined, state, observed), undefined);
});

test("a base image whose digest was not recorded is a difference, and recording it is all that is planned", () => {
  const spec = specs().get("image/debian") as ImageSpec;
  const observed = look({ [`base/${spec.entry}`]: cachedState(spec) });
  const change = images.diff("image/debian", spec, undefined, observed);
  assert.equal(change?.verb, "update");
  assert.deepEqual(
    change?.fields.map(({ path }) => path),
    ["content_digest"],
  );
  assert.deepEqual(
    change?.actions.map(({ type, needs }) => [type, needs]),
    [["image.digest", []]],
  );
});

test("the way of an image to a host elsewhere is part of the plan, as it was looked up", () => {
  const want = specs().get("image/debian");
  assert.ok(want);
  const change = (sources: NonNullable<HostFacts["sources"]> = {}) =>
    images.diff("image/debian", want, undefined, { ...look(), facts: { ...facts, sources } });
  const pushed = change({ "/debian.qcow2": { way: "pushed from here, 1KiB", bytes: 1024 } });
  assert.deepEqual(pushed?.fields.at(-1), { path: "way", new: "pushed from here, 1KiB" });
  assert.match(pushed?.actions[0]?.summary ?? "", / \(pushed from here, 1KiB\)$/);
  assert.deepEqual(pushed?.actions[0]?.cost?.moves, { download: 1024, convert: 1024 });
  assert.equal(change({ "/other": { way: "pushed", bytes: null } })?.actions[0]?.cost?.moves?.download, null);
  assert.deepEqual(change()?.fields.at(-1)?.path, "size");
});

test("credentials of a source are not shown", () => {
  const spec = { ...(specs().get("image/debian") as ImageSpec), source: "https://alice:geheim@example.org/x.qcow2" };
  const change = images.diff("image/debian", spec, undefined, look());
  assert.ok(!JSON.stringify([change?.fields, change?.after, change?.actions.map(({ summary }) => summary)]).includes("geheim"));
});

test("images without a checksum are warned of by name, all at once", () => {
  assert.deepEqual(codes(), ["image-without-checksum"]);
});

test("a source that cannot be fetched from is an error of the plan", () => {
  const found = (source: string) =>
    codes({ images: { x: { source, checksum: `sha256:${hex}`, disk_format: "raw" as const } }, instances: {} });
  assert.deepEqual(found("glance://0b4ca6a8/"), ["image-source-invalid"]);
  assert.deepEqual(found("rbd://pool/image"), ["image-source-invalid"]);
  for (const url of ["https://a:99999/x", "http://[::1/x", "https://a%00b/x"]) assert.deepEqual(found(url), ["image-source-invalid"], url);
});

test("flavors that are too small for their image are errors that name both", () => {
  const debian = specs().get("image/debian") as ImageSpec;
  const pinned = { images: { debian: { ...config.images?.["debian"], source: "/debian.qcow2", disk_format: "qcow2" as const } } };
  const flavor = (disk: number, ram: number): Partial<Config> => ({
    ...pinned,
    flavors: { f: { vcpus: 1, disk, ram } },
    instances: { web: { image: "debian", flavor: "f" } },
  });
  const cached = look({ [`base/${debian.entry}`]: cachedState(debian) });
  assert.deepEqual(codes(flavor(2 ** 30, 2 ** 30)), ["flavor-disk-smaller-than-min-disk"]);
  assert.deepEqual(codes(flavor(2 ** 30, 2 ** 30), cached), ["flavor-disk-smaller-than-min-disk", "flavor-disk-smaller-than-image"]);
  assert.deepEqual(codes(flavor(2 * 2 ** 30, 2 ** 30), cached), ["flavor-disk-smaller-than-image"]);
  assert.deepEqual(codes(flavor(3 * 2 ** 30, 2 ** 30), cached), []);
  assert.deepEqual(codes(flavor(0, 128 * 2 ** 20), cached), ["flavor-memory-too-small"]);
  // Of an image that is still to be fetched, the header of a local file says how large its disk is.
  const source = { way: null, bytes: 2 ** 20, virtualSize: 3 * 2 ** 30 };
  const atSource = { ...look(), facts: { ...facts, sources: { "/debian.qcow2": source } } };
  assert.deepEqual(codes(flavor(2 * 2 ** 30, 2 ** 30), atSource), ["flavor-disk-smaller-than-image"]);
  assert.deepEqual(codes(flavor(3 * 2 ** 30, 2 ** 30), atSource), []);
  const whole = { ...config, ...flavor(2 ** 30, 2 ** 30) };
  const [problem] = images.check?.(images.desired(whole, facts), look(), whole) ?? [];
  assert.match(problem?.summary ?? "", /web.*debian/);
  assert.match(problem?.detail ?? "", /1GiB.*2GiB/);
});

test("a base image in another format, or a foreign file in its place, is an error of the plan", () => {
  const debian = specs().get("image/debian") as ImageSpec;
  const asQcow2 = look({ [`base/${debian.entry}`]: cachedState(debian, { format: "qcow2" }) });
  assert.ok(codes({}, asQcow2).includes("base-image-conflict"));
  assert.ok(codes({}, look({}, [{ what: "base-file", name: debian.entry }])).includes("base-file-unknown"));
  const remedy = (disks?: readonly string[]) =>
    said({}, look({}, [{ what: "base-file", name: debian.entry, ...(disks === undefined ? {} : { disks }) }])).find(
      ({ code }) => code === "base-file-unknown",
    )?.detail ?? "";
  assert.match(remedy(), /: move it away\.$/);
  assert.match(remedy(["/vi/1/disk"]), /: leave it where it is, because \/vi\/1\/disk is backed by it\. Restore the sidecar file/);
});

test("two names for the same bytes have to agree on what they are", () => {
  const twins = (format: "raw" | "qcow2"): Partial<Config> => ({
    images: {
      one: { source: "/a", checksum: `sha256:${hex}`, disk_format: "qcow2" },
      two: { source: "/b", checksum: `sha256:${hex}`, disk_format: format },
    },
    instances: {},
  });
  assert.deepEqual(codes(twins("qcow2")), []);
  assert.deepEqual(codes(twins("raw")), ["same-image-different-use"]);
});

test("Nova GLA-14, GLA-15: what would be fetched beyond the cap or the quota is an error of the plan; what is there stays", () => {
  const remote = (bytes: number) => observedWith({}, { facts: { ...facts, sources: { "/debian.qcow2": { way: null, bytes } } } });
  const over = (host: NonNullable<Config["host"]>, observed: Observed) =>
    codes({ project: "shop", host }, observed).filter((code) => /cap|quota/.test(code));
  assert.deepEqual(over({ image_size_cap: gibibyte }, remote(gibibyte)), []);
  assert.deepEqual(over({ image_size_cap: gibibyte }, remote(gibibyte + 1)), ["image-size-cap"]);
  assert.deepEqual(over({ image_cache_quota: { images: 3, size: gibibyte } }, remote(gibibyte)), []);
  assert.deepEqual(over({ image_cache_quota: { images: 2, size: gibibyte - 1 } }, remote(gibibyte)), [
    "image-cache-quota",
    "image-cache-quota",
  ]);

  const cached = Object.fromEntries([...specs().values()].map((spec) => [`base/${spec.entry}` as Address, cachedState(spec)]));
  assert.deepEqual(over({ image_cache_quota: { images: 0, size: 0 } }, look(cached)), []);
  const [, ...others] = Object.entries(cached);
  const foreign = others.map(([address, state]) => [address, { ...state, sidecar: { ...state.sidecar, project: "bank" } }]);
  assert.deepEqual(over({ image_cache_quota: { images: 2 } }, look(Object.fromEntries(foreign))), ["image-cache-quota"]);
  assert.deepEqual(over({ image_cache_quota: { per_project: { images: 1 } } }, look(Object.fromEntries(foreign))), []);
  assert.deepEqual(over({ image_cache_quota: { per_project: { images: 0 } } }, look(Object.fromEntries(foreign))), ["image-cache-quota"]);
});

test("what is below disks is read once, however many instances there are", () => {
  let looks = 0;
  const instances = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`web${index}x`, { image: "debian", flavor: "small" }]));
  const counted = {
    ...config,
    flavors: { small: { vcpus: 1, ram: gibibyte, disk: 4 * gibibyte } },
    get instances() {
      looks += 1;
      return instances;
    },
  } as unknown as Config;
  const settings = hostSettings(counted, { root: true, dataHome: "/root" });
  const first = desiredImage({ config: counted, facts, settings }, "debian");
  const once = looks;
  assert.equal(first.maxVirtualSize, 4 * gibibyte);
  for (let disk = 0; disk < 50; disk += 1) assert.equal(desiredImage({ config: counted, facts, settings }, "debian"), first);
  assert.equal(looks, once);
  const other = { ...facts, sources: {} };
  assert.notEqual(desiredImage({ config: counted, facts: other, settings }, "debian"), first);
});
