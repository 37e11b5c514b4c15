import type { Forge, Post } from "./forge.ts";

/** What a check for drift found. */
export interface Drift {
  readonly marker: string;
  readonly title: string;
  /** The report; undefined when nothing drifted. */
  readonly body: string | undefined;
  /** Where the check ran, for the comment that closes the issue. */
  readonly run: string;
}

/** Keeps exactly one issue open while there is drift, and none without. Returns the open one. */
export async function keepIssue(forge: Forge, { marker, title, body, run }: Drift): Promise<Post | undefined> {
  const [first, ...others] = await forge.findIssues(marker);
  if (body === undefined) {
    for (const issue of first === undefined ? [] : [first, ...others]) await forge.closeIssue(issue, `No more drift: ${run}`);
    return undefined;
  }
  // Two checks at the same time can have opened one each.
  for (const issue of others) await forge.closeIssue(issue, `Continued in ${first?.url}.`);
  return first === undefined ? forge.createIssue(marker, title, body) : forge.updateIssue(first, title, body);
}
