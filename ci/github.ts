import { type Api, ApiError, apiCreate, apiPages, apiRequest } from "./api.ts";
import type { Forge, MergedChange, Post } from "./forge.ts";

/** Where GitHub is, and the repository. */
export interface GitHubSettings {
  /** Without a slash at its end, such as https://api.github.com. */
  readonly url: string;
  /** OWNER/NAME. */
  readonly repository: string;
  readonly token: string;
  readonly timeout?: number;
  readonly pause?: number;
}

/** Where a saved plan of an earlier run is. */
export interface PlanArtifact {
  readonly name: string;
  readonly run: number;
}

/** GitHub as a Forge, and the artifacts of its workflows. */
export interface GitHub extends Forge {
  /** The newest artifact of this name that a run for the head of the change left; undefined without one, or when it has expired. */
  findPlan(change: MergedChange, name: string): Promise<PlanArtifact | undefined>;
}

interface Entry {
  readonly id: number;
  readonly number: number;
  readonly body: string | null;
  readonly html_url: string;
  readonly user: { readonly login: string; readonly type: string } | null;
  readonly pull_request?: object;
}

interface Pull {
  readonly number: number;
  readonly html_url: string;
  readonly merged_at: string | null;
  readonly merge_commit_sha: string | null;
  readonly head: { readonly sha: string };
  readonly base: { readonly ref: string };
}

interface Artifact {
  readonly expired: boolean;
  readonly created_at: string;
  readonly workflow_run: {
    readonly id: number;
    readonly head_sha: string;
    readonly repository_id: number;
    readonly head_repository_id: number;
  } | null;
}

/** Talks to the REST API of GitHub. */
export function github({ url, repository, token, ...limits }: GitHubSettings): GitHub {
  const api: Api = {
    url,
    headers: { accept: "application/vnd.github+json", authorization: `Bearer ${token}`, "x-github-api-version": "2022-11-28" },
    remedy,
    ...limits,
  };
  const base = `/repos/${repository.split("/").map(encodeURIComponent).join("/")}`;
  let own: Promise<(entry: Entry) => boolean> | undefined;
  const isOwn = () => {
    own ??= ownEntries(api);
    return own;
  };

  async function findComment(change: number, marker: string): Promise<Post | undefined> {
    const mine = await isOwn();
    for await (const entry of apiPages<Entry>(api, `${base}/issues/${change}/comments`)) {
      if (mine(entry) && startsWith(entry, marker)) return commentOf(entry);
    }
    return undefined;
  }

  async function findIssues(marker: string): Promise<Post[]> {
    const mine = await isOwn();
    const found: Post[] = [];
    // Each check updates its issue, so it is among the first however many others are open.
    for await (const entry of apiPages<Entry>(api, `${base}/issues?state=open&sort=updated&direction=desc`, 5)) {
      if (entry.pull_request === undefined && mine(entry) && startsWith(entry, marker)) found.push(issueOf(entry));
    }
    return found.sort((a, b) => a.id - b.id);
  }

  return {
    longestBody: 65_536,
    findComment,
    findIssues,
    createComment: (change, marker, body) =>
      apiCreate(api, `${base}/issues/${change}/comments`, { body }, async () => {
        const found = await findComment(change, marker);
        return found === undefined ? undefined : entryOf(found);
      }).then(commentOf),
    updateComment: async (_change, { id }, body) =>
      commentOf(await apiRequest<Entry>(api, "PATCH", `${base}/issues/comments/${id}`, { body })),
    createIssue: (marker, title, body) =>
      apiCreate(api, `${base}/issues`, { title, body }, async () => {
        const [found] = await findIssues(marker);
        return found === undefined ? undefined : entryOf(found);
      }).then(issueOf),
    updateIssue: async ({ id }, title, body) => issueOf(await apiRequest<Entry>(api, "PATCH", `${base}/issues/${id}`, { title, body })),
    async closeIssue({ id }, comment) {
      await apiRequest(api, "PATCH", `${base}/issues/${id}`, { state: "closed", state_reason: "completed" });
      await apiCreate<object>(api, `${base}/issues/${id}/comments`, { body: comment }, async () => undefined);
    },
    async findMergedChange(commit, branch) {
      for await (const pull of apiPages<Pull>(api, `${base}/commits/${commit}/pulls`)) {
        // A commit also belongs to pull requests that passed it on, or that were merged to another branch.
        if (pull.merged_at !== null && pull.merge_commit_sha === commit && pull.base.ref === branch) {
          return { number: pull.number, head: pull.head.sha, url: pull.html_url };
        }
      }
      return undefined;
    },
    async findPlan({ head }, name) {
      const { artifacts } = await apiRequest<{ artifacts: Artifact[] }>(
        api,
        "GET",
        `${base}/actions/artifacts?name=${encodeURIComponent(name)}&per_page=100`,
      );
      const [newest] = artifacts
        .filter(({ expired }) => !expired)
        .flatMap(({ workflow_run: run, created_at }) => (run === null ? [] : [{ run, created_at }]))
        // A fork can upload what it likes under this name; the head of the change is what was reviewed.
        .filter(({ run }) => run.head_sha === head && run.head_repository_id === run.repository_id)
        .sort((a, b) => b.created_at.localeCompare(a.created_at));
      return newest === undefined ? undefined : { name, run: newest.run.id };
    },
  };
}

/** The token of a workflow belongs to no user: what it writes is by a bot. A token of a user may only change what that user wrote. */
async function ownEntries(api: Api): Promise<(entry: Entry) => boolean> {
  try {
    const { login } = await apiRequest<{ login: string }>(api, "GET", "/user");
    return ({ user }) => user?.login === login;
  } catch (error) {
    if (error instanceof ApiError && error.status === 403 && error.retryAfter === undefined) return ({ user }) => user?.type === "Bot";
    throw error;
  }
}

function startsWith({ body }: Entry, marker: string): boolean {
  return body?.startsWith(marker) ?? false;
}

function commentOf({ id, body, html_url }: Entry): Post {
  return { id, body: body ?? "", url: html_url };
}

function issueOf({ number, body, html_url }: Entry): Post {
  return { id: number, body: body ?? "", url: html_url };
}

/** A found post as the API would have answered its creation. */
function entryOf({ id, body, url }: Post): Entry {
  return { id, number: id, body, html_url: url, user: null };
}

function remedy(status: number, method: string, path: string): string {
  if (status === 401) return "The token is not valid: pass `token: ${{ github.token }}`, or a token that has not expired.";
  if (status === 404 && method === "GET") return "It does not exist, or the token may not read it: see the permissions in docs/ci.md.";
  if (status === 403 || status === 404) {
    const needed = path.includes("/actions/")
      ? "actions: read"
      : /\/issues(\/\d+)?$/.test(path)
        ? "issues: write"
        : path.includes("/commits/")
          ? "pull-requests: read"
          : "pull-requests: write";
    return `The token may not do this: give the job \`permissions: ${needed}\`. Pull requests from forks always get a token that can only read.`;
  }
  return "See the documentation of the REST API of GitHub for this request.";
}
