import { readFileSync } from "node:fs";
import type { Forge, MergedChange } from "./forge.ts";
import { github } from "./github.ts";
import { gitlab } from "./gitlab.ts";

/** The job of a pipeline, read from its environment. */
export interface Job {
  readonly forge: Forge;
  /** The pull request or merge request that the job is for; undefined for pushes and schedules. */
  readonly change: number | undefined;
  /** The commit that people see; undefined to take the one that is checked out. */
  readonly head: string | undefined;
  readonly commit: string;
  readonly branch: string;
  /** Where the run can be read. */
  readonly run: string;
  /** How this system calls what is reviewed. */
  readonly noun: "pull request" | "merge request";
  /** The number of the run that holds the saved plan of a change, or its bytes; undefined without one. */
  readonly findPlan: (change: MergedChange) => Promise<{ readonly run: number } | { readonly bytes: Buffer } | undefined>;
}

/** Reads the variables that GitHub Actions and GitLab CI set. Throws an Error that names one that is missing. */
export function jobOf(env: NodeJS.ProcessEnv, name: string): Job {
  const need = (variable: string, hint: string): string => {
    const value = env[variable];
    if (value === undefined || value === "") throw new Error(`${variable} is not set. ${hint}`);
    return value;
  };
  // Tests do not wait for a second.
  const limits = env["VIRTFORM_CI_PAUSE"] === undefined ? {} : { pause: Number(env["VIRTFORM_CI_PAUSE"]) };
  if (env["GITHUB_ACTIONS"] === "true") {
    const own = "GitHub Actions sets it.";
    const repository = need("GITHUB_REPOSITORY", own);
    const token = need("VIRTFORM_CI_TOKEN", "Pass `token: ${{ github.token }}` to the action.");
    const forge = github({ url: need("GITHUB_API_URL", own), repository, token, ...limits });
    const pull = pullRequestOf(need("GITHUB_EVENT_PATH", own));
    return {
      forge,
      change: pull?.number,
      head: pull?.head,
      commit: need("GITHUB_SHA", own),
      branch: need("GITHUB_REF_NAME", own),
      run: `${need("GITHUB_SERVER_URL", own)}/${repository}/actions/runs/${need("GITHUB_RUN_ID", own)}`,
      noun: "pull request",
      findPlan: (change) => forge.findPlan(change, `virtform-plan-${name}`),
    };
  }
  if (env["GITLAB_CI"] === "true") {
    const own = "GitLab sets it.";
    const token = need(
      "VIRTFORM_CI_TOKEN",
      "Add a project access token with the scope `api` as a masked CI/CD variable of this name; it must not be protected, or merge requests do not get it.",
    );
    const forge = gitlab({
      url: need("CI_API_V4_URL", own),
      project: need("CI_PROJECT_ID", own),
      site: need("CI_PROJECT_URL", own),
      token,
      ...limits,
    });
    const change = env["CI_MERGE_REQUEST_IID"];
    return {
      forge,
      change: change === undefined || change === "" ? undefined : Number(change),
      head: undefined,
      commit: need("CI_COMMIT_SHA", own),
      branch: need("CI_COMMIT_REF_NAME", own),
      run: need("CI_JOB_URL", own),
      noun: "merge request",
      async findPlan(merged) {
        const job = need("VIRTFORM_CI_PLAN_JOB", "It is the name of the job that saves the plan.");
        const bytes = await forge.readPlan(merged, job, `.virtform-ci/${name}/plan`);
        return bytes === undefined ? undefined : { bytes };
      },
    };
  }
  throw new Error("This is no job of GitHub Actions or GitLab CI: neither GITHUB_ACTIONS nor GITLAB_CI is true.");
}

/** What the event that started a workflow says about a pull request. */
function pullRequestOf(path: string): { number: number; head: string } | undefined {
  const event = JSON.parse(readFileSync(path, "utf8")) as { pull_request?: { number: number; head: { sha: string } } };
  return event.pull_request === undefined ? undefined : { number: event.pull_request.number, head: event.pull_request.head.sha };
}
