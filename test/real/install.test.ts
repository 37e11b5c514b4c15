import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { version } from "../../src/version.ts";
import { countingDisk } from "../support/speaking-disk.ts";
import { openTerminal } from "./cli/support/terminal.ts";
import { mustRun, type Surroundings, run as start } from "./cli/support/virtform.ts";
import { createWorkspace, virsh, type Workspace, writeConfig } from "./support/workspace.ts";

const checkout = join(import.meta.dirname, "../..");
const nodePath = `${dirname(process.execPath)}:${process.env["PATH"]}`;

let packages: string;
const packed = (name: string) => join(packages, name);

before(async () => {
  packages = await mkdtemp(join(tmpdir(), "virtform-packages-"));
  await mustRun(process.execPath, [join(checkout, "bin/lib/package/main.ts"), "--built", "--weak", "--to", packages], {
    env: { PATH: nodePath },
  });
});
after(() => rm(packages, { recursive: true, force: true }));

/** An empty directory for the duration of a test, which is also the home of what runs in it. */
async function emptyPlace(t: TestContext): Promise<{ readonly directory: string; readonly around: Surroundings }> {
  const directory = await mkdtemp(join(tmpdir(), "virtform-install-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const home = join(directory, "home");
  await mkdir(home);
  const unset = { NODE_PATH: undefined, NODE_OPTIONS: undefined, XDG_CACHE_HOME: undefined };
  return { directory, around: { cwd: directory, env: { HOME: home, PATH: "/usr/sbin:/usr/bin:/sbin:/bin", ...unset } } };
}

/** A configuration with one guest, which says a line on its console when it is booted. */
async function smallSite(t: TestContext): Promise<Workspace> {
  const workspace = await createWorkspace(t);
  await writeFile(join(workspace.directory, "disk.raw"), countingDisk("installed"));
  await writeConfig(workspace, {
    images: { disk: { source: "./disk.raw", disk_format: "raw" } },
    flavors: { small: { vcpus: 1, ram: "64MiB", disk: "1GiB" } },
    instances: { [`${workspace.prefix}-a`]: { image: "disk", flavor: "small", config_drive: false } },
  });
  return workspace;
}

const guestsOf = async ({ prefix }: Workspace) => (await virsh("list", "--name")).split("\n").filter((name) => name.startsWith(prefix));

/** Plans, applies with `apply` unless that is left to the caller, plans again, and destroys. */
async function use(
  [program = "", ...first]: readonly string[],
  around: Surroundings,
  workspace: Workspace,
  apply?: () => Promise<void>,
): Promise<void> {
  const virtform = (...args: readonly string[]) => start(program, [...first, ...args], { ...around, cwd: workspace.directory });
  const ends = async (code: number, ...args: readonly string[]) => {
    const result = await virtform(...args);
    assert.equal(result.code, code, `virtform ${args.join(" ")}:\n${result.stdout}${result.stderr}`);
    return result.stdout;
  };
  assert.equal(await ends(0, "--version"), `virtform ${version}\n`);
  assert.match(await ends(2, "plan", "--detailed-exitcode", "--out", "site.plan"), /Plan: 3 to add, 0 to change, 0 to destroy\./);
  if (apply === undefined) assert.match(await ends(0, "apply", "site.plan"), /Apply complete! Resources: 3 added/);
  else await apply();
  assert.deepEqual(await guestsOf(workspace), [`${workspace.prefix}-a`]);
  assert.match(await ends(0, "plan", "--detailed-exitcode"), /No changes\./);
  await ends(0, "destroy", "--auto-approve", "--allow-destroy");
  assert.deepEqual(await guestsOf(workspace), []);
}

test("the npm package is installed without a network, and plans, applies and destroys; its library has types", async (t) => {
  const { directory, around } = await emptyPlace(t);
  const [site, prefix, cache] = [await smallSite(t), join(directory, "prefix"), join(directory, "cache")];
  const withNode = { ...around, env: { ...around.env, PATH: nodePath } };
  const install = (...where: readonly string[]) =>
    mustRun("npm", ["install", "--offline", "--silent", "--cache", cache, ...where, packed(`virtform-${version}.tgz`)], withNode);
  await install("--global", "--prefix", prefix);
  await use([join(prefix, "bin/virtform")], withNode, site);
  assert.match(await readFile(join(prefix, "share/man/man1/virtform.1"), "utf8"), /^\.TH VIRTFORM 1/m);

  const readme = await readFile(join(prefix, "lib/node_modules/virtform/README.md"), "utf8");
  const outside = readme.replaceAll(/^```.*?^```$/gms, "");
  const links = [...outside.matchAll(/\]\(([^)]+)\)/g)].map(([, target = ""]) => target);
  assert.ok(links.length > 20);
  for (const link of links) {
    const path =
      /^https:\/\/(?:github\.com\/virtform\/virtform\/blob|raw\.githubusercontent\.com\/virtform\/virtform)\/v[\d.]+\/([^#]+)/.exec(
        link,
      )?.[1];
    assert.ok(path !== undefined && existsSync(join(checkout, path)), link);
  }

  const project = join(directory, "project");
  await mkdir(project);
  await install("--prefix", project);
  await writeFile(
    join(project, "use.mts"),
    `import { type Config, readConfig } from "virtform";
const flavors: Config["flavors"] = { small: { vcpus: 1, ram: 1, disk: 1 } };
// @ts-expect-error: a flavor has a number of processors
const wrong: Config["flavors"] = { small: { vcpus: "1", ram: 1, disk: 1 } };
console.log((await readConfig([process.argv[2] ?? "."])).config.project, flavors !== wrong);
`,
  );
  const types = join(checkout, "node_modules/@types");
  const options = { strict: true, module: "nodenext", target: "es2024", noEmit: true, types: ["node"], typeRoots: [types] };
  const paths = { "undici-types": [join(checkout, "node_modules/undici-types/index.d.ts")] };
  await writeFile(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions: { ...options, paths }, files: ["use.mts"] }));
  await mustRun(join(checkout, "node_modules/.bin/tsc"), ["-p", project], withNode);
  assert.equal(await mustRun(process.execPath, [join(project, "use.mts"), site.directory], around), `${site.project} true\n`);
});

