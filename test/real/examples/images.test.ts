import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import type { TestContext } from "node:test";
import { makeSigner } from "../../support/signer.ts";
import { serveImages } from "../support/image-server.ts";
import { virtform } from "../support/in-this-process.ts";
import { assertApplied, tinyGuest } from "../support/workspace.ts";
import { assertConverged, tryExample } from "./try-example.ts";

tryExample("compressed", {
  prepare: (_t, directory) =>
    writeFile(`${directory}/tiny.qcow2.xz`, execFileSync("xz", ["-1", "-c", tinyGuest.disk], { maxBuffer: 2 ** 28 })),
});

tryExample("golden-image", { finish: applyBoth });

tryExample("inject", {
  look: async ({ value }, directory) => {
    assert.deepEqual([value("root"), value("boots"), value("config-drive")], ["an appliance of virtform", "1", "none"]);
    // The base image of the disk is what it was.
    const verified = await virtform("image", "verify", "--path", directory);
    assert.equal(verified.code, 0, verified.stdout + verified.stderr);
  },
});

tryExample("signed", {
  prepare: async (t, directory, { images }) => {
    const { tiny } = images;
    assert.ok(tiny !== undefined && "checksum" in tiny);
    images["tiny"] = await publishSigned(t, directory, tiny);
  },
});

// Nothing but an image.
tryExample("quickstart");

/** The second step of the golden image: while its builder runs. */
async function applyBoth(directory: string): Promise<void> {
  const both = [directory, `${directory}/golden.yaml`];
  const planned = await virtform("plan", ...both);
  assert.match(
    planned.stdout,
    /way +from volume data of \S+-builder while it runs, with its file systems frozen for a moment/,
    planned.stderr,
  );
  assertApplied(await virtform("apply", ...both, "--auto-approve"));
  await assertConverged(...both);
}

/** The image as a publisher on loopback serves it, signed with a key of this test in place of the example's. */
async function publishSigned(t: TestContext, directory: string, image: { readonly checksum: unknown }): Promise<object> {
  // What is remembered of this server is nothing to anybody else.
  process.env["XDG_CACHE_HOME"] = `${directory}/cache`;
  t.after(() => delete process.env["XDG_CACHE_HOME"]);
  const signer = makeSigner(t, "Publisher of an example <images@example.org>");
  await writeFile(`${directory}/publisher.asc`, signer.publicKeys);
  const content = await readFile(tinyGuest.disk);
  const sums = `${directory}/SHA256SUMS`;
  await writeFile(sums, `${createHash("sha256").update(content).digest("hex")} *root.qcow2\n`);
  signer.sign(sums, `${sums}.gpg`, "--detach-sign");
  const server = await serveImages(t, [tinyGuest.disk, sums, `${sums}.gpg`]);
  const file = server.url(sums);
  return { ...image, source: server.url(tinyGuest.disk), checksum: { ...(image.checksum as object), file, signature: `${file}.gpg` } };
}
