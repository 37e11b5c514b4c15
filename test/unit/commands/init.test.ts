import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { cloudImages } from "../../../src/commands/cloud-images.ts";
import { adminUser } from "../../../src/kinds/config/admin-user.ts";
import { readConfig } from "../../../src/session.ts";
import { runMain } from "./run-main.ts";

const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFYzXWcBLRbyDrJoSGTnHgvbMBe5CfWZlMYHXZdBMOpz me@here";

/** An empty home, perhaps with a key. */
function home(t: TestContext, withKey: boolean): string {
  const directory = mkdtempSync(join(tmpdir(), "virtform-init-"));
  t.after(() => rmSync(directory, { recursive: true }));
  mkdirSync(join(directory, ".ssh"));
  writeFileSync(join(directory, ".ssh/id_ed25519.pub"), "not a key\n");
  if (withKey) writeFileSync(join(directory, ".ssh/id_rsa.pub"), `${key}\n`);
  return directory;
}

test("each image gives a valid configuration, with a user to log in as", async (t) => {
  const directory = home(t, true);
  for (const [name, image] of Object.entries(cloudImages)) {
    const site = join(directory, name);
    const { code, stderr } = await runMain(t, ["init", site, "--image", name, "--network", "lan"], {}, { HOME: directory });
    assert.deepEqual([code, stderr], [0, ""]);
    const { config, diagnostics } = await readConfig([site]);
    assert.deepEqual(diagnostics, [], name);
    assert.equal(config.project, name);
    assert.equal(config.images?.[name]?.source, image.source);
    assert.match(`${image.source} ${image.checksums}`, /^https:\S+\.(?:qcow2|img) https:\S+$/);
    assert.equal(config.key_pairs?.["admin"]?.public_key.trim(), key);
    const [guest] = Object.values(config.instances ?? {});
    assert.deepEqual(guest?.networks, [{ network: "lan" }]);
    assert.ok(adminUser(config.images?.[name]?.properties), name);
  }
});

test("without a key the file says how to add one, and is valid", async (t) => {
  const directory = home(t, false);
  const { code, stdout } = await runMain(
    t,
    ["init", join(directory, "My Shop"), "--network", "lan", "--uri", "qemu+ssh://kvm1/system"],
    {},
    { HOME: directory },
  );
  assert.equal(code, 0);
  assert.match(stdout, /project My-Shop with one guest, my-shop-1, of Debian 13[\s\S]*key +none was found[\s\S]*virtform plan '.*My Shop'/);
  const { config } = await readConfig([join(directory, "My Shop")]);
  assert.deepEqual(
    [config.host?.uri, config.key_pairs, Object.keys(config.instances ?? {})],
    ["qemu+ssh://kvm1/system", undefined, ["my-shop-1"]],
  );
});

test("a file that exists is never changed, and mistakes are named", async (t) => {
  const directory = home(t, true);
  const file = join(directory, "site.virtform.yaml");
  writeFileSync(file, "project: mine\n");
  const says = async (why: RegExp, ...args: readonly string[]) => {
    const { code, stderr } = await runMain(t, ["init", ...args], {}, { HOME: directory });
    assert.equal(code, 1);
    assert.match(stderr, why);
  };
  await says(/There is a configuration already/, directory);
  assert.equal(readFileSync(file, "utf8"), "project: mine\n");
  await says(/No image is called debain-13[\s\S]*Did you mean debian-13\?/, join(directory, "a"), "--image", "debain-13");
  await says(/"a b" cannot be the name of a project/, join(directory, "a"), "--name", "a b");
  await says(/holds no public ssh key/, join(directory, "a"), "--key", join(directory, ".ssh/id_ed25519.pub"));
  await says(/Cannot read the key/, join(directory, "a"), "--key", join(directory, "nope.pub"));
});
