import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import { UnreachableError } from "../../../src/model/errors.ts";
import { guests } from "../../crash/guests.ts";
import { createWorld } from "../../crash/world.ts";
import type { Machine } from "../../fake-host/machine.ts";
import { runMain } from "./run-main.ts";

type Machines = Readonly<Record<string, Machine>>;

const configuration = (host: string, more = "") => `${guests()}${more}`.replace("host: {", `host: { uri: "qemu+ssh://${host}/system",`);

/** Two hosts with a guest `web` each, and `only` on beta. */
const directory = mkdtempSync(join(tmpdir(), "virtform-hosts-"));
const file = (name: string, text: string) => {
  writeFileSync(join(directory, name), text);
  return join(directory, name);
};
after(() => rmSync(directory, { recursive: true, force: true }));
const only = "  only: { image: debian, flavor: small, power_state: stopped }\n";
const alphaYaml = file("alpha.yaml", configuration("alpha"));
const betaYaml = file("beta.yaml", configuration("beta", only));
const both = ["--host", `alpha=${alphaYaml}`, "--host", `beta=${betaYaml}`];

/** Runs a command line for these machines; a host without one does not answer. */
function on(machines: Machines, t: TestContext) {
  return (...argv: readonly string[]) =>
    runMain(t, argv, {}, {}, async (_uri, name) => {
      const machine = machines[name];
      const host = { ...(machine ?? createWorld()).boot(), libvirtUri: "qemu:///system" };
      if (machine !== undefined) return host;
      return {
        ...host,
        dial: async () => {
          throw new UnreachableError("libvirt does not answer");
        },
      };
    });
}

async function appliedHosts(t: TestContext) {
  const machines = { alpha: createWorld(), beta: createWorld() };
  const run = on(machines, t);
  const applied = await run("apply", ...both, "--auto-approve");
  assert.equal(applied.code, 0, applied.stdout + applied.stderr);
  return { machines, run, alone: on({ alpha: machines.alpha }, t) };
}

const succeeded = ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => {
  assert.equal(code, 0, stdout + stderr);
  return stdout;
};

test("two hosts: apply, empty plan, list with a column for the host, show with addresses that begin with it", async (t) => {
  const { run } = await appliedHosts(t);
  assert.match(succeeded(await run("plan", ...both, "--detailed-exitcode")), /^No changes\./m);
  const listed = succeeded(await run("list", ...both));
  assert.match(listed, /^HOST +NAME +STATE/);
  assert.match(listed, /^alpha +web +active .*\n(?:alpha .*\n)*beta +web +active .*\nbeta +only +stopped/m);
  const json = JSON.parse(succeeded(await run("list", ...both, "--json"))) as readonly { host: string; name: string }[];
  assert.deepEqual(
    json.map(({ host, name }) => `${host}/${name}`),
    ["alpha/web", "beta/web", "beta/only"],
  );
  const shown = succeeded(await run("show", ...both));
  assert.match(shown, /^Project shop on qemu\+ssh:\/\/alpha\/system:\n(?: {2}alpha\/.*\n)+/m);
  assert.match(shown, /^ {2}beta\/domain\/only$/m);
  assert.match(shown, /domain alpha\/stranger/);
  const one = succeeded(await run("list", alphaYaml));
  assert.match(one, /^NAME +STATE/);
});

test("a name that one host has is found there; one that several have needs the host in front", async (t) => {
  const { run } = await appliedHosts(t);
  assert.match(succeeded(await run("show", "only", ...both)), /^beta\/domain\/only:$/m);
  assert.match(succeeded(await run("show", "alpha/web", ...both)), /^alpha\/domain\/web:$/m);
  for (const argv of [
    ["console", "web"],
    ["ssh", "web", "--print"],
    ["restart", "web", "--auto-approve"],
    ["image", "rm", "debian"],
  ]) {
    const { code, stdout, stderr } = await run(...argv, ...both);
    assert.equal(code, 1, stdout);
    assert.match(stderr, /Several hosts have (?:web|debian)[\s\S]*alpha\/(?:web|debian), beta\/(?:web|debian)/, argv.join(" "));
  }
  const unknown = await run("console", "beta/wob", ...both);
  assert.match(unknown.stderr, /No instance is called beta\/wob[\s\S]*Did you mean web\?/);
  assert.equal(succeeded(await run("console", "beta/only", ...both)), "");
});

