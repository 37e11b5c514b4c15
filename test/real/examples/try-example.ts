import assert from "node:assert/strict";
import { cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { type TestContext, test } from "node:test";
import { parse, stringify } from "yaml";
import { instanceNames } from "../../../src/kinds/config/instance-names.ts";
import { assertGolden } from "../../support/golden.ts";
// quickstart.test.ts runs the program as users do.
import { virtform } from "../support/in-this-process.ts";
import { removeNetworks } from "../support/remove-networks.ts";
import { checkout } from "../support/virtform.ts";
import {
  assertApplied,
  assertNoLeftovers,
  assertNothingPlanned,
  createWorkspace,
  readMarkers,
  roomy,
  virsh,
  type Workspace,
  waitForConsole,
} from "../support/workspace.ts";

// What an example takes from the environment.
process.env["EXAMPLE_PASSPHRASE"] = "only an example";
process.env["EXAMPLE_VOLUME_PASSPHRASE"] = "another example";

/** A plan of these paths finds nothing to do. */
export async function assertConverged(...paths: readonly string[]): Promise<void> {
  assertNothingPlanned(await virtform("plan", ...paths, "--detailed-exitcode"));
}

/** The names of the guests of a configuration, with all copies and includes. */
async function guestsOf(directory: string): Promise<string[]> {
  const { config } = JSON.parse((await virtform("config", directory, "--json")).stdout);
  return Object.entries<{ readonly count?: number }>(config.instances).flatMap(([name, { count }]) => instanceNames(name, count));
}

/** What the test of an example does besides. `directory` has the example's files, which it may change before it is applied. */
export interface Special {
  /** Before the configuration is written, which it may change. */
  readonly prepare?: (t: TestContext, directory: string, config: ExampleConfig) => void | Promise<void>;
  /** For what a guest said on its console. */
  readonly look?: (markers: ReturnType<typeof readMarkers>, directory: string) => void | Promise<void>;
  /** While the guests run. */
  readonly finish?: (directory: string) => Promise<void>;
}

/** What is read of the configuration of an example. */
export interface ExampleConfig {
  project: string;
  host: { instances_path: string; rbd?: { pool: string; conf: string }; lvm?: { volume_group: string } };
  readonly images: Record<string, object>;
  readonly instances?: Record<string, { readonly networks?: { network?: string }[] }>;
  readonly networks?: Record<string, object>;
}

/** Tests one of the examples. */
export function tryExample(example: string, { prepare, look, finish }: Special = {}): void {
  test(`examples/${example} validates, applies, and is then what it says; destroy removes it`, async (t) => {
    const workspace = await createWorkspace(t);
    // Where it stands, it validates as it is.
    const valid = await virtform("validate", `${checkout}examples/${example}`);
    assert.equal(valid.code, 0, valid.stdout + valid.stderr);

    // To be applied it is copied and given names and a place of the test's own; paths in it stay as they are.
    const directory = `${workspace.directory}/examples/${example}`;
    await cp(`${checkout}examples/${example}`, directory, { recursive: true });
    await mkdir(`${workspace.directory}/.cache`);
    await symlink(`${checkout}.cache/guest`, `${workspace.directory}/.cache/guest`);
    const config = parse(await readFile(`${directory}/virtform.yaml`, "utf8"));
    config.project = workspace.project;
    config.host = { allocation_ratio: roomy, ...config.host, instances_path: workspace.instancesPath };
    await prepare?.(t, directory, config);
    for (const { networks: cards = [] } of Object.values<{ networks?: { network?: string }[] }>(config.instances ?? {}))
      for (const card of cards)
        if (card.network !== undefined && card.network in (config.networks ?? {})) card.network = `${workspace.prefix}-${card.network}`;
    for (const section of ["instances", "include", "networks"])
      if (config[section] !== undefined)
        config[section] = Object.fromEntries(
          Object.entries(config[section]).map(([name, entry]) => [`${workspace.prefix}-${name}`, entry]),
        );
    await writeFile(`${directory}/virtform.yaml`, stringify(config));
    t.after(() => removeNetworks(...Object.keys(config.networks ?? {})));
    const names = await guestsOf(directory);

    const copy = { ...workspace, directory };
    const planned = await virtform("plan", directory, "--detailed-exitcode");
    assert.equal(planned.code, 2, planned.stdout + planned.stderr);
    assertGolden(`${checkout}test/real/golden/example-${example}.txt`, likeEverywhere(planned.stdout, workspace));
    assertApplied(await virtform("apply", directory, "--auto-approve"));
    await assertConverged(directory);
    for (const name of names) {
      const markers = readMarkers(await waitForConsole(copy, name, /^virtform-guest: ready$/m));
      await look?.(markers, directory);
    }
    await assertConverged(directory);
    // Right after a start, what libvirt makes different in a running guest is not pending.
    const drift = await virtform("drift", directory, "--pending");
    assert.equal(drift.code, 0, drift.stdout + drift.stderr);
    await finish?.(directory);
    await assertNoLeftovers(copy);
    const gone = await virtform("destroy", directory, "--auto-approve", "--allow-destroy", "--images");
    assert.equal(gone.code, 0, gone.stdout + gone.stderr);
    assert.doesNotMatch(await virsh("list", "--all", "--name"), new RegExp(workspace.prefix));
  });
}

/** A plan without what is of this run or of this machine: names, places, what follows from them, and what else is here. */
function likeEverywhere(text: string, { prefix, project, directory, instancesPath }: Workspace): string {
  const own: Readonly<Record<string, string>> = {
    [`${prefix}-`]: "",
    [project]: "PROJECT",
    [instancesPath]: "INSTANCES",
    [directory]: "DIRECTORY",
  };
  return Object.entries(own)
    .reduce((known, [from, to]) => known.replaceAll(from, to), text)
    .replace(/52:54:00(:[0-9a-f]{2}){3}/g, "52:54:00:xx:xx:xx")
    .replace(/-525400[0-9a-f]{6}/g, "-525400xxxxxx")
    .replace(/ \([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\)/g, " (ID)")
    .replace(/owner( +)[0-9a-f]{32}/g, "owner$1OWNER")
    .replace(/sha512:[0-9a-f]{128}/g, "sha512:DIGEST")
    .replace(/sha256:[0-9a-f]{64}/g, "sha256:DIGEST")
    .replace(/[0-9A-F]{40} \(Publisher/g, "FINGERPRINT (Publisher")
    .replace(/http:\/\/127\.0\.0\.1:\d+/g, "http://SERVER")
    .replace(/Glance at 127\.0\.0\.1:\d+/g, "Glance at SERVER")
    .replace(/^( +Moves: +|To be moved: about )\S+$/gm, "$1SIZE")
    .replace(/\bvt-[0-9a-f]{6}\b/g, "GROUP")
    .replace(/\bbrq[0-9a-f]{8}-[0-9a-f]{2}\b/g, "brqUUID")
    .replace(/^Forecast: .*$/m, "Forecast: …")
    .replace(/^Not managed here: .*\n\n/m, "");
}
