import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { type FakeGitHub, jobEnvironment, merged, startFakeGitHub } from "./fake-github.ts";
import { type FakeRun, type JobResult, runJob } from "./run-job.ts";

const report = "### virtform plan of shop: 1 to add, 0 to change, 0 to destroy\n";
const marker = '<!-- virtform-ci command="plan" name="virtform" -->\n';
const driftMarker = '<!-- virtform-ci command="drift" name="virtform" -->\n';
const head = "a".repeat(40);
const pullRequest = JSON.stringify({ pull_request: { number: 7, head: { sha: head } } });

function job(t: TestContext, github: FakeGitHub, command: string, run: FakeRun, env: Record<string, string> = {}): Promise<JobResult> {
  return runJob(t, command, run, {
    ...jobEnvironment(github),
    ...(command === "plan" ? { EVENT: pullRequest } : {}),
    ...env,
  });
}

test("a plan becomes one comment, which later plans update", async (t) => {
  const github = await startFakeGitHub(t);
  const first = await job(
    t,
    github,
    "plan",
    { code: 2, report },
    { VIRTFORM_CI_PATHS: "web 'my files'", VIRTFORM_CI_ARGS: "--var $(id)\n--target `id`" },
  );
  assert.equal(first.code, 0, first.log);
  assert.equal(github.comments.length, 1);
  assert.equal(github.comments[0]?.body, `${marker}${report}\n[Log of the run](https://github.example/acme/site/actions/runs/42)\n`);
  assert.deepEqual([first.outputs["changes"], first.outputs["exitcode"]], ["true", "2"]);
  assert.match(first.outputs["plan-file"] ?? "", /\.virtform-ci\/virtform\/plan$/);
  assert.equal(first.summary, `${report}\n`);
  assert.deepEqual(first.ran?.args.slice(-6), ["--var", "$(id)", "--target", "`id`", "web", "my files"], "no shell reads arguments");
  assert.match(first.log, /^::stop-commands::(\S+)\n::add-mask::plan\n::\1::$/m, "what a plan prints is no command to GitHub");
  assert.equal(first.ran?.token, false, "a program that a configuration names cannot see the token");
  assert.equal(first.ran?.persist, "0", "no login stays on the runner");
  assert.equal(first.ran?.commit, head, "the report names the commit of the branch, not that of a merge that will never exist");

  const none = "### virtform plan of shop: no changes\n";
  const second = await job(t, github, "plan", { code: 0, report: none });
  assert.equal(second.code, 0, second.log);
  assert.deepEqual([second.outputs["changes"], second.outputs["exitcode"]], ["false", "0"]);
  assert.equal(github.comments.length, 1);
  assert.ok(github.comments[0]?.body.includes(none));
  assert.ok(!github.comments[0]?.body.includes("1 to add"));
});

test("configurations with different names have comments of their own", async (t) => {
  const github = await startFakeGitHub(t);
  for (const name of ["dev", "prod", "dev"]) await job(t, github, "plan", { code: 2, report }, { VIRTFORM_CI_NAME: name });
  assert.deepEqual(
    github.comments.map(({ body }) => /name="([^"]*)"/.exec(body)?.[1]),
    ["dev", "prod"],
  );
});

test("the comment is found behind many others, and those of people are not touched", async (t) => {
  for (const login of [undefined, "ops"]) {
    const github = await startFakeGitHub(t, login);
    const person = { login: "mallory", type: "User" };
    for (let id = 1; id <= 150; id++) {
      github.comments.push({ id, number: id, state: "open", html_url: "", user: person, body: `${marker}mine ${id}` });
    }
    for (let count = 0; count < 2; count++) assert.equal((await job(t, github, "plan", { code: 2, report })).code, 0);
    assert.equal(github.comments.length, 151);
    assert.equal(github.comments.filter(({ body }) => body.includes(report)).length, 1);
    assert.ok(github.comments.slice(0, 150).every(({ body, id }) => body === `${marker}mine ${id}`));
  }
});