test("restart, start and stop change the guest of the host that is named, and no other", async (t) => {
  const { machines, run } = await appliedHosts(t);
  const state = (machine: Machine, name: string) => machine.libvirtd.find(name)?.state;
  succeeded(await run("stop", "alpha/web", ...both, "--auto-approve"));
  assert.deepEqual([state(machines.alpha, "web"), state(machines.beta, "web")], [5, 1]);
  succeeded(await run("start", "only", ...both, "--auto-approve"));
  assert.equal(state(machines.beta, "only"), 1);
  assert.match(succeeded(await run("restart", "beta/web", ...both, "--auto-approve")), /beta\/domain\/web/);
  assert.equal(state(machines.alpha, "web"), 5);
});

test("image list, verify and outdated have every host, and image rm the one that is named", async (t) => {
  const { run } = await appliedHosts(t);
  assert.match(succeeded(await run("image", "list", ...both)), /^HOST +NAME[\s\S]*^alpha +debian[\s\S]*^beta +debian/m);
  const listed = succeeded(await run("image", "list", "beta/debian", ...both));
  assert.doesNotMatch(listed, /^alpha /m);
  const unknown = await run("image", "list", "nonesuch", ...both);
  assert.deepEqual([unknown.code, unknown.stdout], [1, ""]);
  assert.match(unknown.stderr, /^Error: There is no image called nonesuch\n\n {2}There are: debian\./);
  assert.match(succeeded(await run("image", "verify", ...both)), /alpha\/debian: sha256[\s\S]*beta\/debian: sha256/);
  const verified = succeeded(await run("image", "verify", "beta/debian", ...both, "--json"));
  assert.equal(JSON.parse(verified).host, "beta");
  assert.equal((await run("image", "rm", "alpha/debian", ...both, "--auto-approve")).code, 1, "a disk is backed by it");
  assert.match(succeeded(await run("gc", ...both, "--dry-run")), /No changes|nothing/i);
});

test("doctor checks each host, also if one does not answer", async (t) => {
  const { run, alone } = await appliedHosts(t);
  const checked = await run("doctor", ...both);
  assert.match(checked.stdout, /alpha: libvirt: [\s\S]*beta: libvirt: /);
  const broken = await alone("doctor", ...both);
  assert.equal(broken.code, 1);
  assert.match(broken.stdout, /^ok +alpha: libvirt: [\s\S]*^error +beta: libvirt: /m);
  const listed = await alone("list", ...both);
  assert.equal(listed.code, 1);
  assert.match(listed.stderr, /beta: [\s\S]*libvirt does not answer/);
  assert.match(listed.stdout, /^alpha +web/m);
  const shown = await alone("show", "alpha/web", ...both);
  assert.equal(shown.code, 0, shown.stderr);
});

test("a name that a host which does not answer may have is not reported as missing", async (t) => {
  const { alone } = await appliedHosts(t);
  for (const argv of [
    ["console", "only"],
    ["ssh", "only", "--print"],
    ["show", "only"],
    ["image", "verify", "other"],
    ["image", "outdated", "other"],
    ["adopt", "other"],
  ]) {
    const { code, stderr } = await alone(...argv, ...both);
    assert.equal(code, 1, argv.join(" "));
    assert.match(stderr, /on the hosts that could be read\n[\s\S]*beta could not be read and may have it\./, argv.join(" "));
  }
});

test("debug has each host by its name, and simulate plans with what it recorded", async (t) => {
  const { run } = await appliedHosts(t);
  const recorded = succeeded(await run("debug", "observe", ...both));
  assert.deepEqual(Object.keys(JSON.parse(recorded).hosts), ["alpha", "beta"]);
  assert.deepEqual(Object.keys(JSON.parse(succeeded(await run("debug", "desired", ...both))).hosts), ["alpha", "beta"]);
  const profile = file("profile.json", recorded);
  // One more guest, in the directory that the project belongs to.
  const larger = file("larger.yaml", configuration("beta", `${only}  more: { image: debian, flavor: small }\n`));
  const simulate = (...hosts: readonly string[]) => run("simulate", "--host-profile", profile, "--detailed-exitcode", ...hosts);
  const simulated = await simulate("--host", `alpha=${alphaYaml}`, "--host", `beta=${larger}`);
  assert.equal(simulated.code, 2, simulated.stdout + simulated.stderr);
  assert.match(simulated.stdout, /\+ beta\/domain\/more will be created/);
  const other = await simulate("--host", `gamma=${alphaYaml}`, "--host", `beta=${betaYaml}`);
  assert.match(other.stderr, /does not record gamma/);
});

