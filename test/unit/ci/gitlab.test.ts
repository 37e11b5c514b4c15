import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type FakeApi, startFakeApi } from "./fake-api.ts";
import { type FakeRun, type JobResult, runJob } from "./run-job.ts";

const report = "### virtform plan of shop: 1 to add, 0 to change, 0 to destroy\n";
const commit = "b".repeat(40);

interface Note {
  id: number;
  body: string;
  author: { id: number };
}

interface Issue {
  iid: number;
  title: string;
  description: string;
  state: string;
  web_url: string;
}

interface FakeGitLab extends FakeApi {
  readonly notes: Note[];
  readonly issues: Issue[];
  readonly requests: object[];
  readonly jobs: object[];
}

/** Project 3 with merge request 7, whose last pipeline is 50. The token is that of user 1. */
async function startFakeGitLab(t: TestContext): Promise<FakeGitLab> {
  const notes: Note[] = [];
  const issues: Issue[] = [];
  const requests: object[] = [];
  const jobs: object[] = [];
  const api = await startFakeApi(t, ({ method, path, query, body }) => {
    const local = path.replace("/projects/3", "");
    if (path === "/user") return { id: 1 };
    if (local === "/merge_requests/7/notes") {
      if (method === "GET") return notes;
      notes.push({ id: 100 + notes.length, body: String(body["body"]), author: { id: 1 } });
      return notes.at(-1);
    }
    const note = /^\/merge_requests\/7\/notes\/(\d+)$/.exec(local)?.[1];
    if (note !== undefined) return Object.assign(notes.find(({ id }) => id === Number(note)) ?? {}, body);
    if (local === "/issues") {
      if (method === "GET") return issues.filter(({ state }) => state === query.get("state"));
      const iid = issues.length + 1;
      issues.push({
        iid,
        web_url: `https://gitlab.example/issues/${iid}`,
        state: "opened",
        ...(body as { title: string; description: string }),
      });
      return issues.at(-1);
    }
    const issue = /^\/issues\/(\d+)$/.exec(local)?.[1];
    if (issue !== undefined) {
      const entry = issues.find(({ iid }) => iid === Number(issue));
      return entry && Object.assign(entry, body, body["state_event"] === "close" ? { state: "closed" } : {});
    }
    if (/^\/issues\/\d+\/notes$/.test(local)) return {};
    if (local === `/repository/commits/${commit}/merge_requests`) return requests;
    if (local === "/merge_requests/7/pipelines") return [{ id: 50 }, { id: 49 }];
    if (local === "/pipelines/50/jobs") return jobs;
    if (local === "/jobs/9/artifacts/.virtform-ci/virtform/plan") return Buffer.from("the reviewed plan");
    return undefined;
  });
  return { ...api, notes, issues, requests, jobs };
}

function job(t: TestContext, gitlab: FakeGitLab, command: string, run: FakeRun, env: Record<string, string> = {}): Promise<JobResult> {
  return runJob(t, command, run, {
    GITLAB_CI: "true",
    CI_API_V4_URL: gitlab.url,
    CI_PROJECT_ID: "3",
    CI_PROJECT_URL: "https://gitlab.example/acme/site",
    CI_COMMIT_SHA: commit,
    CI_COMMIT_REF_NAME: "main",
    CI_JOB_URL: "https://gitlab.example/jobs/1",
    VIRTFORM_CI_PLAN_JOB: "virtform-plan-virtform",
    ...(command === "plan" ? { CI_MERGE_REQUEST_IID: "7" } : {}),
    ...env,
  });
}

