import assert from "node:assert/strict";
import { test } from "node:test";
import type { Context } from "../../../src/model/context.ts";
import type { Diagnostic } from "../../../src/model/diagnostic.ts";
import { userError } from "../../../src/model/errors.ts";
import { fetchDirect } from "../../../src/sources/glance/direct.ts";
import { type GlanceSection, glanceSettings } from "../../../src/sources/glance/settings.ts";
import type { GlanceImage } from "../../../src/tools/openstack/image.ts";

/** Fetches an image whose location is this file, on a host where `copy` does the copying. Gives what was copied. */
async function fetched(path: string, copy: (from: string) => Promise<object>) {
  const copied: string[] = [];
  const files = {
    identify: async (paths: readonly string[]) => paths.map((path) => ({ path: path.replace("/link/", "/outside/") })),
    stat: async () => ({ type: "file", size: 5 }),
    copy: (from: string) => {
      copied.push(from);
      return copy(from);
    },
  };
  const glance = glanceSettings({ allowed_direct_url_schemes: ["file"], direct_url_directories: ["/images"] });
  const context = { host: { files }, settings: { drivers: { glance } }, signal: new AbortController().signal } as unknown as Context;
  const image = { directUrl: `file://${path}`, locations: [] } as unknown as GlanceImage;
  const result = await fetchDirect(context, { source: "glance://x", to: "/to", digests: [] }, image);
  return { copied, result };
}

test("a file below an allowed directory is copied, and no other, also not through a link", async () => {
  const done = async () => ({ bytes: 5, digests: {} });
  assert.deepEqual(await fetched("/images/a", done), { copied: ["/images/a"], result: { bytes: 5, digests: {} } });
  for (const path of ["/etc/shadow", "/images/../etc/shadow", "/images-of-others/a", "/link/a"])
    assert.deepEqual(await fetched(path, done), { copied: [], result: undefined }, path);
});

test("a file that this user may not read is downloaded, and another failure is one", async () => {
  const failing = (code: string) => async () => {
    throw userError(code, "It failed", "");
  };
  assert.equal((await fetched("/images/a", failing("permission-denied"))).result, undefined);
  await assert.rejects(fetched("/images/a", failing("no-space")), /It failed/);
});

test("a snapshot in Ceph is read only where it is allowed, and what fails there is a warning before the download", async () => {
  const location = "rbd://0c1d/images/x/snap";
  const asked: string[] = [];
  const warned: Diagnostic[] = [];
  const host = {
    name: "here",
    files: { remove: async () => undefined },
    onClose: () => undefined,
    open: (): never => {
      asked.push("ceph");
      throw userError("ceph-unreachable", "Ceph does not answer", "Start it.");
    },
  };
  const fetchWith = (section: GlanceSection, stop = new AbortController()) => {
    const drivers = { glance: glanceSettings(section) };
    const context = { host, settings: { drivers }, signal: stop.signal, warn: (one: Diagnostic) => warned.push(one) } as unknown as Context;
    const image = { id: "x", name: "noise", directUrl: location, locations: [location] } as unknown as GlanceImage;
    return fetchDirect(context, { source: "glance://x", to: "/to", digests: [] }, image);
  };
  assert.equal(await fetchWith({}), undefined);
  assert.deepEqual([asked, warned], [[], []]);
  assert.equal(await fetchWith({ enable_rbd_download: true }), undefined);
  assert.deepEqual(
    warned.map(({ severity, code, summary }) => `${severity} ${code}: ${summary}`),
    ["warning image-not-read-from-ceph: Image noise is not read from Ceph"],
  );
  const stop = new AbortController();
  stop.abort(new Error("stopped"));
  await assert.rejects(fetchWith({ enable_rbd_download: true }, stop), /stopped/);
  assert.equal(warned.length, 1);
});
