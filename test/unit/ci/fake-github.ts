import type { TestContext } from "node:test";
import { type FakeApi, startFakeApi } from "./fake-api.ts";

/** A comment or issue as GitHub keeps it. */
export interface Entry {
  id: number;
  number: number;
  body: string;
  title?: string;
  state: string;
  html_url: string;
  user: { login: string; type: string };
  pull_request?: object;
}

/** The repository acme/site with pull request 7. */
export interface FakeGitHub extends FakeApi {
  readonly comments: Entry[];
  readonly issues: Entry[];
  /** What people and bots wrote on issues, by number. */
  readonly remarks: Record<number, string[]>;
  readonly pulls: object[];
  readonly artifacts: object[];
}

/** The commit that its pull request was merged as. */
export const merged = "b".repeat(40);

/** What GitHub sets for the jobs of its repository. */
export function jobEnvironment({ url }: FakeGitHub): Record<string, string> {
  return {
    GITHUB_ACTIONS: "true",
    GITHUB_API_URL: url,
    GITHUB_SERVER_URL: "https://github.example",
    GITHUB_REPOSITORY: "acme/site",
    GITHUB_RUN_ID: "42",
    GITHUB_SHA: merged,
    GITHUB_REF_NAME: "main",
  };
}

const bot = { login: "github-actions[bot]", type: "Bot" };

/** Starts it. The token belongs to a workflow, unless a login is given. */
export async function startFakeGitHub(t: TestContext, login?: string): Promise<FakeGitHub> {
  const comments: Entry[] = [];
  const issues: Entry[] = [];
  const remarks: Record<number, string[]> = {};
  const pulls: object[] = [];
  const artifacts: object[] = [];
  let last = 1000;
  const add = (list: Entry[], body: Record<string, unknown>) => {
    last++;
    const user = login === undefined ? bot : { login, type: "User" };
    const entry = {
      id: last,
      number: last,
      state: "open",
      html_url: `https://github.example/${last}`,
      user,
      ...(body as { body: string }),
    };
    list.push(entry);
    return entry;
  };
  const api = await startFakeApi(t, ({ method, path, body, query }) => {
    const local = path.replace("/repos/acme/site", "");
    if (path === "/user") return login === undefined ? undefined : { login };
    if (local === "/issues/7/comments") return method === "POST" ? add(comments, body) : comments;
    if (local === "/issues") return method === "POST" ? add(issues, body) : issues.filter(({ state }) => state === query.get("state"));
    const comment = /^\/issues\/comments\/(\d+)$/.exec(local)?.[1];
    if (comment !== undefined) return change(comments, Number(comment), body);
    const issue = /^\/issues\/(\d+)$/.exec(local)?.[1];
    if (issue !== undefined) return change(issues, Number(issue), body);
    const remark = /^\/issues\/(\d+)\/comments$/.exec(local)?.[1];
    if (remark !== undefined) {
      remarks[Number(remark)] = [...(remarks[Number(remark)] ?? []), String(body["body"])];
      return {};
    }
    if (/^\/commits\/[0-9a-f]+\/pulls$/.test(local)) return pulls;
    if (local === "/actions/artifacts")
      return { artifacts: artifacts.filter((each) => (each as { name: string }).name === query.get("name")) };
    return undefined;
  });
  // A token of a workflow has no user.
  if (login === undefined) {
    for (let count = 0; count < 20; count++) {
      api.faults.push({ match: "GET /user", fault: { status: 403, message: "Resource not accessible by integration" } });
    }
  }
  return { ...api, comments, issues, remarks, pulls, artifacts };
}

function change(list: Entry[], id: number, body: Record<string, unknown>): Entry | undefined {
  const entry = list.find((each) => each.id === id);
  return entry === undefined ? undefined : Object.assign(entry, body);
}