test("a plan becomes one note on the merge request, which later plans update", async (t) => {
  const gitlab = await startFakeGitLab(t);
  gitlab.notes.push({ id: 1, body: '<!-- virtform-ci command="plan" name="virtform" -->\nmine', author: { id: 2 } });
  gitlab.faults.push({ match: "POST", fault: { status: 500, afterEffect: true } });
  for (const code of [2, 0]) {
    const result = await job(t, gitlab, "plan", { code, report: `${report}${code}\n` });
    assert.equal(result.code, 0, result.log);
    assert.match(result.log, /The report: https:\/\/gitlab\.example\/acme\/site\/-\/merge_requests\/7#note_101$/m);
  }
  assert.equal(gitlab.notes.length, 2);
  assert.ok(gitlab.notes[0]?.body.endsWith("\nmine"));
  assert.ok(gitlab.notes[1]?.body.endsWith("destroy\n0\n\n[Log of the run](https://gitlab.example/jobs/1)\n"));
  assert.equal(gitlab.calls[0]?.headers["private-token"], "s3cret");
});

test("a line of a report is never a command to GitLab", async (t) => {
  const gitlab = await startFakeGitLab(t);
  await job(t, gitlab, "plan", { code: 2, report: "### plan\n/merge\n  /close a/b\n" });
  await job(t, gitlab, "plan", { code: 2, report: "### plan\n/merge\n  /close a/b\n" });
  assert.ok(gitlab.notes[0]?.body.includes("### plan\n\\/merge\n  \\/close a/b\n"), gitlab.notes[0]?.body);
  await job(t, gitlab, "drift", { code: 2, report: "/assign @root\n" });
  assert.ok(gitlab.issues[0]?.description.includes("\n\\/assign"));
});

test("drift opens one issue, updates it, and closes it when it is gone", async (t) => {
  const gitlab = await startFakeGitLab(t);
  for (const text of ["one", "two"]) assert.equal((await job(t, gitlab, "drift", { code: 2, report: `### ${text}\n` })).code, 0);
  assert.equal(gitlab.issues.length, 1);
  assert.match(gitlab.issues[0]?.description ?? "", /### two/);
  assert.equal((await job(t, gitlab, "drift", { code: 0, report: "### none\n" })).code, 0);
  assert.deepEqual([gitlab.issues.length, gitlab.issues[0]?.state], [1, "closed"]);
});

const request = {
  iid: 7,
  sha: "a".repeat(40),
  web_url: "https://gitlab.example/mr/7",
  state: "merged",
  merge_commit_sha: commit,
  target_branch: "main",
};

test("an apply fetches the plan of the merge request that brought the commit", async (t) => {
  const gitlab = await startFakeGitLab(t);
  gitlab.requests.push({ ...request, source_project_id: 3, target_project_id: 3 });
  gitlab.jobs.push({ id: 8, name: "test", status: "success" }, { id: 9, name: "virtform-plan-virtform", status: "success" });
  const directory = await mkdtemp(join(tmpdir(), "virtform-ci-"));
  t.after(() => rm(directory, { recursive: true }));
  const result = await job(t, gitlab, "apply", { code: 0, report: "### done\n" }, { VIRTFORM_CI_DIRECTORY: directory });
  assert.equal(result.code, 0, result.log);
  const plan = result.ran?.args[3] ?? "";
  assert.equal(await readFile(plan, "utf8"), "the reviewed plan");
  assert.match(gitlab.notes[0]?.body ?? "", /command="apply"/);
});

test("without a plan of the last pipeline, or from a fork, nothing is applied", async (t) => {
  const gitlab = await startFakeGitLab(t);
  const refused = async (expected: RegExp) => {
    const result = await job(t, gitlab, "apply", { code: 0 });
    assert.equal(result.code, 1);
    assert.match(result.log, expected);
    assert.equal(result.ran, undefined);
  };
  gitlab.requests.push({ ...request, source_project_id: 4, target_project_id: 3 });
  await refused(/No merge request of this repository was merged as b{40} to main/);
  gitlab.requests.push({ ...request, source_project_id: 3, target_project_id: 3 });
  gitlab.jobs.push({ id: 9, name: "virtform-plan-virtform", status: "failed" });
  await refused(/mr\/7 has no saved plan for its last commit/);
  gitlab.jobs.push({ id: 10, name: "virtform-plan-virtform", status: "success" });
  await refused(/mr\/7 has no saved plan for its last commit/);
});

test("a token without rights is explained", async (t) => {
  const gitlab = await startFakeGitLab(t);
  gitlab.faults.push({ match: "GET /user", fault: { status: 401, message: "401 Unauthorized" } });
  const result = await job(t, gitlab, "plan", { code: 2, report });
  assert.equal(result.code, 1);
  assert.match(result.log, /Error: GET .*\/user: 401 \(401 Unauthorized\)\. The token is not valid: VIRTFORM_CI_TOKEN/);
});