test("the binary needs no Node: it plans, applies with the terminal interface, and destroys", async (t) => {
  const { directory, around } = await emptyPlace(t);
  const site = await smallSite(t);
  const binary = join(directory, "virtform");
  await writeFile(binary, await readFile(packed(`virtform-${version}-linux-x64`)));
  await chmod(binary, 0o755);
  const alone = { ...around, env: { ...around.env, PATH: "/usr/bin:/bin" } };
  await use([binary], alone, site, async () => {
    const terminal = await openTerminal(t, site.directory, { columns: 100, rows: 30 });
    await terminal.enter(`clear; ${binary} apply; echo "exit $?"`);
    await terminal.until(/virtform apply {2}project[\s\S]*Plan: 3 to add, 0 to change, 0 to destroy\./);
    await terminal.press("y");
    assert.match(await terminal.until(/exit \d+\n/), /Apply complete! Resources: 3 added[\s\S]*exit 0\n/);
  });
  assert.ok(existsSync(join(directory, "home/.cache/virtform/compiled-binary/plan.bin")), "the next plan starts faster");
});

test("the Debian package is installed by dpkg, with manual page and completion, and removed again", async (t) => {
  const { around } = await emptyPlace(t);
  assert.notEqual((await start("dpkg", ["-s", "virtform"])).code, 0, "this machine has the package virtform: remove it before this test");
  const site = await smallSite(t);
  t.after(() => dpkg("--purge", "virtform"));
  // Nothing has to survive a power cut here, and syncing takes most of the time.
  await dpkg("--force-unsafe-io", "--install", packed(`virtform_${version}-1_amd64.deb`));
  assert.equal(await mustRun("dpkg", ["--verify", "virtform"]), "", "the files are those that its checksums say");
  await use(["virtform"], around, site);
  const files = (await mustRun("dpkg", ["--listfiles", "virtform"])).split("\n");
  for (const file of [
    "/usr/share/man/man1/virtform.1.gz",
    "/usr/share/zsh/vendor-completions/_virtform",
    "/usr/share/fish/vendor_completions.d/virtform.fish",
    "/usr/share/doc/virtform/copyright",
  ])
    assert.ok(files.includes(file), file);
  const script = `. /usr/share/bash-completion/completions/virtform
COMP_WORDS=(virtform pl); COMP_CWORD=1; _virtform; echo "\${COMPREPLY[@]}"`;
  assert.equal(await mustRun("bash", ["--norc", "-c", script], around), "plan\n");
  await dpkg("--remove", "virtform");
  assert.deepEqual(
    files.filter((file) => file.includes("virtform") && existsSync(file)),
    [],
  );
});

/** Runs dpkg, and waits for another one that runs. */
async function dpkg(...args: readonly string[]): Promise<void> {
  for (let tries = 60; ; tries--) {
    const { code, stdout, stderr } = await start("dpkg", args);
    if (code === 0) return;
    if (tries === 0 || !/lock/.test(stderr)) throw new Error(`dpkg ${args.join(" ")} ended with ${code}:\n${stdout}${stderr}`);
    await pause(1000);
  }
}