test("a report that is longer than a comment is cut at its end, and is still whole Markdown", async (t) => {
  const github = await startFakeGitHub(t);
  const loss = "### virtform plan of shop: 0 to add, 0 to change, 900 to destroy\n\n**Data that will be permanently deleted**\n\n";
  const lines = Array.from(
    { length: 900 },
    (_, index) => `<details><summary>web-${index}</summary>\n\n\`\`\`diff\n${"- x\n".repeat(30)}\`\`\`\n</details>\n`,
  );
  const result = await job(t, github, "plan", { code: 2, report: loss + lines.join("") });
  assert.equal(result.code, 0, result.log);
  const body = github.comments[0]?.body ?? "";
  assert.ok(body.length <= 65_536 && body.length > 65_000, String(body.length));
  assert.ok(body.startsWith(marker + loss));
  assert.equal(body.match(/<details>/g)?.length, body.match(/<\/details>/g)?.length);
  assert.equal((body.match(/^```/gm)?.length ?? 1) % 2, 0);
  assert.match(body, /This report is cut:\*\* it has \d+ characters/);
  assert.ok(body.trimEnd().endsWith("/actions/runs/42)"));
});

test("a plan that fails is a comment too, and fails the job", async (t) => {
  const github = await startFakeGitHub(t);
  const result = await job(t, github, "plan", { code: 1 });
  assert.equal(result.code, 1);
  assert.deepEqual(result.outputs, { changes: "false", exitcode: "1", "plan-file": "" });
  assert.match(github.comments[0]?.body ?? "", /virtform plan failed\n\nIt wrote no report/);
});

test("a token that may not write is explained, and nothing is tried again", async (t) => {
  const github = await startFakeGitHub(t);
  github.faults.push({ match: "POST", fault: { status: 403, message: "Resource not accessible by integration" } });
  const result = await job(t, github, "plan", { code: 2, report });
  assert.equal(result.code, 1);
  assert.match(
    result.log,
    /::error title=virtform::POST .*403 \(Resource not accessible by integration\).*permissions: pull-requests: write/,
  );
  assert.equal(github.calls.filter(({ method }) => method === "POST").length, 1);
  assert.equal(result.outputs["exitcode"], "2", "later steps still know the result of the plan");
});

test("faults of the server are tried again, and a comment that was made all the same is not made twice", async (t) => {
  const github = await startFakeGitHub(t);
  github.faults.push({ match: "GET /repos", fault: { status: 500 } });
  github.faults.push({ match: "POST", fault: { status: 502, afterEffect: true } });
  const first = await job(t, github, "plan", { code: 2, report });
  assert.equal(first.code, 0, first.log);
  assert.equal(github.comments.length, 1);
  github.faults.push({ match: "PATCH", fault: { status: 403, headers: { "retry-after": "0" }, message: "secondary rate limit" } });
  assert.equal((await job(t, github, "plan", { code: 2, report })).code, 0);
  assert.equal(github.comments.length, 1);
});

test("a server that keeps failing, and a limit that lasts, end the job with the reason", async (t) => {
  const github = await startFakeGitHub(t);
  for (let count = 0; count < 4; count++) github.faults.push({ match: "GET /repos", fault: { status: 503 } });
  const failed = await job(t, github, "plan", { code: 2, report });
  assert.equal(failed.code, 1);
  assert.match(failed.log, /503 \(refused\)\. The server is at fault/);
  const reset = String(Math.ceil(Date.now() / 1000) + 1800);
  github.faults.push({
    match: "GET /repos",
    fault: { status: 403, headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset } },
  });
  const limited = await job(t, github, "plan", { code: 2, report });
  assert.match(limited.log, /limit of requests of this token is reached, for another 1[78]\d\d s/);
  const gone = await job(t, github, "plan", { code: 2, report }, { GITHUB_API_URL: "http://127.0.0.1:1" });
  assert.match(gone.log, /it cannot be reached.*Check the network/);
});

test("drift opens one issue, updates it, and closes it when it is gone", async (t) => {
  const github = await startFakeGitHub(t);
  const drifted = (text: string) => job(t, github, "drift", { code: 2, report: `### ${text}\n` });
  const first = await drifted("memory of web");
  assert.equal(first.code, 0, first.log);
  assert.equal(first.outputs["changes"], "true");
  assert.equal(first.outputs["issue"], github.issues[0]?.html_url);
  assert.equal(github.issues[0]?.title, "Drift on the host");
  await drifted("memory of db");
  assert.equal(github.issues.length, 1);
  assert.ok(github.issues[0]?.body.startsWith(`${driftMarker}### memory of db\n`));

  const unreachable = await job(t, github, "drift", { code: 1, report: "### incomplete\n" });
  assert.equal(unreachable.code, 1);
  assert.equal(github.issues[0]?.state, "open", "a host that cannot be read says nothing about drift");
  assert.ok(github.issues[0]?.body.includes("memory of db"));

  const clean = await job(t, github, "drift", { code: 0, report: "### no changes\n" });
  assert.equal(clean.code, 0, clean.log);
  assert.deepEqual([github.issues.length, github.issues[0]?.state, clean.outputs["issue"]], [1, "closed", ""]);
  const id = github.issues[0]?.id ?? 0;
  assert.deepEqual(github.remarks[id], ["No more drift: https://github.example/acme/site/actions/runs/42"]);
  await job(t, github, "drift", { code: 0, report: "### no changes\n" });
  assert.equal(github.remarks[id]?.length, 1, "an issue is closed once");
  await drifted("memory of web");
  assert.deepEqual(
    github.issues.map(({ state }) => state),
    ["closed", "open"],
  );
});

test("of two issues that checks opened at the same time, one stays", async (t) => {
  const github = await startFakeGitHub(t);
  const user = { login: "github-actions[bot]", type: "Bot" };
  for (const id of [11, 12]) github.issues.push({ id, number: id, body: driftMarker, state: "open", html_url: `#${id}`, user });
  await job(t, github, "drift", { code: 2, report });
  assert.deepEqual(
    github.issues.map(({ state }) => state),
    ["open", "closed"],
  );
  assert.deepEqual(github.remarks[12], ["Continued in #11."]);
});

const pull = {
  number: 7,
  html_url: "https://github.example/acme/site/pull/7",
  merged_at: "2026-11-01T00:00:00Z",
  merge_commit_sha: merged,
  head: { sha: head },
  base: { ref: "main" },
};
const artifact = (id: number, changes: object = {}, run: object = {}) => ({
  name: "virtform-plan-virtform",
  expired: false,
  created_at: `2026-11-0${id}T00:00:00Z`,
  ...changes,
  workflow_run: { id, head_sha: head, repository_id: 1, head_repository_id: 1, ...run },
});

test("the saved plan is the newest that the merged pull request left, never one of a fork or of an earlier commit", async (t) => {
  const github = await startFakeGitHub(t);
  github.pulls.push({ ...pull, number: 5, merge_commit_sha: "c".repeat(40) }, pull);
  github.artifacts.push(
    artifact(1),
    artifact(2),
    artifact(3, { expired: true }),
    artifact(4, {}, { head_repository_id: 9 }),
    artifact(5, {}, { head_sha: merged }),
    artifact(6, { name: "virtform-plan-prod" }),
  );
  const found = await job(t, github, "find-plan", { code: 0 });
  assert.equal(found.code, 0, found.log);
  assert.deepEqual(found.outputs, { run: "2", change: "7" });
});

test("without a saved plan nothing is applied, and the reason is reported", async (t) => {
  const github = await startFakeGitHub(t);
  const pushed = await job(t, github, "find-plan", { code: 0 });
  assert.equal(pushed.code, 1);
  assert.match(pushed.log, /No pull request of this repository was merged as b{40} to main, so there is no plan that was reviewed/);
  github.pulls.push({ ...pull, merged_at: null }, { ...pull, base: { ref: "develop" } });
  assert.match((await job(t, github, "find-plan", { code: 0 })).log, /was merged as b{40} to main/, "to another branch");
  github.pulls.push(pull);
  github.artifacts.push(artifact(3, { expired: true }));
  const expired = await job(t, github, "find-plan", { code: 0 });
  assert.equal(expired.code, 1);
  assert.match(expired.log, /pull\/7 has no saved plan for its last commit a{40}/);
});

test("an apply carries out the saved plan and reports to the pull request", async (t) => {
  const github = await startFakeGitHub(t);
  const done = "### virtform apply of shop complete: 1 added, 0 changed, 0 destroyed\n";
  const env = {
    VIRTFORM_CI_PLAN: import.meta.filename,
    VIRTFORM_CI_CHANGE: "7",
    VIRTFORM_CI_PATHS: "web",
    VIRTFORM_CI_ARGS: "--allow-destroy=disk/web.root",
  };
  const result = await job(t, github, "apply", { code: 0, report: done }, env);
  assert.equal(result.code, 0, result.log);
  const [command, , markdown, ...rest] = result.ran?.args ?? [];
  assert.equal(command, "apply");
  assert.match(markdown ?? "", /^markdown=/);
  assert.deepEqual(rest, [import.meta.filename, "--allow-destroy=disk/web.root"]);
  assert.equal(github.comments[0]?.body.split("\n")[0], '<!-- virtform-ci command="apply" name="virtform" -->');
  const failed = await job(t, github, "apply", { code: 1, report: "### incomplete\n" }, env);
  assert.equal(failed.code, 1);
  assert.equal(github.comments.length, 1);
});

test("settings that are wrong or missing are named before virtform runs", async (t) => {
  const github = await startFakeGitHub(t);
  const wrong = async (env: Record<string, string>, expected: RegExp, command = "plan") => {
    const result = await job(t, github, command, { code: 2, report }, env);
    assert.equal(result.code, 1);
    assert.match(result.log, expected);
    assert.equal(result.ran, undefined);
  };
  await wrong({ VIRTFORM_CI_TOKEN: "" }, /VIRTFORM_CI_TOKEN is not set\. Pass `token/);
  await wrong({ VIRTFORM_CI_NAME: "../x --> y" }, /The name "\.\.\/x --> y" must have/);
  await wrong({ VIRTFORM_CI_ARGS: "--var 'a" }, /The quote ' at character 7 .* is not closed/);
  await wrong({ GITHUB_ACTIONS: "" }, /neither GITHUB_ACTIONS nor GITLAB_CI/);
  await wrong({}, /Unknown command "destroy": use plan, apply or drift/, "destroy");
});