test("drift that is accepted goes into the files of its host, and an explanation names it", async (t) => {
  const { machines, run } = await appliedHosts(t);
  const guest = machines.beta.libvirtd.find("only") ?? assert.fail();
  machines.beta.libvirtd.start(guest);
  const explained = succeeded(await run("plan", "--explain", "domain/only", ...both));
  assert.match(explained, /beta\/domain\/only/);
  const accepted = succeeded(await run("drift", "--accept", ...both));
  assert.match(accepted, /^--- .*beta\.yaml$/m);
  assert.match(accepted, /^\+.*power_state: running/m);
  assert.doesNotMatch(accepted, /alpha\.yaml/);
});

test("adopt writes the guests of one host into a file, and prints those of several", async (t) => {
  const { run } = await appliedHosts(t);
  const ambiguous = await run("adopt", "stranger", ...both);
  assert.match(ambiguous.stderr, /Several hosts have stranger/);
  assert.match(succeeded(await run("adopt", "beta/stranger", ...both)), /^# On the host beta:\n[\s\S]*adopt: true/);
  const all = await run("adopt", "--all", ...both);
  assert.match(all.stdout, /# On the host alpha:[\s\S]*# On the host beta:/);
  const one = await run("adopt", "--all", ...both, "--out", "new.yaml");
  assert.match(one.stderr, /cannot be written into one file: alpha\/stranger, beta\/stranger/);
});

test("image lock pins an image in the file of each host", async (t) => {
  const { run } = await appliedHosts(t);
  const locked = succeeded(await run("image", "lock", "--update", ...both));
  assert.match(locked, /^alpha\/debian: sha256:\S+[\s\S]*^beta\/debian: sha256:/m);
});

test("image lock reads what several hosts have from one address once", async (t) => {
  const { run } = await appliedHosts(t);
  const { stderr } = await run("image", "lock", "--update", ...both);
  assert.deepEqual(stderr.match(/^.*: reading /gm), ["alpha/debian: reading "]);
});

test("the Tab key completes names of the hosts that --host gives", async (t) => {
  const { run } = await appliedHosts(t);
  assert.match(
    succeeded(await run("__complete", "console", ...both, "")),
    /^alpha\/web\tinstance\nbeta\/web\tinstance\nbeta\/only\tinstance$/m,
  );
});

test("--host says what is wrong with it", async (t) => {
  const { run } = await appliedHosts(t);
  const refused = async (text: RegExp, ...argv: readonly string[]) => {
    const { code, stderr } = await run(...argv);
    assert.deepEqual([code, text.test(stderr)], [1, true], stderr);
  };
  await refused(/"alpha" is not NAME=PATH/, "list", "--host", "alpha");
  await refused(/--host and the path \S+beta\.yaml exclude each other/, "list", "--host", `alpha=${alphaYaml}`, betaYaml);
  await refused(/alpha and beta are one host/, "list", "--host", `alpha=${alphaYaml}`, "--host", `beta=${alphaYaml}`);
  await refused(/There are several hosts[\s\S]*alpha\/domain\/NAME/, "plan", "--target", "web", ...both);
  const here = file("here.yaml", guests().replace("host: {", `host: { uri: "qemu:///${process.getuid?.() === 0 ? "system" : "session"}",`));
  const unwritten = file("unwritten.yaml", guests());
  await refused(/alpha and beta are one host/, "list", "--host", `alpha=${here}`, "--host", `beta=${unwritten}`);
  const saved = join(directory, "site.plan");
  succeeded(await run("plan", alphaYaml, "--out", saved));
  await refused(/--host has no use with a saved plan/, "show", saved, "--host", `alpha=${alphaYaml}`);
  const { stdout } = await run("validate", ...both);
  assert.match(stdout, /valid \(2 files\)/);
});
