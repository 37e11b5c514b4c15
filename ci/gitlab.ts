import { type Api, ApiError, apiCreate, apiFile, apiPages, apiRequest } from "./api.ts";
import type { Forge, MergedChange, Post } from "./forge.ts";

/** Where GitLab is, and the project. */
export interface GitLabSettings {
  /** Without a slash at its end, such as https://gitlab.com/api/v4. */
  readonly url: string;
  /** The number of the project. */
  readonly project: string;
  /** Where people see the project. */
  readonly site: string;
  /** An access token with the scope `api`. */
  readonly token: string;
  readonly timeout?: number;
  readonly pause?: number;
}

/** GitLab as a Forge, and the artifacts of its jobs. */
export interface GitLab extends Forge {
  /** A file that the job of this name left in the last pipeline of the change; undefined without one, or when it has expired. */
  readPlan(change: MergedChange, job: string, path: string): Promise<Buffer | undefined>;
}

interface Note {
  readonly id: number;
  readonly body: string;
  readonly author: { readonly id: number };
}

interface Issue {
  readonly iid: number;
  readonly description: string | null;
  readonly web_url: string;
}

interface MergeRequest {
  readonly iid: number;
  readonly sha: string;
  readonly web_url: string;
  readonly state: string;
  readonly merge_commit_sha: string | null;
  readonly squash_commit_sha: string | null;
  readonly target_branch: string;
  readonly source_project_id: number;
  readonly target_project_id: number;
}

/** Talks to the REST API of GitLab. */
export function gitlab({ url, project, site, token, ...limits }: GitLabSettings): GitLab {
  const api: Api = { url, headers: { "private-token": token }, remedy, ...limits };
  const base = `/projects/${encodeURIComponent(project)}`;
  let own: Promise<{ id: number }> | undefined;
  const me = () => {
    own ??= apiRequest<{ id: number }>(api, "GET", "/user");
    return own;
  };
  const noteOf = (change: number, { id, body }: Note): Post => ({ id, body, url: `${site}/-/merge_requests/${change}#note_${id}` });

  async function findNote(change: number, marker: string): Promise<Note | undefined> {
    const { id } = await me();
    for await (const note of apiPages<Note>(api, `${base}/merge_requests/${change}/notes?sort=asc`)) {
      if (note.author.id === id && note.body.startsWith(marker)) return note;
    }
    return undefined;
  }

  async function findOpen(marker: string): Promise<Issue[]> {
    const found: Issue[] = [];
    for await (const issue of apiPages<Issue>(api, `${base}/issues?state=opened&scope=created_by_me&order_by=updated_at`, 5)) {
      if (issue.description?.startsWith(marker) === true) found.push(issue);
    }
    return found.sort((a, b) => a.iid - b.iid);
  }

  return {
    longestBody: 1_000_000,
    async findComment(change, marker) {
      const note = await findNote(change, marker);
      return note === undefined ? undefined : noteOf(change, note);
    },
    createComment: async (change, marker, body) =>
      noteOf(
        change,
        await apiCreate<Note>(api, `${base}/merge_requests/${change}/notes`, { body: withoutQuickActions(body) }, () =>
          findNote(change, marker),
        ),
      ),
    updateComment: async (change, { id }, body) =>
      noteOf(
        change,
        await apiRequest<Note>(api, "PUT", `${base}/merge_requests/${change}/notes/${id}`, { body: withoutQuickActions(body) }),
      ),
    findIssues: async (marker) => (await findOpen(marker)).map(issueOf),
    createIssue: async (marker, title, body) =>
      issueOf(
        await apiCreate<Issue>(
          api,
          `${base}/issues`,
          { title, description: withoutQuickActions(body) },
          async () => (await findOpen(marker))[0],
        ),
      ),
    updateIssue: async ({ id }, title, body) =>
      issueOf(await apiRequest<Issue>(api, "PUT", `${base}/issues/${id}`, { title, description: withoutQuickActions(body) })),
    async closeIssue({ id }, comment) {
      await apiRequest(api, "PUT", `${base}/issues/${id}`, { state_event: "close" });
      await apiCreate<object>(api, `${base}/issues/${id}/notes`, { body: comment }, async () => undefined);
    },
    async findMergedChange(commit, branch) {
      for await (const request of apiPages<MergeRequest>(api, `${base}/repository/commits/${commit}/merge_requests?state=merged`)) {
        // A fork runs its pipelines with its own jobs: what they leave was not made by the reviewed ones.
        const fromFork = request.source_project_id !== request.target_project_id;
        if (fromFork || request.state !== "merged" || request.target_branch !== branch) continue;
        // A fast-forward makes no commit.
        const last = request.merge_commit_sha ?? request.squash_commit_sha ?? request.sha;
        if (last === commit) return { number: request.iid, head: request.sha, url: request.web_url };
      }
      return undefined;
    },
    async readPlan({ number }, job, path) {
      const [pipeline] = await apiRequest<{ id: number }[]>(api, "GET", `${base}/merge_requests/${number}/pipelines?per_page=1`);
      if (pipeline === undefined) return undefined;
      for await (const each of apiPages<{ id: number; name: string; status: string }>(api, `${base}/pipelines/${pipeline.id}/jobs`)) {
        if (each.name !== job || each.status !== "success") continue;
        try {
          return await apiFile(api, `${base}/jobs/${each.id}/artifacts/${path.split("/").map(encodeURIComponent).join("/")}`);
        } catch (error) {
          if (error instanceof ApiError && error.status === 404) return undefined;
          throw error;
        }
      }
      return undefined;
    },
  };
}

function issueOf({ iid, description, web_url }: Issue): Post {
  return { id: iid, body: description ?? "", url: web_url };
}

/** A line such as `/merge` would be a command to GitLab, carried out for the owner of the token. */
function withoutQuickActions(body: string): string {
  return body.replace(/^([^\S\n]*)\//gm, "$1\\/");
}

function remedy(status: number): string {
  if (status === 401)
    return "The token is not valid: VIRTFORM_CI_TOKEN must be an access token that has not expired (CI_JOB_TOKEN is not enough).";
  if (status === 403 || status === 404) {
    return "The token may not do this: VIRTFORM_CI_TOKEN needs the scope `api` and at least the role Reporter; a variable that is protected exists only on protected branches.";
  }
  return "See the documentation of the REST API of GitLab for this request.";
}
