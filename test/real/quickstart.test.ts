import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { checkout, mustRun, runProgram } from "./support/virtform.ts";

/*
 * The README's first command, as it stands, by an ordinary user who has no libvirt running and sees nothing of root's: a user
 * of the test's own, so that no quickstart of the machine's owner is touched.
 */

const user = `virtform-test-${process.pid}`;
const timeoutMs = 600_000;

test("bin/quickstart takes an ordinary user from a checkout to a guest that read its config drive", async (t) => {
  await mustRun("useradd", ["--create-home", "--shell", "/bin/bash", user]);
  const directory = await mkdtemp(`${tmpdir()}/virtform-quickstart-`);
  t.after(async () => {
    // Its session's daemons, which outlive their last client for a while.
    await runProgram("pkill", ["-KILL", "-u", user]);
    await rm(directory, { recursive: true, force: true });
    await mustRun("userdel", ["--force", "--remove", user]);
  });
  // A checkout as git lists it: other tests come and go beside it. What was built is built again; what was downloaded is not.
  const listed = await mustRun("git", ["-C", checkout, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
  const names = listed.split("\0").filter((name) => name !== "" && existsSync(`${checkout}${name}`));
  for (const name of [...names, "node_modules", ".cache/guest"]) {
    await cp(`${checkout}${name}`, `${directory}/virtform/${name}`, { recursive: true, preserveTimestamps: true });
  }
  await mustRun("chown", ["-R", `${user}:`, directory]);
  const asUser = (command: string) =>
    runProgram("runuser", ["--login", user, "--command", `cd ${directory}/virtform && export CI=1 && ${command} </dev/null`], timeoutMs);

  const quickstart = await asUser("bin/quickstart");
  assert.equal(quickstart.code, 0, quickstart.stdout + quickstart.stderr);
  assert.match(quickstart.stdout, /This is the tiny guest/);
  assert.match(quickstart.stdout, /This is the user data of examples\/quickstart\/virtform\.yaml/);
  assert.match(quickstart.stdout, /bin\/virtform\.js plan examples\/quickstart --detailed-exitcode/);

  const plan = await asUser("PATH=$PWD/node_modules/node/bin:$PATH bin/virtform.js plan examples/quickstart --detailed-exitcode");
  assert.equal(plan.code, 0, plan.stdout + plan.stderr);
  assert.match(plan.stdout, /^No changes\./m);

  const again = await asUser("bin/quickstart");
  assert.equal(again.code, 0, again.stdout + again.stderr);

  const gone = await asUser(
    "PATH=$PWD/node_modules/node/bin:$PATH bin/virtform.js destroy examples/quickstart --auto-approve --allow-destroy",
  );
  assert.equal(gone.code, 0, gone.stdout + gone.stderr);
  assert.match(gone.stdout, /destroyed/);
});
