import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const checkout = fileURLToPath(new URL("../../", import.meta.url));

/** An empty directory in which the package is installed as npm packs it, with what it depends on. */
async function installed(): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), "virtform-library-"));
  const { stdout } = await run("npm", ["pack", "--ignore-scripts", "--silent", "--pack-destination", directory], { cwd: checkout });
  const target = join(directory, "node_modules/virtform");
  mkdirSync(target, { recursive: true });
  await run("tar", ["-xzf", join(directory, stdout.trim()), "--strip-components=1", "-C", target]);
  const { dependencies } = JSON.parse(readFileSync(join(target, "package.json"), "utf8")) as { dependencies: Record<string, string> };
  for (const name of [...Object.keys(dependencies), "@types/node"]) {
    mkdirSync(dirname(join(directory, "node_modules", name)), { recursive: true });
    symlinkSync(join(checkout, "node_modules", name), join(directory, "node_modules", name));
  }
  writeFileSync(join(directory, "package.json"), '{ "type": "module" }\n');
  return directory;
}

const directory = await installed();
test.after(() => rmSync(directory, { recursive: true }));

const yaml = `project: shop
images: { tiny: { source: /srv/tiny.img, disk_format: raw, checksum: sha256:${"0".repeat(64)} } }
flavors: { small: { vcpus: 1, ram: 128MiB, disk: 1GiB } }
instances: { web: { image: tiny, flavor: small, power_state: stopped } }
`;

/** Plans for a machine that does not exist: the tests' own fake one. */
const script = (
  types: boolean,
) => `import { canApply, createReporter, loadConfig, openSession, plan, processSurroundings, readConfig, registerFormat, UserError } from "virtform";
${types ? 'import type { Config, Host, Plan, Surroundings } from "virtform";' : ""}
import { openMachine } from "./machine.${types ? "ts" : "mjs"}";

const { diagnostics } = await loadConfig(["broken.yaml"]);
console.log(diagnostics.map(({ code, at }) => \`\${code} \${at?.line}\`).join());
try { await readConfig(["broken.yaml"]); } catch (error) { console.log(error instanceof UserError); }

const checked = await readConfig(["."]);
const surroundings${types ? ": Surroundings" : ""} = { ...processSurroundings(), openHost: async () => openMachine() };
await using session = await openSession(checked, surroundings);
const made${types ? ": Plan" : ""} = await plan(session, { targets: ["web"] });
console.log(canApply(made), made.changes.map(({ verb, address }) => \`\${verb} \${address}\`).join());

using _names = registerFormat({ name: "names", load: async () => ({ stdout }) => ({
  event(event) { if (event.type === "plan") stdout.write(event.plan.changes.map(({ address }) => address).join(" ") + "\\n"); },
  close: async () => {},
}) });
const reporter = await createReporter("names", { color: false, stdout: process.stdout, stderr: process.stderr, command: "plan", interactive: false, version: "1" });
reporter.event({ type: "plan", plan: made });
${types ? "const config: Config = checked.config; const project: string | undefined = config.project; console.log(project);" : "console.log(checked.config.project);"}
`;
const expected = [
  "unknown-key 1,project-missing 1",
  "true",
  "true create image/tiny,create disk/web.root,create seed/web,create domain/web",
  "image/tiny disk/web.root seed/web domain/web",
  "shop",
  "",
].join("\n");

/** The fake machine of the tests throws the errors of the sources, and the library knows only its own. */
const machine = `import { createWorld } from "${checkout}test/crash/world.ts";
import { DialError } from "virtform";
export const openMachine = () => {
  const machine = createWorld();
  machine.put("/srv/tiny.img", Buffer.alloc(512));
  const host = machine.boot();
  const dial = async (...given) => {
    try { return await host.dial(...given); } catch (error) {
      throw error.name === "DialError" ? new DialError(error.path, error.reason, "not there") : error;
    }
  };
  return { ...host, dial };
};
`;

for (const [name, types] of [
  ["TypeScript", true],
  ["plain JavaScript", false],
] as const) {
  test(`the packed package plans in ${name} in an empty directory`, async () => {
    writeFileSync(join(directory, "virtform.yaml"), yaml);
    writeFileSync(join(directory, "broken.yaml"), "projects: shop\n");
    const main = `main.${types ? "ts" : "mjs"}`;
    writeFileSync(join(directory, main), script(types));
    writeFileSync(join(directory, `machine.${types ? "ts" : "mjs"}`), machine);
    const { stdout } = await run(process.execPath, [main], { cwd: directory });
    assert.equal(stdout, expected);
  });
}

test("the types of the library are complete: a program compiles against them alone", async () => {
  writeFileSync(join(directory, "machine.ts"), 'import type { Host } from "virtform";\nexport declare function openMachine(): Host;\n');
  writeFileSync(join(directory, "main.ts"), script(true));
  writeFileSync(
    join(directory, "tsconfig.json"),
    JSON.stringify({
      compilerOptions: {
        module: "nodenext",
        target: "esnext",
        lib: ["esnext"],
        types: ["node"],
        strict: true,
        exactOptionalPropertyTypes: true,
        noEmit: true,
        allowImportingTsExtensions: true,
      },
      files: ["main.ts"],
    }),
  );
  const { stdout } = await run(join(checkout, "node_modules/.bin/tsc"), ["-p", "."], { cwd: directory }).catch((error) => error);
  assert.equal(stdout, "");
});
